"""A thousand Invocations at once (issue "Kubernetes", Must show 7). LEPTON_OPERATOR_MANY=50 tries it with fewer."""
import collections
import concurrent.futures
import os
import time

import audit
import yaml
from harness import TASKS, Case, main, nim

MANY = int(os.environ.get("LEPTON_OPERATOR_MANY", "1000"))
ALLOWED = 6 + 3 * len(TASKS)  # writes to the API server per Invocation, events and lease aside
AIM = 8


class Many(Case):
    def phases(self, world):
        items = world.cluster.api("GET", world.path() + "?resourceVersion=0")["items"]
        return collections.Counter((o.get("status") or {}).get("phase", "new") for o in items)

    def until_all(self, world, phase, seconds):
        """Looks seldom: the whole list costs the API server something."""
        end = time.monotonic() + seconds
        self.most_at_once = 0
        while True:
            self.most_at_once = max(self.most_at_once, world.operators[0].metric("controller_runtime_active_workers"))
            phases = self.phases(world)
            if phases == {phase: MANY}:
                return
            self.assertIsNone(world.operators[0].popen.poll(), "the operator ended")
            self.assertLess(time.monotonic(), end, f"after {seconds} s: {dict(phases)}")
            time.sleep(2)

    def create_all(self, world):
        template = yaml.safe_load(nim())

        def create(i):
            world.cluster.api("POST", world.path(), {**template, "metadata": {"name": f"run-{i:04}"}})

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(create, range(MANY)))

    def test_all_complete_with_few_writes_and_no_key_worked_twice_at_once(self):
        world = self.world("many", "--ready-delay", "1s", "--run-delay", "1s", "--delete-delay", "100ms")
        world.add_workspace(limits={"requestsPerSecond": 2000, "burst": 2000})
        operator = world.start()
        begin = time.monotonic()
        self.create_all(world)
        created = time.monotonic() - begin
        self.until_all(world, "Succeeded", 600)
        print(f"many: {MANY} Invocations created in {created:.0f} s, all Succeeded after {time.monotonic() - begin:.0f} s", flush=True)

        dump = world.simulator.dump()
        self.assert_nothing_twice(dump)
        jobs = [j for j in dump["jobs"] + dump["archived_jobs"] if j["metadata"]["labels"].get("lepton-operator.task")]
        self.assertEqual(len(jobs), MANY * len(TASKS))
        self.check_writes(world)
        # The operator asserts it itself at every turn (controller/kube/turns.h), counts what it had to stop, and says so.
        self.assertEqual(operator.metric("lepton_reconcile_overlaps_total"), 0, "a key was worked twice at once")
        self.assertEqual(operator.metric("controller_runtime_reconcile_panics_total"), 0)
        self.assertNotIn("this is a bug", operator.text())
        print(f"many: {operator.metric('controller_runtime_reconcile_total'):.0f} reconciles, up to {self.most_at_once:.0f} at once", flush=True)
        self.assertGreater(self.most_at_once, 1, "keys were worked one after another: nothing is proved")

    def check_writes(self, world):
        of_each = collections.defaultdict(list)
        for r in audit.requests(world.cluster.audit_log, world.cluster.user):
            if r.verb in audit.WRITES and r.resource.startswith("invocations") and r.namespace == world.namespace:
                of_each[r.name].append(r)
        counts = [len(writes) for writes in of_each.values()]
        self.assertEqual(len(counts), MANY)
        print(f"many: writes per Invocation: {sum(counts) / MANY:.2f} on average, {max(counts)} at most (allowed {ALLOWED}, aim {AIM}); "
              f"by verb and resource: {dict(collections.Counter((r.verb, r.resource, r.status) for w in of_each.values() for r in w))}", flush=True)
        self.assertLessEqual(max(counts), ALLOWED)
        for name, writes in of_each.items():
            writes.sort(key=lambda r: r.begin)
            for earlier, later in zip(writes, writes[1:]):
                self.assertLessEqual(earlier.end, later.begin, f"{name} was worked twice at once: {earlier} and {later}")


if __name__ == "__main__":
    main()
