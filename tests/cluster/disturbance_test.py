"""An API server that dies, forgets, hangs up, refuses and is written to by others (issue "Kubernetes", Must show 3).

The operator speaks to it through a proxy that counts, so that "how often is a dead server asked" is read where nobody can gloss over it.
"""
import concurrent.futures
import threading
import time

import audit
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
        self.cluster.start_apiserver()
        back = time.monotonic()

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

    # --- others write, too

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

        # And one who writes once, long after the end.
        for nonsense in (self.nonsense(i) for i in range(5)):
            self.cluster.api("PATCH", world.path("run") + "/status", nonsense, kind="application/merge-patch+json")
            self.as_recorded(world)
        self.assertEqual(operator.text().count("invocation Succeeded"), 1, "what was put right did not happen again")
        self.end_of(world, "run")
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
        self.assertEqual(len(jobs), len(harness.TASKS))

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
