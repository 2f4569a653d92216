"""kubectl lepton logs: what jobs and endpoints write, at once, once, and to the end (Must show 3)."""
import subprocess
import unittest

import harness
import plugin
from harness import nim


class Following(plugin.Case):
    def follow(self, *flags, tasks=("hellaswag",), **more):
        world = self.world("--ready-delay", "300ms", "--run-delay", "10m", "--stream-logs", *flags)
        world.apply(nim(tasks=list(tasks), **more))
        return world

    def test_a_line_is_shown_within_a_second_and_the_end_of_the_job_is_the_end(self):
        world = self.follow()
        job = world.job("hellaswag")
        log = self.running(world, "logs", "run", "--task", "hellaswag", "--follow")
        log.until("running ")
        delays = []
        for i in range(10):
            said = world.say(job, f"line {i}")
            at, line = log.next()
            self.assertEqual(line, f"line {i}")
            delays.append(at - said)
        print(f"delays of ten lines: median {sorted(delays)[5] * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms")
        self.assertLess(max(delays), 1.0)
        world.simulator.call("set", {"job": job, "state": "Completed"})
        code, rest = log.end()
        self.assertEqual((code, rest, log.errors), (0, ["done"], []))

    def test_a_dropped_connection_costs_no_line_and_shows_none_twice(self):
        world = self.follow()
        job = world.job("hellaswag")
        log = self.running(world, "logs", "run", "--follow")
        log.until("running ")
        expected = []
        for round_ in range(3):
            for i in range(3):
                expected.append("the same line" if i == 1 else f"round {round_} line {i}")
                world.say(job, expected[-1])
            self.assertEqual([log.next()[1] for _ in range(3)], expected[-3:])
            world.simulator.call("drop-logs", {})
            expected.append(f"while away {round_}")
            world.say(job, expected[-1])
            self.assertEqual(log.next()[1], expected[-1])
        world.simulator.call("set", {"job": job, "state": "Completed"})
        self.assertEqual(log.end(), (0, ["done"]))
        self.assertIn("hellaswag: the connection to the log was lost; opening it again", log.errors)
        opened = world.simulator.requests("GET", rf"/jobs/{job}/replicas/.*/log")
        self.assertGreaterEqual(len(opened), 4, "it was dropped three times")

    def test_lepton_may_refuse_for_a_while(self):
        world = self.follow()
        job = world.job("hellaswag")
        log = self.running(world, "logs", "run", "--follow")
        log.until("running ")
        world.simulator.call("fault", {"method": "GET", "path": f"/jobs/{job}/replicas*", "status": 503, "times": 3})
        world.simulator.call("drop-logs", {})
        world.say(job, "after three refusals")
        self.assertEqual(log.next(30)[1], "after three refusals")

    def test_it_waits_for_a_job_that_is_not_there_yet_and_marks_each_task(self):
        world = self.world("--ready-delay", "10m", "--run-delay", "10m", "--stream-logs")
        world.apply(nim(tasks=["hellaswag", "winogrande"]))
        world.until_phase("Deploying")
        log = self.running(world, "logs", "run", "-f")
        world.until("it says that it waits", lambda: len(log.errors) == 2)
        self.assertIn("run: hellaswag has no job yet; waiting for it", log.errors)
        for task in world.status()["tasks"]:
            name = world.until("endpoints are named", lambda t=task["name"]: next(
                t2["endpoint"].get("name") for t2 in world.status()["tasks"] if t2["name"] == t))
            world.until("it can be set", lambda n=name: self.set_ready(world, n))
        jobs = {task: world.job(task) for task in ("hellaswag", "winogrande")}
        lines = [log.next()[1], log.next()[1]]
        self.assertEqual(sorted(line.split(" | ")[0] for line in lines), ["hellaswag ", "winogrande"])
        for task, job in jobs.items():
            world.say(job, f"from {task}")
            self.assertEqual(log.next()[1], f"{task:10} | from {task}")
            world.simulator.call("set", {"job": job, "state": "Completed"})
            log.until("done")
        self.assertEqual(log.end()[0], 0)

    @staticmethod
    def set_ready(world, name):
        try:
            world.simulator.call("set", {"deployment": name, "state": "Ready"})
            return True
        except OSError:
            return False

    def test_it_ends_with_whoever_reads_it(self):
        world = self.follow()
        job = world.job("hellaswag")
        words = " ".join(world.words("logs", "run", "--follow"))
        pipe = subprocess.Popen(["bash", "-c", f"{words} | head -n 2"], env=world.environment(), stdout=subprocess.PIPE, text=True)
        self.addCleanup(pipe.stdout.close)
        self.addCleanup(lambda: pipe.poll() is None and pipe.kill())
        for i in range(100):
            world.say(job, f"line {i}")
            if pipe.poll() is not None:
                break
        self.assertEqual(pipe.wait(20), 0)
        self.assertEqual(len(pipe.stdout.read().splitlines()), 2)

    def test_ctrl_c_ends_it_and_nothing_else(self):
        world = self.follow()
        job = world.job("hellaswag")
        log = self.running(world, "logs", "run", "--follow")
        log.until("running ")
        log.interrupt()
        self.assertEqual(log.end()[0], 130)
        self.assertEqual([j["id"] for j in world.simulator.dump()["jobs"] if j["status"]["state"] == "Running"], [job])


