"""What goes wrong in a workspace, and what the operator makes of it: every end leaves nothing behind that costs a GPU."""
import os
import tempfile

import at_once
import yaml
from harness import OPENER, TASKS, Case, everything, nim, twice

QUICK = ["--ready-delay", "500ms", "--run-delay", "500ms"]


class Scenario(Case):
    def started(self, scenario=None, ready="500ms", run="500ms", **spec):
        world = self.world("--ready-delay", ready, "--run-delay", run, *self.scenario(scenario))
        world.start()
        world.apply(nim(**spec))
        return world

    def scenario(self, scenario):
        if not scenario:
            return []
        file = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False)
        self.addCleanup(os.unlink, file.name)
        with file:
            yaml.safe_dump(scenario, file)
        return ["--scenario", file.name]

    def delete_and_check(self, world):
        world.remove()
        world.until_gone()
        dump = self.assert_nothing_left(world)
        self.assertEqual((twice(dump, "deployments"), twice(dump, "jobs")), ({}, {}))

    def released(self, world):
        """GPUs are let go of without anybody deleting anything."""
        world.until("no endpoint is left", lambda: not world.simulator.dump()["deployments"])

    # --- endpoints

    def test_an_endpoint_in_error_ends_the_invocation_with_its_reason_and_frees_the_others(self):
        world = self.started({"rules": [{"match": "hellaswag", "kind": "endpoint", "outcome": "error", "reason": "CUDA out of memory"}]})
        status = world.until_phase("Failed")
        phases = {t["name"]: t["phase"] for t in status["tasks"]}
        self.assertEqual(phases, {"gpqa_diamond": "Cancelled", "hellaswag": "Failed", "winogrande": "Cancelled"})
        self.assertIn("CUDA out of memory", next(t["message"] for t in status["tasks"] if t["name"] == "hellaswag"))
        self.released(world)
        self.assertFalse(everything(world.simulator.dump(), "jobs"), "no job before the barrier")
        self.delete_and_check(world)

    def test_an_endpoint_that_is_never_ready_ends_at_its_readiness_timeout(self):
        rules = {"rules": [{"match": "winogrande", "kind": "endpoint", "outcome": "never-ready", "reason": "SystemError"}]}
        world = self.started(rules, deployment={"readinessTimeout": "4s"})
        status = world.until_phase("Failed")
        self.assertIn("was not ready after 4s", next(t["message"] for t in status["tasks"] if t["name"] == "winogrande"))
        self.released(world)
        self.delete_and_check(world)

    def test_an_endpoint_without_capacity_ends_at_its_queue_timeout_and_not_before(self):
        rules = {"rules": [{"match": "winogrande", "kind": "endpoint", "outcome": "no-capacity"}]}
        world = self.started(rules, deployment={"readinessTimeout": "3s", "queueTimeout": "20s"})
        world.until("it says what it waits for", lambda: world.condition("EndpointsReady").get("reason") == "NoCapacity")
        status = world.until_phase("Failed")
        self.assertIn("still waits for capacity after 20s", next(t["message"] for t in status["tasks"] if t["name"] == "winogrande"))
        self.released(world)
        self.delete_and_check(world)

    def test_a_flapping_endpoint_is_waited_for(self):
        world = self.started({"rules": [{"match": "winogrande", "kind": "endpoint", "outcome": "flapping"}]})
        world.until_phase("Succeeded", seconds=90)
        self.delete_and_check(world)

    def test_an_endpoint_stopped_or_deleted_by_hand_while_its_job_runs_is_put_back(self):
        world = self.started(run="12s")
        status = world.until("all tasks run", lambda: world.status().get("counts", {}).get("running") == 3 and world.status(), 40)
        names = {t["name"]: t["endpoint"]["name"] for t in status["tasks"]}
        world.simulator.call("delete", {"deployment": names["hellaswag"]})
        world.simulator.call("set", {"deployment": names["winogrande"], "state": "Stopped"})
        patched = world.until("the stopped one is started", lambda: world.simulator.requests("PATCH", f"/deployments/{names['winogrande']}"), 40)
        self.assertEqual(patched[0]["body"]["spec"]["resource_requirement"]["min_replicas"], 1)
        world.until("the deleted one is there again", lambda: names["hellaswag"] in [d["name"] for d in world.simulator.dump()["deployments"]], 40)
        world.until_phase("Succeeded", seconds=60)
        world.remove()
        world.until_gone()
        self.assert_nothing_left(world)

    # --- jobs

    def test_a_failed_job_does_not_stop_the_others(self):
        world = self.started({"rules": [{"match": "hellaswag", "kind": "job", "outcome": "fail", "exit-code": 65}]})
        status = world.until_phase("Failed")
        self.assertEqual({t["name"]: t["phase"] for t in status["tasks"]},
                         {"gpqa_diamond": "Succeeded", "hellaswag": "Failed", "winogrande": "Succeeded"})
        failed = world.condition("Failed")
        self.assertEqual((failed["status"], failed["reason"]), ("True", "TasksFailed"))
        self.assertIn("1 of 3", failed["message"])
        self.released(world)
        self.delete_and_check(world)

    def test_a_job_deleted_by_hand_counts_as_failed_and_says_so(self):
        world = self.started(run="30s")
        status = world.until("all jobs run", lambda: world.status().get("counts", {}).get("running") == 3 and world.status(), 40)
        job = next(t["job"]["id"] for t in status["tasks"] if t["name"] == "hellaswag")
        world.simulator.call("delete", {"job": job})
        message = world.until("its task failed", lambda: next((t["message"] for t in world.status()["tasks"] if t["phase"] == "Failed"), None), 40)
        self.assertIn("deleted by somebody else", message)
        self.delete_and_check(world)

    def test_deletion_in_mid_run_stops_everything(self):
        for moment, ready in [("Deploying", "60s"), ("Running", "1s")]:  # no deletion may slip past the barrier on a slow machine
            with self.subTest(moment):
                world = self.started(ready=ready, run="60s")
                world.until_phase(moment)
                self.delete_and_check(world)

    # --- inputs that need the workspace

    def test_node_groups_by_name_become_ids_and_an_unknown_one_is_named_with_those_that_exist(self):
        world = self.started(deployment={"nodeGroup": "h200-eu"}, execution={"nodeGroup": "cpu-eu"})
        world.until_phase("Succeeded")
        dump = world.simulator.dump()
        groups = {d["spec"]["resource_requirement"]["affinity"]["allowed_dedicated_node_groups"][0] for d in everything(dump, "deployments")}
        self.assertEqual(groups, {"h200-eu-a1b2c3d4"})
        self.assertEqual({j["spec"]["affinity"]["allowed_dedicated_node_groups"][0] for j in everything(dump, "jobs")}, {"cpu-eu-0f1e2d3c"})
        world.apply(nim("other", deployment={"nodeGroup": "h100-us"}), "other.yaml")
        refused = world.until("it is refused", lambda: world.condition("Accepted", "other").get("status") == "False" and world.condition("Accepted", "other"))
        self.assertEqual(refused["reason"], "UnknownNodeGroup")
        for word in ["h100-us", "h200-eu", "cpu-eu"]:
            self.assertIn(word, refused["message"])

    def test_values_of_secrets_reach_jobs_as_lepton_secrets_and_nothing_else(self):
        value = "hf-9d1be0c2-never-shown"
        env = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}
        world = self.world(*QUICK)
        world.start()
        world.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf"}, "stringData": {"token": value}}), "secret.yaml")
        world.apply(nim(execution={"envs": [env]}))
        world.until_phase("Succeeded")
        dump = world.simulator.dump()
        self.assertIn(value, [s["value"] for s in dump["secrets"]])
        for made in everything(dump, "jobs") + everything(dump, "deployments"):
            self.assertNotIn(value, str(made))
        for file in [p for p in world.state.rglob("*") if p.is_file()] + [world.operator.log]:
            self.assertNotIn(value, file.read_text(errors="replace"), file)
        self.delete_and_check(world)

    # --- a workspace that stumbles

    def test_errors_lost_replies_and_throttling_cost_time_and_nothing_else(self):
        faults = [{"method": "POST", "path": "/deployments", "status": 503, "times": 2, "after-commit": True},
                  {"method": "POST", "path": "/deployments", "status": 429, "times": 1, "retry-after": 1},
                  {"method": "DELETE", "path": "/deployments/*", "status": 503, "times": 2},
                  {"method": "GET", "path": "/jobs", "status": 500, "times": 2, "skip": 1},
                  {"method": "DELETE", "path": "/jobs/*", "status": 500, "times": 2, "after-commit": True},
                  {"method": "DELETE", "path": "/storage/*", "status": 503, "times": 1}]
        world = self.started({"faults": faults})
        world.until_phase("Succeeded", seconds=90)
        self.delete_and_check(world)

    def test_a_lost_reply_to_a_job_creation_makes_no_second_job(self):
        world = self.started({"faults": [{"method": "POST", "path": "/jobs", "status": 500, "times": 1, "after-commit": True}]})
        world.until_phase("Succeeded", seconds=90)
        self.assertEqual(len(everything(world.simulator.dump(), "jobs")), len(TASKS))
        self.delete_and_check(world)

    def test_a_token_revoked_under_way_pauses_and_resumes(self):
        world = self.started(ready="3s")
        world.until_phase("Deploying")
        # A look is refused: requests that create, which may still be on their way here, are refused without a word about the workspace.
        world.simulator.call("fault", {"method": "GET", "path": "/deployments", "status": 401, "times": 1})
        world.until("it says so", lambda: world.condition("WorkspaceReady").get("reason") == "Unauthorized")
        self.assertNotEqual(world.status()["phase"], "Failed")
        world.until_phase("Succeeded", seconds=150)
        self.delete_and_check(world)


