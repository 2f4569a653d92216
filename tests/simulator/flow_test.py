"""The main job: manifest to results to nothing left (issue "The main job", Must show 2 and 4)."""
import at_once
from harness import DIRECTORY, TASKS, Case, at, existing, everything, invocation, left, nim, twice

VLLM = {"type": "vllm", "image": "vllm/vllm-openai:v0.9.2", "servedModelName": "meta/llama-3.1-8b-instruct",
        "checkpointPath": "meta-llama/Llama-3.1-8B-Instruct", "resourceShape": "gpu.1xh200"}
SGLANG = {**VLLM, "type": "sglang", "image": "lmsysorg/sglang:v0.4.9"}
PREFIX = "lepton-operator."


class Flow(Case):
    def run_to_the_end(self, manifest, *simulator_flags):
        world = self.world("--ready-delay", "1s", "--run-delay", "1s", *simulator_flags)
        world.start()
        world.apply(manifest)
        world.until_phase("Succeeded")
        before = world.simulator.dump()
        self.assertTrue(left(before)["storage"], "jobs left files, or that none are left at the end would prove nothing")
        world.remove()
        world.until_gone()
        return world, before, self.assert_nothing_left(world)

    def runs_and_leaves_its_results_and_then_nothing(self, manifest, endpoints=3):
        _, before, after = self.run_to_the_end(manifest)
        jobs = {j["metadata"]["labels"][PREFIX + "task"]: j for j in everything(after, "jobs") if j["metadata"]["labels"].get(PREFIX + "task")}
        self.assertEqual(sorted(jobs), sorted(TASKS))
        self.assertEqual(len(everything(after, "deployments")), endpoints)
        files = [p for paths in before["storage"].values() for p in paths]
        for task in TASKS:
            self.assertTrue(any(p.startswith(DIRECTORY) and p.endswith(f"/{task}/results.yml") for p in files), (task, files))

    def test_nim_runs_and_leaves_its_results_and_then_nothing(self):
        self.runs_and_leaves_its_results_and_then_nothing(nim())

    def test_vllm_runs_and_leaves_its_results_and_then_nothing(self):
        self.runs_and_leaves_its_results_and_then_nothing(invocation("run", VLLM))

    def test_sglang_runs_and_leaves_its_results_and_then_nothing(self):
        self.runs_and_leaves_its_results_and_then_nothing(invocation("run", SGLANG))

    def test_an_existing_endpoint_is_used_and_its_results_are_left_and_then_nothing(self):
        self.runs_and_leaves_its_results_and_then_nothing(existing(), endpoints=0)

    def storage_is_removed(self, mode, by_a_job):
        _, _, after = self.run_to_the_end(nim(tasks=["hellaswag"]), "--storage-api", mode)
        cleanup = [j for j in everything(after, "jobs") if not j["metadata"]["labels"].get(PREFIX + "task")]
        self.assertEqual(bool(cleanup), by_a_job, "a cleanup job only where the API cannot do it")

    def test_storage_is_removed_where_the_api_shows_its_volume_by_name(self):
        self.storage_is_removed("name", by_a_job=False)

    def test_storage_is_removed_where_the_api_shows_its_volume_literally(self):
        self.storage_is_removed("literal", by_a_job=False)

    def test_storage_is_removed_where_there_is_no_api(self):
        self.storage_is_removed("absent", by_a_job=True)

    def test_storage_is_removed_where_the_api_shows_another_volume(self):
        self.storage_is_removed("other-volume", by_a_job=True)

    def test_retain_keeps_the_directory(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "500ms")
        world.start()
        world.apply(nim(tasks=["hellaswag"], storage={"deletionPolicy": "Retain"}))
        world.until_phase("Succeeded")
        world.remove()
        world.until_gone()
        rest = left(world.simulator.dump())
        self.assertTrue(any(p.endswith("/hellaswag/results.yml") for p in rest.pop("storage")))
        self.assertEqual(rest, {"deployments": [], "jobs": [], "secrets": []})

    def test_owner_marks_and_results_path(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "500ms")
        world.start()
        world.apply(nim())
        status = world.until_phase("Succeeded")
        dump = world.simulator.dump()
        meta = world.object()["metadata"]
        for made in everything(dump, "deployments") + everything(dump, "jobs"):
            labels = made["metadata"]["labels"]
            self.assertEqual(labels[PREFIX + "uid"], meta["uid"])
            self.assertEqual((labels[PREFIX + "namespace"], labels[PREFIX + "name"]), ("default", "run"))
            self.assertTrue(labels[PREFIX + "install"] and labels[PREFIX + "spec-hash"])
            self.assertEqual(labels[PREFIX + "attempt"], "0")
            self.assertLessEqual(len(made["name"]), 36)
        files = [p for paths in dump["storage"].values() for p in paths]
        for task in TASKS:
            self.assertIn(f"{DIRECTORY}/{status['invocationId']}/{task}/results.yml", files)
        self.assertEqual((twice(dump, "deployments"), twice(dump, "jobs")), ({}, {}))

    def test_no_endpoint_is_open_and_no_token_stands_in_a_command(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "500ms")
        world.start()
        world.apply(nim())
        world.until_phase("Running")
        dump = world.simulator.dump()
        tokens = {t["value"] for d in everything(dump, "deployments") for t in d["spec"]["api_tokens"]}
        self.assertEqual(len(tokens), 1, "one token for the Invocation")
        token = tokens.pop()
        self.assertIn(token, [s["value"] for s in dump["secrets"]])
        for job in everything(dump, "jobs"):
            self.assertNotIn(token, str(job["spec"]))
            self.assertIn("API_KEY", [e["name"] for e in job["spec"]["envs"] if "value_from" in e])
        written = world.operator.text() + "".join(p.read_text() for p in world.state.rglob("*.yaml"))
        self.assertNotIn(token, written)


class Overhead(Case):
    """Times are measured: nothing else of this file runs then."""

    def created(self, world):
        return world.until("three jobs exist", lambda: len(world.simulator.dump()["jobs"]) == 3 and world.simulator.dump())

    def test_jobs_follow_ready_endpoints_within_two_and_a_half_seconds(self):
        ready = 3.0
        for attempt in range(3):
            with self.subTest(attempt):
                world = self.world("--ready-delay", f"{ready:.0f}s", "--run-delay", "2s")
                world.start()
                world.until("the operator is up", lambda: "install" in world.operator.text())
                appeared = world.apply(nim())
                dump = self.created(world)
                created = [at(j["created_at"]) for j in dump["jobs"]]
                posts = [at(r["at"]) for r in world.simulator.requests("POST", "/deployments")]
                readies = [at(d["ready_at"]) for d in dump["deployments"]]
                print(f"T={ready:.1f} s, jobs created {max(created) - appeared:.2f} s after the manifest", flush=True)
                self.assertLessEqual(max(created) - appeared, ready + 2.5)
                self.assertLess(max(posts), min(readies), "every endpoint is asked for before any is Ready")
                self.assertGreaterEqual(min(created), max(readies), "no job before the last endpoint is Ready")

    def test_jobs_of_an_existing_endpoint_come_within_half_a_second(self):
        world = self.world("--run-delay", "2s")
        world.start()
        world.until("the operator is up", lambda: "install" in world.operator.text())
        appeared = world.apply(existing())
        dump = self.created(world)
        took = max(at(j["created_at"]) for j in dump["jobs"]) - appeared
        print(f"type none: jobs created {took:.3f} s after the manifest", flush=True)
        self.assertLessEqual(took, 0.5)


if __name__ == "__main__":
    at_once.main(alone=lambda test: isinstance(test, Overhead))
