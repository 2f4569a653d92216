"""Two replicas, one leads; the leader is killed, stopped for 20 s, and told to end (issue "Kubernetes", Must show 4).

Each replica reaches Lepton through an HTTP proxy of its own, so that it is known who sent what, and when. The lease is looked at all the time.
"""
import re
import signal
import threading
import time

import audit
from harness import Case, main, nim, wait
from proxy import Proxy

RENEW_DEADLINE = 10.0
SLACK = 0.5  # between a request's beginning in the operator and its arrival here, and between two looks at the lease
HOST = "lepton.test"  # never resolved: the proxy knows where that is. Addresses of this machine are not reached through a proxy


class LeaseWatch:
    """Who held the lease when, and when it was renewed; times are of time.monotonic()."""

    def __init__(self, cluster):
        self.cluster, self.looks, self.ended = cluster, [], threading.Event()
        self.path = f"/apis/coordination.k8s.io/v1/namespaces/{cluster.system_namespace}/leases"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.1):
            before = time.monotonic()
            wall = time.time() - before
            for lease in self.cluster.api("GET", self.path)["items"]:
                spec = lease["spec"]
                if spec.get("holderIdentity"):
                    self.looks.append((before, spec["holderIdentity"], audit.seconds(spec["renewTime"]) - wall))

    def holder(self):
        return self.looks[-1][1] if self.looks else None

    def end(self):
        self.ended.set()
        self.thread.join()


class Leader(Case):
    def setUp(self):
        super().setUp()
        self.team = self.world("leader", "--ready-delay", "1s", "--run-delay", "10s")
        self.replicas = []
        host, base = re.match(r"http://([^/]+)(.*)", self.team.simulator.url).groups()
        self.simulator = (host.split(":")[0], int(host.split(":")[1]))
        self.team.add_workspace(url=f"http://{HOST}{base}")
        self.lease = LeaseWatch(self.cluster)
        self.addCleanup(self.lease.end)

    def start(self):
        proxy = Proxy(self.simulator)
        self.addCleanup(proxy.close)
        replica = self.team.start("--leader-elect", "--leader-election-namespace", self.cluster.system_namespace, HTTP_PROXY=proxy.url, NO_PROXY="")
        replica.proxy = proxy
        self.replicas.append(replica)
        return replica

    def identity(self, replica):
        """It says it when it leads."""
        found = re.search(r'msg="?leading"?\b.*\bidentity=(\S+)', replica.text())
        return found and found[1].strip('"')

    def leader(self):
        holder = self.lease.holder()
        return holder and next((r for r in self.replicas if self.identity(r) == holder), None)

    def takeover(self, old, event, limit):
        """From now until another replica holds the lease and has asked Lepton for something."""
        began = time.monotonic()

        def taken():
            new = self.leader()
            return new and new is not old and new.proxy.since(began) and new

        new = wait(f"another replica leads after {event}", taken, limit + 10, [r for r in self.replicas if not r.expected_to_end])
        led = next(look for look, holder, _ in self.lease.looks if look >= began and holder == self.identity(new)) - began
        acted = new.proxy.since(began)[0]["at"] - began
        print(f"{event}: another leads after {led:.1f} s (allowed {limit} s), asks Lepton after {acted:.1f} s", flush=True)
        self.assertLessEqual(led, limit, event)
        self.assertLessEqual(acted, limit + 2, f"{event}: it leads, but does not act")
        return new

    def test_the_lead_passes_on_and_nothing_is_made_twice(self):
        self.start()
        first = wait("one leads", self.leader, 20, self.replicas)
        self.start()
        self.team.apply(nim("one"))
        self.team.until_phase("Deploying", "one")

        first.expected_to_end = True
        first.kill()
        second = self.takeover(first, "SIGKILL", 20)
        self.start()
        self.team.apply(nim("two"))
        self.team.until_phase("Deploying", "two")

        second.expected_to_end = True
        second.signal(signal.SIGSTOP)
        stopped = time.monotonic()
        third = self.takeover(second, "SIGSTOP", 20)
        time.sleep(max(0.0, stopped + 20 - time.monotonic()))  # the issue says for how long
        awake = time.monotonic()
        second.signal(signal.SIGCONT)
        self.team.apply(nim("three"))
        self.team.until_phase("Deploying", "three")
        wait("the stopped one knows that it does not lead", lambda: second.popen.poll() is not None or time.monotonic() > awake + 5, 10)
        self.assertEqual(second.proxy.since(awake), [], "it led no more when it woke up")
        self.start()

        third.expected_to_end = True
        third.signal(signal.SIGTERM)
        self.takeover(third, "SIGTERM", 3)
        self.assertEqual(third.popen.wait(15), 0, "SIGTERM ends in order")

        for name in ("one", "two", "three"):
            self.team.until_phase("Succeeded", name, 90)
        for name in ("one", "two", "three"):
            self.team.kubectl("delete", "inv", name, "--timeout=60s")
        self.lease.end()
        self.assert_nothing_twice(self.assert_nothing_left(self.team))
        self.check_that_nobody_asked_after_its_renew_deadline()

    def check_that_nobody_asked_after_its_renew_deadline(self):
        for replica in self.replicas:
            identity = self.identity(replica)
            asked = replica.proxy.records
            if identity is None:
                self.assertEqual(asked, [], "one that never led has nothing to ask of Lepton")
                continue
            renewed = sorted({renewed for _, holder, renewed in self.lease.looks if holder == identity})
            for request in asked:
                last = max((r for r in renewed if r <= request["at"] + SLACK), default=None)
                self.assertIsNotNone(last, f"{identity} asked before it led: {request}")
                self.assertLessEqual(request["at"], last + RENEW_DEADLINE + SLACK, f"{identity} asked after its renew deadline: {request}")
                others = [l for l in self.lease.looks if l[1] != identity and l[0] + SLACK < request["at"] and l[2] > last]
                self.assertEqual(others, [], f"{identity} asked when another led: {request}")


if __name__ == "__main__":
    main()
