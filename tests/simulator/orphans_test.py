"""Directory mode: what a run whose state file somebody removed leaves in Lepton is swept; in a copy of the state directory it is only reported."""
import re
import shutil
import unittest

from harness import OPENER, Case, nim

WORKSPACE = """apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata: {name: default}
spec: {}
"""
QUICK = ("--poll-interval", "200ms", "--poll-interval-idle", "500ms", "--orphan-sweep-after", "2s")


class Orphans(Case):
    def lost(self):
        """A world whose operator has ended, with an endpoint and a job that no state file knows of any more."""
        world = self.world("--ready-delay", "300ms", "--run-delay", "10m")
        world.apply(WORKSPACE, "workspace.yaml")  # so that the workspace is looked at although nothing runs
        world.apply(nim(tasks=["gpqa_diamond"]))
        operator = world.start(*QUICK)
        world.until("the task runs", lambda: world.status().get("counts", {}).get("running") == 1)
        self.assertEqual(operator.stop(), 0)
        world.operator = None
        world.remove()
        (world.state / "default" / "run.yaml").unlink()
        self.assertEqual(self.held(world), (1, 1, 1))
        return world

    def held(self, world):
        dump = world.simulator.dump()
        return tuple(len(dump[kind]) for kind in ("deployments", "jobs", "secrets"))

    def metric(self, world, name):
        """Of the operator that was started last; the log is that of all."""
        address = re.findall(r"\bmetrics=(\S+)", world.operator.text())[-1]
        try:
            with OPENER.open(address, timeout=10) as reply:
                found = re.findall(rf"^{name}{{[^}}]*}} (\S+)$", reply.read().decode(), re.MULTILINE)
        except OSError:  # the one before, which has ended
            return None
        return sum(map(float, found)) if found else None

    def test_what_a_removed_state_file_leaves_is_swept(self):
        world = self.lost()
        world.start(*QUICK)
        world.until("nothing is left", lambda: self.held(world) == (0, 0, 0), 60, every=0.1)
        world.until("it is counted", lambda: self.metric(world, "lepton_orphans_deleted_total") == 3, every=0.1)
        self.assertIn("orphan removed", world.operator.text())
        self.assertIn("default/run", world.operator.text())

    def test_a_run_that_begins_anew_keeps_what_is_its_own(self):
        world = self.lost()
        world.apply(nim(tasks=["gpqa_diamond"]))
        world.start(*QUICK)
        world.until("the former run's things are swept", lambda: self.metric(world, "lepton_orphans_deleted_total") == 3, 60, every=0.1)
        world.until("the new one runs", lambda: world.status().get("counts", {}).get("running") == 1)
        self.assertEqual(self.held(world), (1, 1, 1))
        uid = world.object()["metadata"]["uid"]
        self.assertEqual({d["metadata"]["labels"]["lepton-operator.uid"] for d in world.simulator.dump()["deployments"]}, {uid})

    def test_in_a_copy_of_the_state_directory_it_is_only_reported(self):
        world = self.lost()
        shutil.copytree(world.state, world.folder / "copy")
        shutil.rmtree(world.state)
        shutil.copytree(world.folder / "copy", world.state)
        world.start(*QUICK)
        world.until("it is reported", lambda: "orphan found and not removed" in world.operator.text(), 60, every=0.1)
        self.assertIn("this installation is a copy", world.operator.text())
        self.assertGreaterEqual(self.metric(world, "lepton_orphans"), 1)
        self.assertEqual(self.held(world), (1, 1, 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
