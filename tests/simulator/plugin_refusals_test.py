"""kubectl lepton on a directory: manifests that are changed by one line, and what is said when a verb cannot (Must show 5)."""
import http.server
import subprocess
import threading

import at_once
import harness
import plugin
import yaml
from harness import existing

COMMENTED = """\
# what we run every night
apiVersion: lepton.dev/v1alpha1
kind: Invocation
metadata: {name: run}
spec:
  deployment: {type: none} # nothing of ours
  target: {url: https://models.example/v1, modelId: meta/llama-3.1-8b-instruct}
  evaluation:
    tasks:
      - name: hellaswag # easy
      - {name: winogrande}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: lepton}\nstringData: {credentials: 'ws-sim:%s'}\n" % harness.TOKEN


class Answers(http.server.BaseHTTPRequestHandler):
    """What stands in an API server's place and answers everything with its `status` and `body`."""

    def do_GET(self):
        self.server.asked.set()
        if self.server.status is None:
            self.server.over.wait(60)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


class Edits(plugin.Case):
    """suspend, resume and retry change one line of a manifest; delete takes a document out of its file."""

    def test_delete_takes_its_document_out_of_a_file_with_others(self):
        world = self.world("--run-delay", "300ms")
        keep = "# kept as it is\n" + existing("other", tasks=["hellaswag"])
        world.apply(COMMENTED + "---\n" + keep)
        world.until_phase("Succeeded")
        done = self.succeeds(world.run("delete", "run", "--wait"))
        self.assertIn(f"{world.manifests}/run.yaml:1: the document of default/run taken out", done.out)
        self.assertEqual((world.manifests / "run.yaml").read_text(), keep)
        self.assertEqual(world.status("other")["phase"], "Succeeded")

    def test_suspend_resume_and_retry_change_one_line_and_are_done(self):
        world = self.world("--run-delay", "10m")
        world.apply(COMMENTED)
        first = {task: world.job(task) for task in ("hellaswag", "winogrande")}
        manifest = world.manifests / "run.yaml"

        done = self.succeeds(world.run("suspend", "run"))
        self.assertEqual(done.out, f"{manifest}:6: spec.suspend: true\n")
        self.assertEqual(manifest.read_text(), COMMENTED.replace("spec:\n", "spec:\n  suspend: true\n"))
        world.until_phase("Suspended")
        self.assertIn("is suspended already", self.succeeds(world.run("suspend", "run")).out)

        self.succeeds(world.run("resume", "run"))
        self.assertEqual(manifest.read_text(), COMMENTED.replace("spec:\n", "spec:\n  suspend: false\n"))
        second = {task: world.job(task) for task in first}
        self.assertEqual(set(first.values()) & set(second.values()), set(), "they are new attempts")
        self.assertIn("is not suspended", self.succeeds(world.run("resume", "run")).out)

        for job in second.values():
            world.simulator.call("set", {"job": job, "state": "Completed"})
        world.until_phase("Succeeded")
        done = self.succeeds(world.run("retry", "run", "--task", "hellaswag", "--task", "winogrande"))
        self.assertEqual(done.out, f"{manifest}:12: spec.evaluation.tasks[0].run: 1\n{manifest}:13: spec.evaluation.tasks[1].run: 1\n")
        self.assertEqual(manifest.read_text(), COMMENTED.replace("spec:\n", "spec:\n  suspend: false\n").replace(
            "# easy\n", "# easy\n        run: 1\n").replace("{name: winogrande}", "{run: 1, name: winogrande}"))
        third = {task: world.job(task) for task in first}
        self.assertEqual(set(second.values()) & set(third.values()), set(), "they ran again")

    def test_a_link_is_left_to_whoever_made_it(self):
        world = self.world("--run-delay", "300ms")
        (world.manifests / "run.yaml").symlink_to(world.file(COMMENTED))
        world.until_phase("Succeeded")
        for words in (["delete", "run"], ["retry", "run", "--task", "hellaswag"]):
            self.refuses(world.run(*words), 2, "run.yaml is a link to ")
        self.assertEqual((world.folder / "manifest.yaml").read_text(), COMMENTED)

    def test_a_task_that_is_not_there_is_not_retried(self):
        world = self.world("--run-delay", "10m")
        world.apply(COMMENTED)
        world.job("hellaswag")
        before = (world.manifests / "run.yaml").read_text()
        done = world.run("retry", "run", "--task", "winogrand")
        self.refuses(done, 3, 'default/run has no task "winogrand"', "did you mean winogrande?")
        self.refuses(world.run("retry", "run"), 2, "--task: is missing")
        self.assertEqual((world.manifests / "run.yaml").read_text(), before)

    def test_nothing_is_to_be_done_to_what_is_over(self):
        world = self.world("--run-delay", "300ms")
        world.apply(COMMENTED)
        world.until_phase("Succeeded")
        self.refuses(world.run("suspend", "run"), 3, "default/run has finished: there is nothing to suspend", "retry run --task T")
        self.refuses(world.run("resume", "run"), 3, "default/run has finished: there is nothing to resume")
        self.refuses(world.run("suspend", "nothing"), 3, "there is no Invocation default/nothing")
        self.refuses(world.run("delete", "nothing"), 3, "declares the Invocation default/nothing")


