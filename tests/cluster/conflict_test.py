"""Others write the same objects, spec and status, and never pause (issue "Kubernetes", Must show 3)."""
import concurrent.futures
import threading
import time

import audit
from harness import TASKS, Case, main, nim


class Conflict(Case):
    def test_two_who_never_pause_write_status_and_spec(self):
        world = self.world("conflict", "--ready-delay", "2s", "--run-delay", "4s")
        world.add_workspace()
        operator = world.start()
        stop = threading.Event()
        written = {"status": 0, "spec": 0}

        def keep_writing(what, body, path):
            i = 0
            while not stop.is_set():
                i += 1
                self.cluster.api("PATCH", path, body(i), kind="application/merge-patch+json")
                written[what] += 1
                time.sleep(0.02)

        # They write before the operator has said a word, and until after it has said its last.
        world.apply(nim())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            writers = [pool.submit(keep_writing, "status", self.nonsense, world.path("run") + "/status"),
                       pool.submit(keep_writing, "spec", lambda i: {"spec": {"evaluation": {"config": {"note": f"edit {i}"}}}}, world.path("run"))]
            try:
                world.until("the operator has seen it succeed", lambda: "invocation Succeeded" in operator.text(), 90)
                before = dict(written)
                world.until("all of it was written over many times more", lambda: all(written[k] > before[k] + 50 for k in written), 60)
            finally:
                stop.set()
            for writer in writers:
                writer.result()
        print(f"written by others: {written}", flush=True)
        self.as_recorded(world)

        # And one who writes once, long after the end: another result, and nothing at all.
        for i in (1, 4):
            self.cluster.api("PATCH", world.path("run") + "/status", self.nonsense(i), kind="application/merge-patch+json")
            self.as_recorded(world)
        self.assertEqual(operator.text().count("invocation Succeeded"), 1, "what was put right did not happen again")
        world.kubectl("delete", "inv", "run", "--timeout=60s")
        self.assert_nothing_twice(self.assert_nothing_left(world))
        answered = [r for r in audit.requests(self.cluster.audit_log, self.cluster.user)
                    if r.namespace == "conflict" and r.resource.startswith("invocations") and r.verb in audit.WRITES]
        refused = [r for r in answered if r.status >= 400]
        print(f"the operator wrote {len(answered)} times, {len(refused)} of them were refused", flush=True)
        self.assertLessEqual(len(answered), 100, "it is overwritten now and then, and not in a race")

    @staticmethod
    def nonsense(i):
        """What somebody may make of a status; the last takes away all that the operator knew."""
        return ({"status": {"progress": f"{i % 10}/9"}}, {"status": {"phase": "Failed", "message": "hello"}},
                {"status": {"tasks": None, "conditions": None}}, {"status": {"resolved": None, "phase": "Pending"}}, {"status": None})[i % 5]

    def as_recorded(self, world):
        """The status tells what is in the simulator, each task with its very job."""
        dump = world.simulator.dump()
        jobs = {j["metadata"]["labels"]["lepton-operator.task"]: j["id"] for j in dump["jobs"] + dump["archived_jobs"]}
        self.assertEqual(len(jobs), len(TASKS))

        def settled():
            one = world.object()
            status = one.get("status") or {}
            return ((status.get("phase"), status.get("progress"), status.get("message"), status.get("observedGeneration")) ==
                    ("Succeeded", "3/3", "all 3 tasks succeeded.", one["metadata"]["generation"]) and
                    {t["name"]: t["job"]["id"] for t in status.get("tasks", [])} == jobs and
                    {t["phase"] for t in status["tasks"]} == {"Succeeded"} and "resolved" in status and
                    any(c["type"] == "Complete" and c["status"] == "True" for c in status["conditions"]))

        world.until("its status is the operator's again", settled, 15)


if __name__ == "__main__":
    main()
