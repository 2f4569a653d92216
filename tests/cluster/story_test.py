"""What a person sees who uses kubectl, from `apply` to nothing left (issue "Kubernetes", Must show 1)."""
import re

from harness import ROOT, TASKS, TOKEN, Case, everything, hits, left, main, nim, wait

NAME = "llama-3-1-8b-nim"


class Story(Case):
    def rows(self, text):
        """A table of kubectl as dictionaries; columns are where their headings begin."""
        head, *lines = text.rstrip("\n").splitlines()
        starts = [m.start() for m in re.finditer(r"\S+", head)] + [None]
        columns = [head[a:b].strip() for a, b in zip(starts, starts[1:])]
        return columns, [{c: line[a:b].strip() for c, a, b in zip(columns, starts, starts[1:])} for line in lines]

    def test_the_example_from_apply_to_nothing_left(self):
        world = self.world("story", "--ready-delay", "2s", "--run-delay", "2s", "--token-expires-in", "3h")
        world.add_lepton_secrets("NGC_API_KEY", "HF_TOKEN")
        world.add_workspace()
        world.start()
        world.kubectl("wait", "--for=condition=Ready", "workspace/default", "--timeout=30s")

        world.kubectl("apply", "-f", ROOT / "examples" / "nim.yaml")
        world.until_phase("Deploying", NAME)
        columns, [row] = self.rows(world.kubectl("get", "inv"))
        self.assertEqual(columns, ["NAME", "PHASE", "TYPE", "ENDPOINTS", "TASKS", "AGE"])
        self.assertEqual((row["NAME"], row["TYPE"], row["TASKS"]), (NAME, "nim", "0/3"))
        self.assertRegex(row["ENDPOINTS"], r"^[0-3]/3$")
        world.until_running(NAME)
        self.assertEqual(self.rows(world.kubectl("get", "inv"))[1][0]["ENDPOINTS"], "3/3")
        self.assertEqual(world.kubectl("apply", "-f", ROOT / "examples" / "nim.yaml").strip(), f"invocation.lepton.dev/{NAME} unchanged")

        world.kubectl("wait", "--for=condition=Complete", f"inv/{NAME}", "--timeout=60s")
        columns, [row] = self.rows(world.kubectl("get", "inv", "-o", "wide"))
        self.assertEqual(columns, ["NAME", "PHASE", "TYPE", "ENDPOINTS", "TASKS", "AGE", "WORKSPACE", "ID", "MESSAGE"])
        identity = world.status(NAME)["invocationId"]
        self.assertEqual((row["PHASE"], row["TASKS"], row["WORKSPACE"], row["ID"]), ("Succeeded", "3/3", "default", identity))
        self.assertIn(NAME, world.kubectl("get", "lepton"), "the category")
        self.assertIn("default", world.kubectl("get", "lws"))
        self.assertEqual(world.object(NAME)["status"]["observedGeneration"], world.object(NAME)["metadata"]["generation"])

        # Events are sent without hurry.
        story = world.until("the whole story is told", lambda: self.told(world), 15)
        described = world.kubectl("describe", "inv", NAME)
        for word in ["Conditions:", "Complete", "gpqa_diamond", "hellaswag", "winogrande", "Events:"]:
            self.assertIn(word, described)
        told_by_describe = described[described.index("Events:"):]
        for reason, _ in story:
            self.assertIn(reason, told_by_describe)
        self.a_token_about_to_expire_is_told_of(world)
        self.no_secret_is_told(world)

        self.assertTrue(all(left(world.simulator.dump())[kind] for kind in ("jobs", "storage")), "something is there, or its absence proves nothing")
        world.kubectl("delete", "inv", NAME, "--timeout=60s")
        dump = self.assert_nothing_left_but(world, {"NGC_API_KEY", "HF_TOKEN"})
        self.assert_nothing_twice(dump)

    def a_token_about_to_expire_is_told_of(self, world):
        world.kubectl("wait", "--for=condition=TokenExpiring", "workspace/default", "--timeout=10s")
        world.until("it is an event, too", lambda: "TokenExpiring" in world.kubectl("events", "--for", "workspace/default"), 15)
        self.assertIn("ExpiresWithin1Day", world.kubectl("describe", "workspace", "default"))
        metric = world.operators[-1].page("metrics")
        self.assertRegex(metric, r'lepton_workspace_token_expires_timestamp_seconds\{namespace="[^"]+",workspace="default"\} \d+')

    def no_secret_is_told(self, world):
        secrets = {"workspace token": TOKEN}
        secrets |= {f"token of {d['name']}": t["value"] for d in everything(world.simulator.dump(), "deployments") for t in d["spec"]["api_tokens"]}
        self.assertEqual(len(secrets), 4)
        told = {what: {world.kubectl("get", what, "-o", "yaml")} for what in ("events", "invocations", "workspaces", "leases")}
        told |= {"log": {world.operators[-1].text()}, "metrics": {world.operators[-1].page("metrics")}}
        self.assertEqual(hits(told, secrets), [])
    def test_its_time_to_live_deletes_it_and_keeps_the_results(self):
        world = self.world("ttl", "--ready-delay", "300ms", "--run-delay", "300ms")
        world.add_workspace()
        world.start("--poll-interval", "500ms", "--poll-interval-idle", "1s")
        world.apply(nim(tasks=["hellaswag"], ttlSecondsAfterFinished=3))
        directory = world.until_phase("Succeeded")["storage"]["path"]
        world.until("it deletes itself", lambda: world.object() is None, 30)
        rest = left(world.simulator.dump())
        self.assertEqual((rest["deployments"], rest["jobs"], rest["secrets"]), ([], [], []))
        self.assertTrue(any(directory in path for path in rest["storage"]), rest["storage"])

    def told(self, world):
        """(reason, note) of all events once they tell of every endpoint and job, and of the end."""
        _, rows = self.rows(world.kubectl("events", "--for", f"invocation/{NAME}"))
        story = [(row["REASON"], row["MESSAGE"]) for row in rows]
        steps = [(reason, task) for reason in ("EndpointReady", "JobCreated", "TaskSucceeded") for task in TASKS]
        told = [any(reason == r and task in note for r, note in story) for reason, task in steps]
        return story if all(told) and any(reason == "Succeeded" for reason, _ in story) else None

    def assert_nothing_left_but(self, world, secrets):
        dump = world.simulator.dump()
        rest = left(dump)
        self.assertEqual(set(rest.pop("secrets")), secrets)
        self.assertEqual(rest, {"deployments": [], "jobs": [], "storage": []})
        return dump

    def test_what_happens_again_is_counted_and_not_told_again(self):
        world = self.world("again", "--ready-delay", "500ms", "--run-delay", "10m")
        world.add_workspace()
        world.start("--poll-interval", "500ms", "--poll-interval-idle", "1s")
        world.apply(nim(tasks=["hellaswag"]))
        world.until_running()
        endpoint = world.status()["tasks"][0]["endpoint"]["name"]
        def started_again():
            return len(world.simulator.requests("PATCH", f"/deployments/{endpoint}"))

        for _ in range(2):
            before = started_again()
            world.simulator.call("set", {"deployment": endpoint, "state": "Stopped"})
            world.until("it is started again", lambda: started_again() > before)
            world.simulator.call("set", {"deployment": endpoint, "state": "Ready"})  # what is set by hand stays, otherwise
            world.until("it is Ready again", lambda: world.status()["tasks"][0]["endpoint"]["state"] == "Ready")

        def told():
            rows = self.rows(world.kubectl("events", "--for", "invocation/run"))[1]
            return [row for row in rows if row["REASON"] == "EndpointDown"]

        world.until("both are told", lambda: "x2 over" in str(told()), 15)
        self.assertEqual(len(told()), 1)
        world.kubectl("delete", "inv", "run", "--timeout=60s")
        self.assert_nothing_left(world)

    def test_explain_teaches(self):
        def explained():  # a new kind is in the API server's OpenAPI some seconds later
            done = self.cluster.kubectl("explain", "invocation.spec.deployment", check=False)
            return done.returncode == 0 and done.stdout

        text = wait("the kind is explained", explained)
        self.assertNotIn("<empty>", text)
        self.assertRegex(text, r"DESCRIPTION:\s+\S+.{20}")
        missing = []
        for kind in ("invocations", "workspaces"):
            crd = self.cluster.api("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind}.lepton.dev")
            schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
            for part in ("spec", "status"):
                missing += self.undescribed(schema[part], f"{kind}.{part}")
        self.assertEqual(missing, [])

    def undescribed(self, schema, path):
        found = [] if schema.get("description") else [path]
        for name, below in schema.get("properties", {}).items():
            found += self.undescribed(below, f"{path}.{name}")
        items = schema.get("items", {})
        for name, below in items.get("properties", {}).items():
            found += self.undescribed(below, f"{path}[].{name}")
        return found


if __name__ == "__main__":
    main()