class Reading(plugin.Case):
    def test_what_was_written_can_be_read_while_it_runs_and_after_its_end(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "10m", "--stream-logs")
        world.apply(nim(tasks=["hellaswag"]))
        job = world.job("hellaswag")
        for line in ("one", "", "three"):
            world.say(job, line)
        shown = self.succeeds(world.run("logs", "run", "--task", "hellaswag")).out.splitlines()
        self.assertEqual(shown[1:], ["one", "", "three"])
        self.assertRegex(shown[0], r"^running eval-hellas-0-\w{10}$")

        served = self.succeeds(world.run("logs", "run", "--endpoint")).out
        self.assertIn("serving", served)

        # A server without the search: the replica's own log, which goes on for as long as the job does.
        world.simulator.call("fault", {"method": "GET", "path": "/logs", "status": 404, "times": 1})
        self.assertEqual(self.succeeds(world.run("logs", "run")).out.splitlines(), shown)

        world.simulator.call("set", {"job": job, "state": "Completed"})
        world.until_phase("Succeeded")
        self.assertEqual(self.succeeds(world.run("logs", "run")).out.splitlines(), [*shown, "done"])
        self.assertEqual(self.succeeds(world.run("logs", "run", "--follow")).out.splitlines(), [*shown, "done"])

    def test_more_lines_than_one_answer_holds(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "10m")
        world.apply(nim(tasks=["hellaswag"]))
        job = world.job("hellaswag")
        lines = [f"line {i}" for i in range(5200)]
        world.say(job, "\n".join(lines))
        self.assertEqual(self.succeeds(world.run("logs", "run")).out.splitlines()[1:], lines)

    def test_what_cannot_be_read_is_told(self):
        world = self.world("--ready-delay", "10m")
        self.refuses(world.run("logs", "nothing"), 3, "there is no Invocation default/nothing", "kubectl lepton status")
        self.refuses(world.run("logs"), 2, "NAME: is missing")
        world.apply(nim(tasks=["hellaswag"]))
        world.until_phase("Deploying")
        done = self.succeeds(world.run("logs", "run"))
        self.assertEqual((done.out, done.err), ("", "run: hellaswag has no job yet\n"))
        self.refuses(world.run("logs", "run", "--task", "helaswag"), 3, 'default/run has no task "helaswag"', "did you mean hellaswag?")
        self.refuses(world.run("logs", "run", LEPTON_WORKSPACE_ID=""), 3, "there is no Workspace default/default", "workspace check")
        wrong = self.refuses(world.run("logs", "run", "--endpoint", LEPTON_WORKSPACE_TOKEN="wrong-token-1"), 3, "401")
        self.assertNotIn("wrong-token-1", wrong.err)
        self.refuses(world.run("logs", "run", "--endpoint", LEPTON_WORKSPACE_URL="http://127.0.0.1:9/api/v2/workspaces/ws-sim"), 3, "no answer from lepton")

    def test_an_existing_endpoint_is_nobody_of_ours(self):
        world = self.world("--run-delay", "10m")
        world.apply(harness.existing(tasks=["hellaswag"]))
        world.job("hellaswag")
        self.refuses(world.run("logs", "run", "--endpoint"), 3, "has no endpoints of its own", "logs run")


if __name__ == "__main__":
    unittest.main(verbosity=2)
