"""A namespace goes with running Invocations, their Workspace and their Secret in it (issue "Kubernetes", Must show 5).

The Secret is usually the first to go: without the operator's own snapshot of the credentials nothing could be cleaned up any more.
"""
from harness import Case, left, main, nim


class NamespaceDeletion(Case):
    def delete_in_mid_run(self, namespace, *flags):
        self.cluster.needs_controllers("empties a namespace")
        world = self.world(namespace, "--ready-delay", "1s", "--run-delay", "10m")
        world.add_workspace()
        world.start(*flags)
        for name in ("one", "two"):
            world.apply(nim(name))
        world.until_running("one")
        world.until_running("two")
        world.apply(nim("three"))  # one that is hardly begun
        world.until("the third began", lambda: world.status("three").get("invocationId"))
        self.assertTrue(all(left(world.simulator.dump()).values()), "something of every kind is there, or its absence proves nothing")
        self.assertTrue(self.snapshots(namespace))

        self.cluster.kubectl("delete", "namespace", namespace, "--timeout=90s")
        dump = self.assert_nothing_left(world)
        self.assert_nothing_twice(dump)
        self.assertIsNone(self.cluster.find(f"/api/v1/namespaces/{namespace}"))
        world.until("the snapshot of the credentials is gone too", lambda: not self.snapshots(namespace))
        world.namespaces.remove(namespace)

    def snapshots(self, namespace):
        """Entries of the operator's own Secrets for Workspaces of a namespace."""
        secrets = self.cluster.api("GET", f"/api/v1/namespaces/{self.cluster.system_namespace}/secrets")["items"]
        return [key for secret in secrets for key in secret.get("data", {}) if key.startswith(namespace + ".")]

    def test_of_all_namespaces(self):
        self.delete_in_mid_run("team-of-all")

    def test_of_the_one_namespace_that_is_looked_after(self):
        self.delete_in_mid_run("team-alone", "--namespace", "team-alone", "--namespace", "another-team")


if __name__ == "__main__":
    main()