class Observability(Case):
    def test_metrics_and_health(self):
        world = self.world(*QUICK)
        log = world.start()
        world.until("the ports are known", lambda: "health=" in log.text())
        line = log.text().splitlines()[0]
        address = {key: next(w for w in line.split() if w.startswith(key + "=")).split("=", 1)[1] for key in ("metrics", "health")}
        world.apply(nim())
        world.until_phase("Succeeded")

        def page():
            return OPENER.open(address["metrics"], timeout=5).read().decode()

        # Of what happens its state file has word first: nothing is told that is not durable.
        world.until("its end shows", lambda: 'lepton_invocation_status_phase{namespace="default",name="run",phase="Succeeded"} 1' in page(), 5)
        text = page()
        for series in ["lepton_invocations_finished_total", "lepton_endpoint_ready_seconds_count", 'lepton_workspace_up{namespace="default",workspace="default"} 1',
                       "controller_runtime_reconcile_total", "workqueue_depth"]:
            self.assertIn(series, text)
        self.assertEqual(OPENER.open(address["health"], timeout=5).status, 200)
        self.assertEqual(OPENER.open(address["health"].replace("healthz", "readyz"), timeout=5).status, 200)
        world.remove()
        world.until_gone()
        world.until("its series are gone", lambda: 'name="run"' not in page(), 5)
        self.assertEqual(log.stop(), 0)


if __name__ == "__main__":
    at_once.main()
