"""An API server that dies, forgets, hangs up and refuses (issue "Kubernetes", Must show 3; others who write, too, are in conflict_test.py).

The operator speaks to it through a proxy that counts, so that "how often is a dead server asked" is read where nobody can gloss over it.
"""
import time

import harness
from harness import Case, Failed, main, nim
from proxy import Proxy

INVOCATIONS = r"^/apis/lepton\.dev/v1alpha1/(namespaces/[^/]+/)?invocations(\?|$)"
PER_SECOND = 0.3


class Disturbance(Case):
    def proxied(self, world):
        proxy = Proxy(("127.0.0.1", self.cluster.port), world.folder, self.cluster.folder / "certs" / "apiserver.crt")
        self.addCleanup(proxy.close)
        proxy.kubeconfig = self.cluster.operator_kubeconfig(world.token_file, proxy.url, proxy.certificate)
        return proxy

    def end_of(self, world, *names):
        for name in names:
            world.until_phase("Succeeded", name, 90)
        for name in names:
            world.kubectl("delete", "inv", name, "--timeout=60s")
        self.assert_nothing_twice(self.assert_nothing_left(world))

    # --- the server is killed, and has forgotten what the operator last saw

    def test_a_server_that_is_killed_and_has_forgotten(self):
        world = self.world("forgetful", "--ready-delay", "1s", "--run-delay", "15s")
        proxy = self.proxied(world)
        world.add_workspace()
        world.start(kubeconfig=proxy.kubeconfig)
        for name in ("stays", "goes"):
            world.apply(nim(name))
        world.until_running("stays")
        world.until_running("goes")

        # Behind the operator's back: one is deleted, one comes, etcd forgets, the server dies.
        proxy.cut()
        began = time.monotonic()
        world.kubectl("delete", "inv", "goes", "--wait=false")
        world.apply(nim("comes"))
        self.cluster.compact()
        self.cluster.stop_apiserver()
        proxy.mend()
        time.sleep(max(0.0, began + 20 - time.monotonic()))  # the length of the outage is what is measured against
        lasted = time.monotonic() - began
        asked = {path: len(proxy.since(began, path)) for path in self.reflected(proxy.since(began))}
        print(f"a server dead for {lasted:.0f} s was asked {asked}", flush=True)
        self.assertTrue(asked, "nobody asked the dead server: nothing is proved")
        for path, times in asked.items():
            self.assertLessEqual(times, PER_SECOND * lasted, path)
        back = time.monotonic()  # it answers before it is said to be ready
        self.cluster.start_apiserver()

        world.until_gone("goes", 90)
        world.until("the one that came is taken up", lambda: world.status("comes").get("invocationId"), 60)
        looks = proxy.since(back, INVOCATIONS)
        self.assertTrue([r for r in looks if r["watch"] and r["gone"]], f"no watch was refused with 410: {looks[:10]}")
        self.assertTrue([r for r in looks if not r["watch"] and r["status"] == 200], "what is there was listed again")
        self.end_of(world, "stays", "comes")

    def reflected(self, records):
        """Paths that are listed or watched, as patterns."""
        collections = {r["path"].split("?")[0] for r in records if r["method"] == "GET" and "?" in r["path"]}
        return {f"^{path}\\?" for path in collections}

    # --- every watch is closed after a second

    def test_a_watch_that_is_closed_every_second(self):
        world = self.world("hasty", "--ready-delay", "1s", "--run-delay", "3s")
        proxy = self.proxied(world)
        proxy.watch_seconds = 1
        world.add_workspace()
        world.start(kubeconfig=proxy.kubeconfig)
        began = time.monotonic()
        for i in range(5):
            world.apply(nim(f"run-{i}"))
            time.sleep(1)  # so that each comes into another watch, or between two
        world.kubectl("delete", "inv", "run-0", "run-1", "--timeout=60s")
        self.end_of(world, "run-2", "run-3", "run-4")
        lasted = time.monotonic() - began
        watches = [r for r in proxy.since(began, INVOCATIONS) if r["watch"]]
        lists = [r for r in proxy.since(began, INVOCATIONS) if not r["watch"]]
        print(f"{len(watches)} watches and {len(lists)} lists of Invocations in {lasted:.0f} s", flush=True)
        self.assertGreaterEqual(len(watches), lasted / 4, "watches were closed, or nothing is proved")
        self.assertEqual(lists, [], "a watch that ended in order is taken up where it was")

    # --- tokens

    def test_tokens_are_rotated(self):
        world = self.world("rotation", "--ready-delay", "1s", "--run-delay", "1s")
        system = self.cluster.system_namespace
        for name in ("first-token", "second-token"):
            self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": system}})
            self.addCleanup(self.cluster.kubectl, "-n", system, "delete", "secret", name, "--ignore-not-found")
        first = self.cluster.token("first-token")
        world.token_file.write_text(first)
        # Lepton's token is wrong at first, too: the Secret is read again, without a restart.
        world.add_workspace()
        world.kubectl("patch", "secret", "lepton", "-p", '{"stringData": {"credentials": "ws-sim:expired"}}')
        world.start()
        world.kubectl("wait", "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Unauthorized", "lws/default", "--timeout=30s")
        world.apply(nim("before"))
        world.kubectl("patch", "secret", "lepton", "-p", '{"stringData": {"credentials": "%s:%s"}}' % (harness.WORKSPACE, harness.TOKEN))

        self.cluster.kubectl("-n", system, "delete", "secret", "first-token")
        world.until("the first token is refused", lambda: self.refused(world, first), 30)
        world.token_file.write_text(self.cluster.token("second-token"))
        world.apply(nim("after"))
        self.end_of(world, "before", "after")

    def refused(self, world, token):
        try:
            self.cluster.api("GET", world.path(), token=token)
        except Failed as failure:
            return failure.status == 401
        return False


if __name__ == "__main__":
    main()
