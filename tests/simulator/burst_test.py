"""Many manifests at once, and `kill -9` in the midst of their writes: what the operator told before it died stands in its state.

State is written on several threads at a time, so that a kill falls between any two steps of any of them.
"""
import re
import unittest

from harness import TOKEN, WORKSPACE, Case, existing

MANY, KILLS = 60, 5
QUICK = ("--start-delay", "100ms", "--run-delay", "500ms", "--delete-delay", "100ms")
TOLD = re.compile(r'msg="(manifest accepted|invocation Succeeded|invocation removed)" invocation=default/(run-\d+)(?:.* uid=(\S+))?')


class Burst(Case):
    def told(self):
        """(uid by name, names told to have succeeded, names told to be gone), of all processes until now."""
        uids, succeeded, gone = {}, set(), set()
        for what, name, uid in TOLD.findall(self.world_.operator.text()):
            if what == "manifest accepted":
                self.assertEqual(uids.setdefault(name, uid), uid, f"{name} was made twice")
            elif what == "invocation Succeeded":
                succeeded.add(name)
            else:
                gone.add(name)
        return uids, succeeded, gone

    def check(self):
        """To be called when no operator runs."""
        uids, succeeded, gone = self.told()
        for name, uid in uids.items():
            found = self.world_.object(name)
            if name in gone:
                self.assertIsNone(found, f"{name} was told to be gone")
            elif found is None:
                # Its file went, and the kill came before that was told: of one being deleted only.
                self.assertFalse((self.world_.manifests / f"{name}.yaml").exists(), f"{name} was accepted and is not recorded")
            else:
                self.assertEqual(found["metadata"]["uid"], uid)
                if name in succeeded:
                    self.assertIn("completionTime", found["status"], f"{name} was told to have succeeded")

    def kill_when(self, what, reached):
        self.world_.until(what, reached, 60)
        self.world_.operator.kill()
        self.check()
        self.world_.start()

    def done(self):
        """How often one of them has been accepted or has succeeded, by the state: of what a kill fell upon nothing may have been told."""
        found = [self.world_.object(f"run-{i}") for i in range(MANY)]
        return sum(1 + ((each.get("status") or {}).get("phase") == "Succeeded") for each in found if each)

    def gone(self):
        return sum(self.world_.object(f"run-{i}") is None for i in range(MANY))

    def test_what_was_told_before_a_kill_is_recorded_and_nothing_is_made_twice(self):
        self.world_ = self.world(*QUICK)
        self.world_.apply(LIMITS.format(workspace=WORKSPACE, token=TOKEN, url=self.world_.simulator.url), "workspace.yaml")
        names = [f"run-{i}" for i in range(MANY)]
        self.world_.start()
        for name in names:
            self.world_.apply(existing(name=name, tasks=["gpqa_diamond"]), f"{name}.yaml")
        for i in range(KILLS):
            self.kill_when("some more were accepted, or succeeded", lambda: self.done() > 2 * MANY * i // KILLS)
        self.world_.until("all have succeeded", lambda: all(self.world_.status(name).get("phase") == "Succeeded" for name in names), 120, every=0.5)
        dump = self.world_.simulator.dump()
        made = [job["metadata"]["labels"].get("lepton-operator.uid") for job in dump["jobs"] + dump["archived_jobs"] + dump["deleted_jobs"]]
        for name in names:  # what was accepted when the kill came need not have been told
            self.assertEqual(made.count(self.world_.object(name)["metadata"]["uid"]), 1, f"jobs of {name}")
        for name in names:
            self.world_.remove(f"{name}.yaml")
        for i in range(2):
            self.kill_when("some are gone", lambda: self.gone() > MANY * (i + 1) // 4)
        self.world_.until("all are gone", lambda: not any(self.world_.object(name) for name in names), 120, every=0.5)
        self.assert_nothing_left(self.world_)


LIMITS = """apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata: {{name: default}}
spec:
  credentialsSecretRef: {{name: lepton}}
  url: {url}
  limits: {{requestsPerSecond: 500, burst: 500}}
---
apiVersion: v1
kind: Secret
metadata: {{name: lepton}}
stringData: {{credentials: "{workspace}:{token}"}}
"""

if __name__ == "__main__":
    unittest.main(verbosity=2)