class Refusals(plugin.Case):
    """One operator for all: nothing of this reaches it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = plugin.World("--run-delay", "10m")
        cls.addClassCleanup(cls.shared.close)
        cls.shared.start("--poll-interval", "200ms")
        cls.shared.until("the operator works", lambda: 'msg="started"' in cls.shared.operator.text())

    def setUp(self):
        self.before = sorted(path.name for path in self.shared.manifests.iterdir())

    def tearDown(self):
        self.assertEqual(sorted(path.name for path in self.shared.manifests.iterdir()), self.before, "nothing was written")

    def manifest(self, text):
        return self.shared.file(text)

    def test_wrong_flags(self):
        run, file = self.shared.run, self.manifest(existing(tasks=["hellaswag"]))
        self.refuses(run("run"), 2, "--filename: is missing", "run --help")
        self.refuses(run("run", "-f", file, "--dry-run=maybe"), 2, "--dry-run")
        self.refuses(run("run", "-f", file, "--wait", "--dry-run=client"), 2, "--wait: there is nothing to wait for in a dry run")
        self.refuses(run("run", "-f", file, "--timeout", "1s"), 2, "--timeout: is for --wait")
        self.refuses(run("run", "-f", file, "--wait", "--timeout", "soon"), 2, '--timeout: "soon" is no duration', "e.g. 90s")
        self.refuses(run("run", "-f", file, "--name", "Upper"), 2, "--name: must be at most 63 lower-case letters")
        self.refuses(run("status", "-o", "xml"), 2, "--output")
        self.refuses(run("status", "a", "b"), 2, "b: unexpected argument")
        self.refuses(run("stats"), 2, "stats: unknown verb", "did you mean status?")
        self.refuses(run("status", "--wach"), 2, "--wach: unknown flag", "did you mean --watch?")
        self.refuses(run("status", "--context", "c"), 2, "--context: is for a cluster")

    def test_wrong_manifests_and_overrides(self):
        run = self.shared.run
        self.refuses(run("run", "-f", "/none.yaml"), 2, "/none.yaml: cannot open", "standard input")
        self.refuses(run("run", "-f", self.manifest("a: [")), 2, "manifest.yaml:1")
        self.refuses(run("run", "-f", self.manifest("")), 2, "the files hold no manifest")
        wrong = existing(tasks=["hellaswag"]).replace("modelId", "modelID")
        self.refuses(run("run", "-f", self.manifest(wrong)), 2, "spec.target.modelID: unknown field; did you mean modelId?")
        file = self.manifest(existing(tasks=["hellaswag"]))
        self.refuses(run("run", "-f", file, "target.ur=x"), 2, "target.url")
        self.refuses(run("run", "-f", self.manifest(existing(namespace="team")), "-n", "other"), 2, "team")
        self.refuses(run("run", "-f", self.manifest(SECRET), "--wait"), 2, "--wait: there is no Invocation in the files")
        several = existing("a", namespace="one") + "---\n" + existing("b", namespace="two")
        self.refuses(run("run", "-f", self.manifest(several), "--wait"), 2, "--wait: the Invocations are of several namespaces")

    def test_wrong_places(self):
        bare = [str(plugin.BIN), "status"]
        def run(*words, **environment):
            done = subprocess.run([*bare, *words], env=self.shared.environment(**environment), capture_output=True, text=True, timeout=30, check=False)
            return plugin.Done(done.returncode, done.stdout, done.stderr)

        self.refuses(run("--manifests", str(self.shared.manifests)), 2, "--state-dir: is missing beside --manifests")
        self.refuses(run("--state-dir", str(self.shared.state)), 2, "--manifests: is missing beside --state-dir")
        self.refuses(run("--manifests", "/none", "--state-dir", str(self.shared.state)), 2, "--manifests: /none: there is no such directory")
        self.refuses(run(HOME="/none"), 2, "config", "name a cluster (--kubeconfig")
        self.refuses(run("--kubeconfig", "/none"), 2, "/none", "name a cluster")
        lost = self.manifest(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}], "users": [{"name": "u", "user": {"token": "t"}}]}))
        self.refuses(run("--kubeconfig", str(lost)), 3, "cannot connect to 127.0.0.1:9", "is the cluster https://127.0.0.1:9 up, and reachable from here?")
        self.refuses(run("--kubeconfig", str(lost), "--context", "d"), 2, "d")

    def test_what_a_server_says_that_cannot(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.asked, server.over = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.over.set)
        place = f"http://127.0.0.1:{server.server_address[1]}"
        config = self.manifest(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": place}}], "users": [{"name": "u", "user": {}}]}))
        for status, body, says, hint in [
                (429, b"{}", "429", "try again in a moment"), (503, b"{}", "503", "try again in a moment"), (401, b"{}", "401", "kubectl auth whoami"),
                (403, b"{}", "403", "kubectl auth can-i --list"), (404, b"{}", "does not serve lepton.dev/v1alpha1", "kubectl get crd"),
                (200, b"<html>Please log in</html>", "", "check the address and any proxy before it")]:
            with self.subTest(status):
                server.status, server.body = status, body
                done = subprocess.run([str(plugin.BIN), "status", "--kubeconfig", str(config)], env=self.shared.environment(), capture_output=True, text=True,
                                      timeout=30, check=False)
                self.refuses(plugin.Done(done.returncode, done.stdout, done.stderr), 3, says, hint)

        # One that never answers is left by Ctrl-C, without a word.
        server.status = None
        server.asked.clear()
        waiting = plugin.Running([str(plugin.BIN), "status", "--kubeconfig", str(config)], self.shared.environment())
        self.addCleanup(waiting.close)
        self.assertTrue(server.asked.wait(20))
        waiting.interrupt()
        self.assertEqual((waiting.end(), waiting.errors), ((130, []), []))


class Others(plugin.Case):
    def test_what_somebody_else_declares_is_left_alone(self):
        world = self.world("--run-delay", "10m")
        world.apply(COMMENTED)
        world.job("hellaswag")
        same = self.succeeds(world.run("run", "-f", world.file(COMMENTED, "same.yaml")))
        self.assertEqual(same.out, f"invocation.lepton.dev/run unchanged in {world.manifests}/run.yaml\n")
        other = world.file(existing(tasks=["hellaswag", "winogrande"], execution={"timeout": "2h"}))
        self.refuses(world.run("run", "-f", other), 3, "run.yaml:2 declares it already, in other words")
        self.refuses(world.run("run", "-f", other, "--dry-run=server"), 3, "declares it already")
        changed = world.run("run", "-f", other, "target.modelId=other", "--dry-run=server")
        self.refuses(changed, 2, "cannot change any more", "--name runs it as another Invocation")
        (world.manifests / "second.yaml").write_text(existing("something-else", tasks=["hellaswag"]))
        self.refuses(world.run("run", "-f", other, "--name", "second"), 3, "second.yaml is there and declares something else")
        self.assertEqual((world.manifests / "run.yaml").read_text(), COMMENTED)

    def test_what_is_being_deleted_is_waited_for(self):
        world = self.world("--run-delay", "300ms", "--delete-delay", "10m")
        self.succeeds(world.run("run", "-f", world.file(existing(tasks=["hellaswag"])), "--wait"))
        going = self.running(world, "delete", "run", "--wait")
        going.until("removed")
        world.until_phase("Deleting")
        self.assertIn("its manifest is gone already", self.succeeds(world.run("delete", "run")).out)
        self.refuses(world.run("run", "-f", world.folder / "manifest.yaml"), 3, "default/run is still being deleted", "")
        going.interrupt()
        self.assertEqual(going.end()[0], 130)
        self.assertTrue(any("default/run goes on being deleted" in line for line in going.errors), going.errors)


if __name__ == "__main__":
    at_once.main()
