"""What an Invocation leaves that somebody took the finalizer off by hand is swept; what another installation made stays.

Under the shipped roles: the sweep asks the API server for the owner and for the cluster's own UID (the namespace kube-system).
"""
import http.client
import json
import re

from harness import TOKEN, Case, main, nim

QUICK = ("--poll-interval", "200ms", "--poll-interval-idle", "500ms", "--orphan-sweep-after", "3s")


class Orphans(Case):
    def lose(self, world, name="run"):
        """As somebody does who is tired of waiting for a deletion."""
        path = world.path(name)
        self.cluster.api("PATCH", path, {"metadata": {"finalizers": None}}, kind="application/merge-patch+json")
        self.cluster.api("DELETE", path)
        world.until_gone(name)

    def endpoints(self, world):
        return sorted(d["name"] for d in world.simulator.dump()["deployments"])

    def plant(self, world, name, labels):
        """An endpoint that somebody else makes."""
        host, base = re.match(r"http://([^/]+)(.*)", world.simulator.url).groups()
        connection = http.client.HTTPConnection(host, timeout=10)
        body = {"metadata": {"name": name, "labels": labels},
                "spec": {"container": {"image": "nim:1", "ports": [{"container_port": 8000}]},
                         "resource_requirement": {"resource_shape": "gpu.1xh200", "min_replicas": 1, "max_replicas": 1}}}
        connection.request("POST", base + "/deployments", json.dumps(body),
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        reply = connection.getresponse()
        self.assertLess(reply.status, 300, reply.read())
        connection.close()

    def events(self, world, reason):
        found = self.cluster.api("GET", f"/apis/events.k8s.io/v1/namespaces/{world.namespace}/events")["items"]
        return [e for e in found if e["reason"] == reason and e["regarding"]["kind"] == "Workspace"]

    def test_what_an_invocation_without_its_finalizer_leaves_is_swept(self):
        world = self.world("orphans", "--ready-delay", "300ms", "--run-delay", "10m")
        world.add_workspace()
        operator = world.start(*QUICK)
        # The operator is away when it goes: one that runs puts the finalizer back at once.
        world.apply(nim("run", tasks=["gpqa_diamond"]))
        world.apply(nim("stays", tasks=["gpqa_diamond"]))
        world.until_running("run")
        world.until_running("stays")
        mine = {t["endpoint"]["name"] for t in world.status("stays")["tasks"]}
        labels = next(d for d in world.simulator.dump()["deployments"] if d["name"] not in mine)["metadata"]["labels"]
        self.plant(world, "of-another", {**labels, "lepton-operator.install": "99999999-2222-3333-4444-555555555555"})
        self.plant(world, "of-nobody", {})
        operator.expected_to_end = True
        self.assertEqual(operator.stop(), 0)
        self.lose(world)
        self.assertEqual(len(self.endpoints(world)), 4, "there is something to sweep")

        operator = world.start(*QUICK)
        kept = sorted(mine | {"of-another", "of-nobody"})
        world.until("the endpoint is swept, and nothing else", lambda: self.endpoints(world) == kept, 60)
        world.until("it is counted", lambda: operator.metric("lepton_orphans_deleted_total") == 3, 60)  # endpoint, job, secret
        world.until("none is left", lambda: operator.metric("lepton_orphans") == 0)
        dump = world.simulator.dump()
        self.assertEqual({j["metadata"]["labels"]["lepton-operator.name"] for j in dump["jobs"]}, {"stays"})
        self.assertEqual(len([s for s in dump["secrets"] if any("uid=" in tag for tag in s["tags"])]), 1)
        self.assertEqual(self.endpoints(world), kept)
        world.until("it is told", lambda: len(self.events(world, "OrphanRemoved")) == 3)
        self.assertIn("orphan removed", operator.text())
        self.assertEqual(world.status("stays")["phase"], "Running")

    def test_of_a_restored_copy_everything_is_only_reported(self):
        world = self.world("orphans-copy", "--ready-delay", "300ms", "--run-delay", "10m")
        world.add_workspace()
        operator = world.start(*QUICK)
        world.apply(nim("run", tasks=["gpqa_diamond"]))
        world.until_running("run")
        operator.expected_to_end = True
        self.assertEqual(operator.stop(), 0)
        self.lose(world)
        secret = f"/api/v1/namespaces/{self.cluster.system_namespace}/secrets/lepton-operator-install"
        recorded = self.cluster.api("GET", secret)["data"]["cluster"]
        # As if this API server were another than the one that the backup was of.
        self.cluster.api("PATCH", secret, {"stringData": {"cluster": "of-the-original"}}, kind="application/merge-patch+json")
        self.addCleanup(lambda: self.cluster.api("PATCH", secret, {"data": {"cluster": recorded}}, kind="application/merge-patch+json"))

        operator = world.start(*QUICK)
        world.until("it is reported", lambda: self.events(world, "OrphanFound"), 60)
        self.assertIn("this installation is a copy", operator.text())
        self.assertGreaterEqual(operator.metric("lepton_orphans"), 2)
        self.assertEqual(operator.metric("lepton_orphans_deleted_total"), 0)
        self.assertEqual(len(self.endpoints(world)), 1)
        self.assertEqual(world.simulator.requests("DELETE"), [])


if __name__ == "__main__":
    main()
