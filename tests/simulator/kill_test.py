"""`kill -9` once in each of 50 runs, at places where it hurts most, then a restart (issue "The main job", Must show 3).

A run's seed decides everything about it; LEPTON_OPERATOR_SEEDS=7,21 reruns those alone. Whether anything was made twice or is left is read
from the simulator's own dump, which remembers what was deleted too.
"""
import concurrent.futures
import os
import random
import time
import unittest

from harness import TASKS, WORKSPACE, TOKEN, World, everything, left, nim, twice

RUNS = 50
AT_ONCE = 12  # a run mostly waits
QUICK = ["--poll-interval", "500ms", "--poll-interval-idle", "2s"]
SLOW = """apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata: {name: default}
spec:
  credentialsSecretRef: {name: lepton}
  url: %s
  limits: {requestsPerSecond: 2, burst: 2}
---
apiVersion: v1
kind: Secret
metadata: {name: lepton}
stringData: {credentials: "%s:%s"}
"""


class Run:
    """One run. After it, `place` says where the kill really fell."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        self.kind = ["held", "intent", "any", "any", "held"][seed % 5]
        self.place = None

    def go(self):
        storage = self.random.choice(["name", "absent"])
        self.world = World("--ready-delay", "1s", "--run-delay", "2s", "--storage-api", storage, "--seed", str(self.seed))
        try:
            self.story()
            return None
        except Exception as failure:  # told with its seed; the others go on
            return f"{type(failure).__name__}: {failure}"
        finally:
            self.world.close()

    def story(self):
        getattr(self, self.kind)()
        if (self.world.manifests / "run.yaml").exists():
            self.world.until_phase("Succeeded", seconds=150)
            self.check_once()
            self.world.remove()
        self.world.until_gone(seconds=150)
        self.check_once()
        rest = left(self.world.simulator.dump())
        assert not any(rest.values()), f"left behind: {rest}"

    def check_once(self):
        dump = self.world.simulator.dump()
        made = {kind: {o["metadata"]["labels"].get("lepton-operator.task") for o in everything(dump, kind)} for kind in ("deployments", "jobs")}
        assert made["deployments"] >= set(TASKS) and made["jobs"] >= set(TASKS), f"something was never made: {made}"
        assert not twice(dump, "deployments") and not twice(dump, "jobs"), f"made twice: {twice(dump, 'deployments')} {twice(dump, 'jobs')}"

    def kill_and_restart(self):
        self.world.operator.kill()
        self.world.start(*QUICK)

    # --- between the receipt of a creating POST and its reply

    def held(self):
        kind = self.random.choice(["/deployments", "/jobs"])
        when = self.random.choice(["after", "after", "before"])
        self.world.simulator.call("hold", {"method": "POST", "path": kind, "nth": self.random.randint(1, 3), "when": when})
        self.world.start(*QUICK)
        self.world.apply(nim())
        self.world.until("a creating POST is held", lambda: self.world.simulator.call("held"))
        self.world.operator.kill()
        self.place = f"held {kind} {when} its commit"
        self.world.start(*QUICK)
        time.sleep(self.random.uniform(0, 4))  # the moment of a late commit is part of the case
        self.world.simulator.call("release", {})

    # --- between the written intent and the POST: the token bucket keeps the POST back, so looks must not empty it

    def intent(self):
        self.world.start()
        self.world.apply(SLOW % (self.world.simulator.url, WORKSPACE, TOKEN), "workspace.yaml")
        self.world.apply(nim())

        def intended():
            return sum(1 for task in self.world.status().get("tasks", []) if task.get("job", {}).get("name")) == len(TASKS)

        self.world.until("all jobs are intended", intended, 60)
        self.world.operator.kill()
        received = len(self.world.simulator.requests("POST", "/jobs"))
        self.place = f"intent, {len(TASKS) - received} POST not sent" if received < len(TASKS) else "any"
        self.world.apply((SLOW % (self.world.simulator.url, WORKSPACE, TOKEN)).replace("requestsPerSecond: 2, burst: 2", "requestsPerSecond: 20"),
                         "workspace.yaml")
        self.world.start()

    # --- anywhere, in its run or in its deletion

    def any(self):
        self.world.start(*QUICK)
        self.world.apply(nim())
        if self.random.random() < 0.5:
            self.world.until("it began", lambda: self.world.status().get("invocationId"))
            time.sleep(self.random.uniform(0, 5))  # a run takes about as long
            self.place = "any, running"
        else:
            self.world.until_phase("Succeeded", seconds=60)
            self.check_once()
            self.world.remove()
            self.world.until("its deletion began", lambda: self.world.status().get("phase") in ("Deleting", None))
            time.sleep(self.random.uniform(0, 1.5))
            self.place = "any, deleting"
        self.kill_and_restart()


class Kill(unittest.TestCase):
    def test_a_killed_operator_carries_on_and_makes_nothing_twice(self):
        chosen = os.environ.get("LEPTON_OPERATOR_SEEDS")
        seeds = [int(s) for s in chosen.split(",")] if chosen else list(range(1, RUNS + 1))
        runs = [Run(seed) for seed in seeds]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            failures = list(pool.map(Run.go, runs))
        for run, failure in zip(runs, failures):
            print(f"seed {run.seed:3}  {run.place}  {'FAILED' if failure else 'ok'}", flush=True)
        bad = [f"seed {run.seed} ({run.place}): {failure}" for run, failure in zip(runs, failures) if failure]
        self.assertFalse(bad, "\n" + "\n".join(bad))
        if not chosen:
            self.assertGreaterEqual(sum(1 for run in runs if run.place.startswith("held")), 15)
            self.assertGreaterEqual(sum(1 for run in runs if run.place.startswith("intent")), 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
