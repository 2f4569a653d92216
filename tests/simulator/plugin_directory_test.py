"""kubectl lepton on a directory: every verb, from run to nothing left (Must show 5)."""
import json
import os
import stat

import at_once
import harness
import plugin
import yaml
from harness import existing, nim

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: lepton}\nstringData: {credentials: 'ws-sim:%s'}\n" % harness.TOKEN


class Verbs(plugin.Case):
    def test_from_run_to_nothing_left(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "1s")
        manifest = world.file(nim(tasks=["hellaswag", "winogrande"]))
        dry = self.succeeds(world.run("run", "-f", manifest, "--dry-run=client"))
        self.assertEqual(dry.out, f"invocation.lepton.dev/run created in {world.manifests}/run.yaml (dry run)\n")
        self.assertEqual(list(world.manifests.iterdir()), [])

        done = self.succeeds(world.run("run", "-f", manifest, "evaluation.config.config.params.limit_samples=3", "--wait"))
        lines = done.out.splitlines()
        self.assertEqual(lines[0], f"invocation.lepton.dev/run created in {world.manifests}/run.yaml")
        for told in ("run: endpoint ready task=hellaswag", "run: job created task=winogrande", "run: task succeeded", "phase=Succeeded"):
            self.assertTrue(any(told in line for line in lines), f"{told} is not in\n{done.out}")
        self.assertTrue(any(line.startswith("run Succeeded: 2 of 2 tasks succeeded after ") for line in lines), done.out)
        self.assertNotIn("\x1b", done.out)
        self.assertEqual(world.object()["spec"]["evaluation"]["config"]["config"]["params"], {"limit_samples": 3})

        table = self.succeeds(world.run("status")).out.splitlines()
        self.assertEqual(table[0].split(), ["NAME", "PHASE", "TYPE", "ENDPOINTS", "TASKS", "AGE"])
        self.assertEqual(table[1].split()[:3], ["run", "Succeeded", "nim"])
        report = self.succeeds(world.run("status", "inv/run", "-o", "wide")).out
        for word in ("WORKSPACE", "hellaswag", "ENDPOINT NAME", world.status()["invocationId"], "Complete (TasksSucceeded)"):
            self.assertIn(word, report)
        self.assertEqual(json.loads(self.succeeds(world.run("status", "run", "-o", "json")).out), world.object())
        self.assertEqual(yaml.safe_load(self.succeeds(world.run("status", "run", "-o", "yaml")).out), world.object())
        self.assertEqual(json.loads(self.succeeds(world.run("status", "-o", "json")).out)["items"], [world.object()])

        events = self.succeeds(world.run("events", "run"))
        for word in ("EndpointReady", "TaskSucceeded", "hellaswag runs in job"):
            self.assertIn(word, events.out)
        self.assertIn("A directory keeps no events", events.err)

        again = self.succeeds(world.run("run", "-f", manifest, "evaluation.config.config.params.limit_samples=3", "--wait"))
        self.assertIn("run unchanged in ", again.out)
        self.assertIn("run Succeeded: 2 of 2", again.out)

        self.assertTrue(harness.left(world.simulator.dump())["jobs"], "something is there, or its absence proves nothing")
        gone = self.succeeds(world.run("delete", "run", "--wait"))
        self.assertEqual(gone.out.splitlines()[0], f"{world.manifests}/run.yaml removed")
        self.assertEqual(gone.out.splitlines()[-1], "default/run is gone, and nothing of it is left in Lepton")
        self.assert_nothing_left(world)
        empty = self.succeeds(world.run("status"))
        self.assertEqual((empty.out, empty.err), ("", "No Invocations in namespace default.\n"))

    def test_what_is_run_again_is_waited_for_anew(self):
        world = self.world("--run-delay", "300ms")
        manifest = world.file(existing(tasks=["hellaswag"]))
        self.succeeds(world.run("run", "-f", manifest, "--wait"))
        again = self.succeeds(world.run("run", "-f", manifest, "evaluation.tasks.hellaswag.run=1", "--wait"))
        self.assertIn("run configured in ", again.out)
        self.assertIn("run: job created task=hellaswag", again.out)
        self.assertIn("run Succeeded: 1 of 1", again.out)
        self.assertEqual(world.status()["tasks"][0].get("run"), 1)

    def test_a_failure_is_exit_code_1_and_says_which_task(self):
        scenario = self.world(start=False).file("rules: [{match: winogrande, kind: job, outcome: fail, exit-code: 3}]", "scenario.yaml")
        world = self.world("--run-delay", "300ms", "--scenario", scenario)
        done = world.run("run", "-f", world.file(existing(tasks=["hellaswag", "winogrande"])), "--wait")
        self.assertEqual(done.code, 1, str(done))
        self.assertIn("run Failed: 1 of 2 tasks succeeded", done.out)
        self.assertRegex(done.out, r"(?m)^  winogrande Failed: .+")

    def test_what_is_not_over_in_time_is_exit_code_1_and_goes_on(self):
        world = self.world("--run-delay", "10m")
        done = world.run("run", "-f", world.file(existing(tasks=["hellaswag"])), "--wait", "--timeout", "1s")
        self.assertEqual(done.code, 1, str(done))
        self.assertIn("run is not over after 1s, and goes on in ", done.err)
        self.assertIn("kubectl lepton status run --watch", done.err)
        world.job("hellaswag")
        running = self.running(world, "run", "-f", world.folder / "manifest.yaml", "--wait")
        running.until("unchanged")
        world.remove()
        code, rest = running.end()
        self.assertEqual(code, 1)
        self.assertIn("run was deleted while it was waited for", rest)

    def test_ctrl_c_without_a_terminal(self):
        world = self.world("--run-delay", "10m")
        running = self.running(world, "run", "-f", world.file(existing(tasks=["hellaswag"])), "--wait")
        running.until("task running")
        running.interrupt()
        self.assertEqual(running.end()[0], 130)
        self.assertIn(f"run goes on in the directory {world.manifests}.", running.errors)
        self.assertEqual(world.status()["phase"], "Running")

    def test_secrets_and_workspaces_stand_before_what_needs_them(self):
        world = self.world("--run-delay", "300ms", start=False)
        world.start("--poll-interval", "200ms", LEPTON_CACHE_DIR=str(world.folder / "no-login"))
        world.until("the operator works", lambda: 'msg="started"' in world.operator.text())
        workspace = f"apiVersion: lepton.dev/v1alpha1\nkind: Workspace\nmetadata: {{name: default}}\nspec: {{credentialsSecretRef: {{name: lepton}}, url: '{world.simulator.url}'}}\n"
        manifest = world.file("---\n".join([existing(tasks=["hellaswag"]), workspace, SECRET]))
        done = self.succeeds(world.run("run", "-f", manifest, "--wait", LEPTON_WORKSPACE_ID=""))
        self.assertEqual([line.split()[0] for line in done.out.splitlines()[:3]], ["secret/lepton", "workspace.lepton.dev/default", "invocation.lepton.dev/run"])
        self.assertEqual(stat.S_IMODE(os.stat(world.manifests / "secret.lepton.yaml").st_mode), 0o600)
        self.assertNotIn(harness.TOKEN, done.out + done.err)
        shown = self.succeeds(world.run("logs", "run", LEPTON_WORKSPACE_ID=""))
        self.assertIn("done", shown.out)

    def test_two_of_them_are_waited_for_together_also_from_standard_input(self):
        world = self.world("--run-delay", "300ms")
        both = existing("one", tasks=["hellaswag"]) + "---\n" + existing("two", tasks=["winogrande"])
        done = self.succeeds(world.run("run", "-f", "-", "--wait", input=both))
        self.assertIn("one Succeeded: 1 of 1", done.out)
        self.assertIn("two Succeeded: 1 of 1", done.out)

    def test_under_another_name_and_in_another_namespace(self):
        world = self.world("--run-delay", "300ms")
        self.succeeds(world.run("run", "-f", world.file(existing(tasks=["hellaswag"])), "--name", "second", "-n", "team", "--wait"))
        self.assertEqual(world.status("second", "team")["phase"], "Succeeded")
        self.assertTrue((world.manifests / "team.second.yaml").exists())
        self.refuses(world.run("status", "second"), 3, "there is no Invocation default/second", "--namespace")
        self.succeeds(world.run("delete", "second", "-n", "team", "--wait"))

    def test_a_watch_elsewhere_than_on_a_terminal_is_a_line_for_each_change(self):
        world = self.world("--ready-delay", "10m", "--run-delay", "10m")  # no change is missed however slow this machine is
        watch = self.running(world, "status", "--watch")
        world.apply(nim(tasks=["hellaswag"]))
        lines = watch.until("Deploying")
        for kind, phase in (("deployments", "Running"), ("jobs", "Succeeded")):
            harness.wait(f"there are {kind}", lambda: world.simulator.dump()[kind])
            world.simulator.call("advance", {"by": "10m"})
            lines += watch.until(phase)
        self.assertEqual(sum(line.startswith("NAME") for line in lines), 1)
        self.assertGreaterEqual(len(lines), 4)
        watch.interrupt()
        self.assertEqual(watch.end()[0], 0)


if __name__ == "__main__":
    at_once.main()
