"""`kubectl lepton render` prints what the operator then really sends, and no secret.

The operator runs each manifest against lepton-sim; render is given the same manifest, with the uid that the object got and the operator's
install id. What lepton-sim received must be what render printed, but for what only the workspace knows, and secrets.  ~20 s.
"""
import json
import re
import subprocess

import at_once
import yaml

from harness import BIN, ROOT, Case, existing, invocation, nim

SECRETS = ["NGC_API_KEY", "HF_TOKEN", "LLM_API_KEY"]
HIDDEN = "***"
LITERALS = {"deployment": "lit-hf-0123456789", "flag": "lit-flag-0123456789", "token": "lit-token-0123456789", "judge": "lit-judge-0123456789",
            "shell": "lit-shell-0123456789", "url": "lit-user:lit-pass", "short": "s3c"}
VLLM = {"type": "vllm", "image": "vllm/vllm-openai:v0.9.2", "servedModelName": "m", "checkpointPath": "/models/m", "resourceShape": "gpu.1xh200",
        "extraArgs": ["--max-model-len=8192", "--api-key", LITERALS["flag"]], "preCommand": f"export HF_TOKEN={LITERALS['shell']}; echo ready",
        "apiTokens": [{"value": LITERALS["token"]}], "envs": [{"name": "HF_TOKEN", "value": LITERALS["deployment"]}, {"name": "DB_PASSWORD", "value": LITERALS["short"]}]}
JUDGED = {"config": {"params": {"max_new_tokens": 64, "extra": {"judge": {"api_key": LITERALS["judge"], "api_key_name": "JUDGE_KEY",
                                                                  "url": f"https://{LITERALS['url']}@judge.example/v1"}}}}}
DEFAULTS = {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default"},
            "spec": {"defaults": {"deployment": {"nodeGroup": "h200-eu"}, "execution": {"nodeGroup": "cpu-eu", "timeout": "2h"}}}}
CARRIED = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"hf": "k8s-secret-0123456789"}}


def manifests():
    """name -> text, names as the objects have them."""
    found = {f"example-{file.stem}": file.read_text() for file in sorted((ROOT / "examples").glob("*.yaml"))}
    found["secrets"] = invocation("secrets", VLLM, tasks=[{"name": "gpqa_diamond", "config": JUDGED}, "hellaswag"])
    found["defaults"] = yaml.safe_dump(DEFAULTS) + "---\n" + nim("defaults", tasks=["hellaswag"])
    found["carried"] = yaml.safe_dump(CARRIED) + "---\n" + nim("carried", tasks=["hellaswag"], deployment={
        "envs": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "hf"}}}]})
    found["groups"] = existing("groups", tasks=["gpqa_diamond"], execution={"nodeGroup": "cpu-eu"})
    return found


def name_in(text):
    return next(d["metadata"]["name"] for d in yaml.safe_load_all(text) if d["kind"] == "Invocation")


def identity(path, body):
    """What a request is about, without its order among its like."""
    return path, (body[0]["name"] if isinstance(body, list) else body["metadata"]["name"])


def hidden(value, name=""):
    """A request's body as render shows it: literal secrets, tokens and secrets' values are ***."""
    if isinstance(value, dict):
        return {key: HIDDEN if key == "value" and re.search(r"(TOKEN|KEY|PASSWORD)$", value.get("name", "")) else hidden(item, key)
                for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(item) for item in value]
    if isinstance(value, str):
        for literal in sorted(LITERALS.values(), key=len, reverse=True):
            if literal != LITERALS["short"]:
                value = value.replace(literal, HIDDEN)
    return value


def stand_ins(body, urls, groups):
    text = json.dumps(body)
    for url, name in urls.items():
        text = text.replace(url, f"https://{name}.invalid")
    for group in groups:
        text = re.sub(rf'"{group}-[0-9a-f]{{8}}"', f'"<id of {group}>"', text)
    if ".invalid" in text or "<id of " in text:
        text = re.sub(r'(spec-hash(?:": "|=))[0-9a-f]{16}', r"\1<hash>", text)
    return json.loads(text)


def unquoted(body):
    """YAML within a script quotes *** where it did not have to quote the secret."""
    return json.loads(json.dumps(body).replace('\\"***\\"', HIDDEN))


