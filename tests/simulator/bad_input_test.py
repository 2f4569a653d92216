"""Bad input: one clear sentence with where and what to do, in log and status; the other manifests go on (Must show 5)."""
import time

import at_once
import yaml
from harness import TOKEN, WORKSPACE, Case, at, existing, invocation, nim

NO_CREDENTIALS = {"LEPTON_LOG_LEVEL": "info"}


def workspace(url, secret="lepton", id_=WORKSPACE, token=TOKEN, name="default", with_secret=True):
    documents = [{"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": name},
                  "spec": {"credentialsSecretRef": {"name": secret}, "url": url.replace(WORKSPACE, id_)}}]
    if with_secret:
        documents.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}, "stringData": {"credentials": f"{id_}:{token}"}})
    return yaml.safe_dump_all(documents)


class BadManifest(Case):
    """One good manifest beside each bad one: it must succeed all the same."""

    def refused(self, text, *words, file="bad.yaml", name="bad", in_status=True):
        world = self.world("--ready-delay", "500ms", "--run-delay", "500ms")
        world.start()
        world.apply(text, file)
        world.apply(nim("good", tasks=["hellaswag"]), "good.yaml")
        log = world.until("the log says what is wrong", lambda: next((l for l in world.operator.text().splitlines() if words[0] in l), None))
        for word in words:
            self.assertIn(word, log)
        if in_status:
            accepted = world.until("the status says so", lambda: world.condition("Accepted", name).get("status") == "False" and world.condition("Accepted", name))
            self.assertIn(words[0], accepted["message"])
        world.until_phase("Succeeded", "good")
        return world

    def test_a_broken_file_is_named_with_its_line(self):
        self.refused("apiVersion: lepton.dev/v1alpha1\nkind: Invocation\nmetadata: {name: bad\nspec: [\n", "bad.yaml:", in_status=False)

    def test_an_unknown_field_gets_the_near_one(self):
        self.refused(nim("bad").replace("servedModelName", "servedModellName"), "servedModellName: unknown field; did you mean servedModelName?", "bad.yaml:")

    def test_a_nim_without_image(self):
        self.refused("\n".join(l for l in nim("bad").splitlines() if "image:" not in l), "spec.deployment.image: a nim needs the image", "bad.yaml:")

    def test_a_none_without_target_url(self):
        self.refused("\n".join(l for l in existing("bad").splitlines() if "url:" not in l), "spec.target.url", "bad.yaml:")

    def test_two_tasks_of_one_name(self):
        self.refused(nim("bad", tasks=["hellaswag", "hellaswag"]), "spec.evaluation.tasks[1].name", "bad.yaml:")

    def test_an_unknown_task_lists_near_names(self):
        world = self.refused(nim("bad", tasks=["gpqa_dimond"]), "gpqa_dimond", "gpqa_diamond")
        self.assertEqual(world.condition("Accepted", "bad")["reason"], "UnknownTask")

    def test_a_policy_that_there_is_not_lists_those_that_there_are(self):
        self.refused(nim("bad", startPolicy="WhenReady"), "spec.startPolicy", "AllEndpointsReady, EachEndpointReady", "bad.yaml:")

    def test_an_absent_secret_of_an_env_names_secret_and_key(self):
        env = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}
        world = self.refused(nim("bad", execution={"envs": [env]}), "default/hf", "token")
        self.assertEqual(world.condition("Accepted", "bad")["reason"], "SecretMissing")
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf"}, "stringData": {"token": "hf-very-secret-value"}}
        world.apply(yaml.safe_dump(secret), "secret.yaml")
        world.until_phase("Succeeded", "bad")  # it appears, and all goes on
        self.assertNotIn("hf-very-secret-value", world.operator.text() + (world.state / "default" / "bad.yaml").read_text())


class BadWorkspace(Case):
    def world_with(self, text):
        world = self.world("--ready-delay", "500ms", "--run-delay", "500ms")
        world.start(**NO_CREDENTIALS)
        began = world.apply(text(world.simulator.url), "workspace.yaml")
        world.apply(nim(tasks=["hellaswag"]))
        return world, began

    def said(self, world, reason, *words):
        condition = world.until(f"WorkspaceReady is False, {reason}", lambda: world.condition("WorkspaceReady").get("reason") == reason and world.condition("WorkspaceReady"))
        for word in words:
            self.assertIn(word, condition["message"])
            self.assertIn(word, world.operator.text())
        self.assertFalse(world.simulator.requests("POST"), "nothing is created without a usable workspace")

    def mended(self, world):
        world.apply(workspace(world.simulator.url), "workspace.yaml")
        world.until_phase("Succeeded", seconds=90)

    def test_a_wrong_token_costs_at_most_twelve_requests_in_eight_seconds(self):
        world, began = self.world_with(lambda url: workspace(url, token="wrong-token-0"))
        for i in range(20):
            world.apply(nim(f"more-{i}", tasks=["hellaswag"]), f"more-{i}.yaml")
        self.said(world, "Unauthorized", "401")
        self.assertNotIn("wrong-token-0", world.operator.text())
        world.until("eight seconds passed", lambda: any(at(r["at"]) for r in world.simulator.requests()) and time.time() > began + 8)
        requests = [r for r in world.simulator.requests() if at(r["at"]) <= began + 8]
        print(f"wrong token: {len(requests)} requests in the first 8 s", flush=True)
        self.assertLessEqual(len(requests), 12)
        for i in range(20):
            world.remove(f"more-{i}.yaml")
        self.mended(world)

    def test_a_workspace_name_in_place_of_its_id(self):
        world, _ = self.world_with(lambda url: workspace(url, id_="my-team"))
        self.said(world, "NotFound", 'my-team', "workspace ID", "not its name")
        self.mended(world)

    def test_an_absent_secret_of_the_workspace(self):
        world, _ = self.world_with(lambda url: workspace(url, with_secret=False))
        self.said(world, "SecretMissing", "default/lepton")
        self.mended(world)

    def test_an_unreachable_workspace_pauses_and_says_so(self):
        world, _ = self.world_with(lambda url: workspace("http://127.0.0.1:9/api/v2/workspaces/" + WORKSPACE))
        self.said(world, "Unreachable", "127.0.0.1:9")
        self.mended(world)


if __name__ == "__main__":
    at_once.main()