class Render(Case):
    maxDiff = 4000

    def rendered(self, world, file, *flags):
        done = subprocess.run([BIN / "kubectl-lepton", "render", "-f", file, "--output", "json", *flags], text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)["requests"]

    def sent(self, world):
        dump = world.simulator.dump()
        urls = {}
        for deployment in dump["deployments"] + dump["deleted_deployments"]:
            url = deployment["status"]["endpoint"]["external_endpoint"]
            urls[url.rstrip("/")] = deployment["name"]
        self.assertNotIn("", urls)
        made = {}
        for request in world.simulator.requests("POST", r"/(deployments|endpoints|jobs|usersecrets)"):
            body = request["body"] if isinstance(request["body"], (dict, list)) else json.loads(request["body"])
            if request["below"] == "/usersecrets":
                body = [{**secret, "value": HIDDEN} for secret in body]
            for token in body["spec"].get("api_tokens", []) if isinstance(body, dict) else []:
                token["value"] = HIDDEN
            made[identity(request["below"], body)] = stand_ins(hidden(body), urls, ["h200-eu", "cpu-eu"])
        return made

    def compare(self, family):
        for label, text in manifests().items():
            with self.subTest(label, family=family):
                world = self.world("--ready-delay", "100ms", "--start-delay", "20ms", "--run-delay", "100ms", "--api-family", family)
                world.simulator.make_secrets(SECRETS)
                before = len(world.simulator.requests("POST", "/usersecrets"))
                world.start("--poll-interval", "300ms")
                world.apply(text)
                name = name_in(text)
                world.until_phase("Succeeded", name)
                sent = self.sent(world)
                for made in world.simulator.requests("POST", "/usersecrets")[:before]:
                    for secret in json.loads(made["body"]) if isinstance(made["body"], str) else made["body"]:
                        sent.pop(("/usersecrets", secret["name"]), None)
                uid = world.object(name)["metadata"]["uid"]
                install = (world.state / "install-id").read_text().strip()
                printed = self.rendered(world, world.manifests / "run.yaml", "--uid", uid, "--install-id", install, "--api-family", family)
                shown = {identity(r["path"], r["body"]): r["body"] for r in printed}
                self.assertEqual(sorted(shown), sorted(sent))
                for key, body in shown.items():
                    self.assertEqual(unquoted(body), unquoted(sent[key]), key)
                self.assertGreaterEqual(len(sent), 1)
                self.assertEqual(len(printed), len(sent), "nothing twice")
                # Given the object itself, with uid and status, it needs no flag to come to the same.
                state = world.state / "default" / f"{name}.yaml"
                if label not in ("defaults",):
                    again = self.rendered(world, state, "--install-id", install, "--api-family", family)
                    self.assertEqual(again, printed)

    def test_the_operator_sends_what_render_prints(self):
        self.compare("deployments")

    def test_so_it_does_to_the_other_api_family(self):
        self.compare("endpoints")

    def test_no_literal_secret_is_printed(self):
        world = self.world()
        text = manifests()["secrets"]
        world.apply(text)
        for flags in ([], ["--output", "json"]):
            done = subprocess.run([BIN / "kubectl-lepton", "render", "-f", world.manifests / "run.yaml", *flags], text=True, capture_output=True, check=True)
            shown = [key for key, literal in LITERALS.items() if literal in done.stdout]
            self.assertEqual(shown, [])
            for kept in ("max_new_tokens: 64", "api_key_name: JUDGE_KEY"):
                self.assertTrue(kept in done.stdout, kept)

    def test_neither_cluster_nor_credentials_are_needed_and_nothing_is_asked(self):
        file = ROOT / "examples" / "nim.yaml"
        done = subprocess.run([BIN / "kubectl-lepton", "render", "-f", file], text=True, capture_output=True, env={"HOME": "/nonexistent"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("# POST /deployments"), 3)
        self.assertEqual(done.stdout.count("# POST /jobs"), 3)
        self.assertTrue("\n      op_evaluate() {\n" in done.stdout, "the script is readable")

    def test_manifests_come_from_standard_input_too_and_go_into_the_namespace_that_is_asked_for(self):
        done = subprocess.run([BIN / "kubectl-lepton", "render", "-f", "-", "-n", "team", "-o", "metadata.name=other", "deployment.port=9000"],
                              input=nim(), text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for line in ("# team/other: ", "lepton-operator.namespace: team", "container_port: 9000"):
            self.assertTrue(line in done.stdout, line)

    def test_what_would_not_run_is_told_with_where_and_what_to_do(self):
        world = self.world()
        file = world.manifests / "run.yaml"
        for text, flags, sentence in [
                (nim(tasks=["gpqa_diamnd"]), [], "gpqa_diamond"),
                (nim(), ["deployment.imge=x"], "did you mean deployment.image?"),
                (nim(), ["deployment.port=0"], "spec.deployment.port: must be a whole number"),
                (nim(deployment={"resourceShape": None}), [], "spec.deployment.resourceShape"),
                ("kind: Invocation\n  bad: [", [], "run.yaml:2"),
                (nim().replace("Invocation", "Invocatoin"), [], "did you mean Invocation?"),
                (nim() + "---\n" + nim(), [], "stands at"),
                (yaml.safe_dump(DEFAULTS), ["deployment.port=1"], "no Invocation in the files"),
                (yaml.safe_dump(DEFAULTS), [], "no Invocation"),
                (nim(namespace="team"), ["-n", "other"], "is of the namespace team, not of other"),
                (nim(), ["-f", "/nonexistent/x.yaml"], "/nonexistent/x.yaml"),
                ("", [], "no manifest")]:
            with self.subTest(sentence):
                world.apply(text)
                done = subprocess.run([BIN / "kubectl-lepton", "render", "-f", file, *flags], text=True, capture_output=True)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(sentence, done.stderr)


if __name__ == "__main__":
    at_once.main()
