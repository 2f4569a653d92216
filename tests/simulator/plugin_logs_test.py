"""kubectl lepton logs: what jobs and endpoints write, at once, once, and to the end (Must show 3).

One operator and one simulated workspace for all that only differ by their Invocation; jobs end when a test says so.
"""
import itertools
import subprocess
import time

import at_once
import harness
import plugin
from harness import nim


class Logs(plugin.Case):
    """A workspace in which jobs write for as long as they are left to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = plugin.World("--ready-delay", "200ms", "--run-delay", "10m", "--stream-logs")
        cls.addClassCleanup(cls.shared.close)
        cls.shared.start("--poll-interval", "200ms", "--poll-interval-idle", "500ms")

    def running_invocation(self, tasks=("hellaswag",), **more):
        """(its name, the ids of its jobs)"""
        name = self.id().rsplit(".", 1)[-1].replace("_", "-").removeprefix("test-")[:40].rstrip("-")
        self.shared.apply(nim(name, tasks=list(tasks), **more), f"{name}.yaml")
        self.addCleanup(self.shared.remove, f"{name}.yaml")
        return name, *[self.shared.job(task, name) for task in tasks]

    def read(self, *words):
        return self.succeeds(self.shared.run("logs", *words)).out.splitlines()

    def end_job(self, job):
        self.shared.simulator.call("set", {"job": job, "state": "Completed"})


class Following(Logs):
    def test_a_line_is_shown_within_a_second_and_the_end_of_the_job_is_the_end(self):
        name, job = self.running_invocation()
        log = self.running(self.shared, "logs", name, "--task", "hellaswag", "--follow")
        log.until("running ")
        delays = []
        for i in range(10):
            said = self.shared.say(job, f"line {i}")
            at, line = log.next()
            self.assertEqual(line, f"line {i}")
            delays.append(at - said)
        print(f"delays of ten lines: median {sorted(delays)[5] * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms")
        self.assertLess(max(delays), 1.0)
        self.end_job(job)
        code, rest = log.end()
        self.assertEqual((code, rest, log.errors), (0, ["done"], []))

    def test_a_dropped_connection_costs_no_line_and_shows_none_twice(self):
        name, job = self.running_invocation()
        log = self.running(self.shared, "logs", name, "--follow")
        log.until("running ")
        expected = []
        for round_ in range(3):
            for i in range(3):
                expected.append("the same line" if i == 1 else f"round {round_} line {i}")
                self.shared.say(job, expected[-1])
            self.assertEqual([log.next()[1] for _ in range(3)], expected[-3:])
            self.shared.simulator.call("drop-logs", {})
            expected.append(f"while away {round_}")
            self.shared.say(job, expected[-1])
            self.assertEqual(log.next()[1], expected[-1])
        self.end_job(job)
        self.assertEqual(log.end(), (0, ["done"]))
        self.assertIn("hellaswag: the connection to the log was lost; opening it again", log.errors)
        opened = self.shared.simulator.requests("GET", rf"/jobs/{job}/replicas/.*/log")
        self.assertGreaterEqual(len(opened), 4, "it was dropped three times")

    def test_lepton_may_refuse_for_a_while(self):
        name, job = self.running_invocation()
        log = self.running(self.shared, "logs", name, "--follow")
        log.until("running ")
        self.shared.simulator.call("fault", {"method": "GET", "path": f"/jobs/{job}/replicas*", "status": 503, "times": 3})
        self.shared.simulator.call("drop-logs", {})
        self.shared.say(job, "after three refusals")
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
        name, job = self.running_invocation()
        words = " ".join(self.shared.words("logs", name, "--follow"))
        pipe = subprocess.Popen(["bash", "-c", f"{words} | head -n 2"], env=self.shared.environment(), stdout=subprocess.PIPE, text=True)
        self.addCleanup(pipe.stdout.close)
        self.addCleanup(lambda: pipe.poll() is None and pipe.kill())
        until = time.monotonic() + 60
        lines = itertools.count(1)
        while pipe.poll() is None and time.monotonic() < until:  # that the reader went is seen with the next line
            self.shared.say(job, f"line {next(lines)}")
            time.sleep(0.02)
        self.assertEqual(pipe.poll(), 0)
        self.assertEqual(len(pipe.stdout.read().splitlines()), 2)

    def test_ctrl_c_ends_it_and_nothing_else(self):
        name, job = self.running_invocation()
        log = self.running(self.shared, "logs", name, "--follow")
        log.until("running ")
        log.interrupt()
        self.assertEqual(log.end(), (130, []))
        self.assertEqual(log.errors, [])
        self.assertIn(job, [j["id"] for j in self.shared.simulator.dump()["jobs"] if j["status"]["state"] == "Running"])

    def test_the_tail_of_what_is_there_and_then_all_that_comes(self):
        name, job = self.running_invocation()
        self.shared.say(job, "\n".join(f"early {i}" for i in range(6000)))
        log = self.running(self.shared, "logs", name, "-f", "--tail", "2")
        self.assertEqual([log.next()[1], log.next()[1]], ["early 5998", "early 5999"])
        for line in ("late 0", "late 1", "late 2"):
            self.shared.say(job, line)
            self.assertEqual(log.next()[1], line)
        nothing_of_before = self.running(self.shared, "logs", name, "-f", "--tail", "0")
        opened = rf"/jobs/{job}/replicas/.*/log"
        self.shared.until("it is connected", lambda: len(self.shared.simulator.requests("GET", opened)) == 2)
        self.end_job(job)
        self.assertEqual(log.end(), (0, ["done"]))
        code, rest = nothing_of_before.end()
        self.assertEqual((code, [line for line in rest if line != "done"]), (0, []))


class Replicas(Logs):
    """Of an endpoint with two."""

    def endpoint(self):
        """(the Invocation's name, its job's, the endpoint's, the last parts of its replicas' names)"""
        name, job = self.running_invocation(deployment={"minReplicas": 2})
        endpoint = self.shared.status(name)["tasks"][0]["endpoint"]["name"]
        listed = self.shared.simulator.call("dump")["deployments"]
        self.assertIn(endpoint, [each["name"] for each in listed])
        log = self.read(name, "--endpoint")
        replicas = list(dict.fromkeys(line.split(" | ")[0] for line in log))
        self.assertEqual(len(replicas), 2, log)
        self.assertEqual(log, [f"{replica} | {line}" for replica in replicas for line in (f"starting {endpoint}", "serving")])
        self.say(endpoint, 0, "zero")
        self.say(endpoint, 1, "one")
        first = next(line.split(" | ")[0] for line in self.read(name, "--endpoint") if line.endswith(" | zero"))
        return name, job, endpoint, [first] + [r for r in replicas if r != first]

    def say(self, endpoint, place, line):
        self.shared.simulator.call("say", {"deployment": endpoint, "replica": place, "line": line})

    def test_each_line_says_of_which_replica_it_is_and_one_can_be_chosen(self):
        name, _, endpoint, (first, second) = self.endpoint()
        self.assertEqual(self.read(name, "--endpoint", "--replica", second), [f"starting {endpoint}", "serving", "one"])
        self.assertEqual(self.read(name, "--endpoint", "--replica", f"{endpoint}-{first}", "--tail", "1"), ["zero"])
        self.assertEqual(sorted(self.read(name, "--endpoint", "--tail", "1")), sorted([f"{first} | zero", f"{second} | one"]))
        self.refuses(self.shared.run("logs", name, "--endpoint", "--replica", "nobody"), 3, f'{endpoint} has no replica "nobody"; it has {endpoint}-',
                     "leave --replica out")
        self.refuses(self.shared.run("logs", name, "--endpoint", "-f", "--replica", "nobody"), 3, 'has no replica "nobody"')

        # A server without the search: the replicas' own logs, which go on.
        whole = self.read(name, "--endpoint", "--tail", "1")
        self.shared.simulator.call("fault", {"method": "GET", "path": "/logs", "status": 404, "times": 2})
        self.assertEqual(self.read(name, "--endpoint", "--tail", "1"), whole)

    def test_all_are_followed_at_once_and_each_loss_is_made_up(self):
        name, job, endpoint, (first, second) = self.endpoint()
        log = self.running(self.shared, "logs", name, "--endpoint", "-f")
        seen = sorted(log.next()[1] for _ in range(6))
        self.assertEqual(seen, sorted(f"{r} | {line}" for r, said in ((first, "zero"), (second, "one")) for line in (f"starting {endpoint}", "serving", said)))
        for place, replica in ((1, second), (0, first), (1, second)):
            self.say(endpoint, place, "more")
            self.assertEqual(log.next()[1], f"{replica} | more")
        self.shared.simulator.call("drop-logs", {})
        self.say(endpoint, 0, "while away")
        self.assertEqual(log.next()[1], f"{first} | while away")
        self.say(endpoint, 1, "again")
        self.assertEqual(log.next()[1], f"{second} | again")
        self.end_job(job)
        self.assertEqual(log.end(), (0, []), "it ends with its endpoint")


class Reading(Logs):
    def test_what_was_written_can_be_read_while_it_runs_and_after_its_end(self):
        name, job = self.running_invocation()
        for line in ("one", "", "three"):
            self.shared.say(job, line)
        shown = self.read(name, "--task", "hellaswag")
        self.assertEqual(shown[1:], ["one", "", "three"])
        self.assertRegex(shown[0], r"^running eval-hellas-0-\w{10}$")
        self.assertEqual(self.read(name, "--tail", "2"), ["", "three"])
        self.assertEqual((self.read(name, "--tail", "0"), self.read(name, "--tail", "-1"), self.read(name, "--tail", "99")), ([], shown, shown))
        self.assertIn("serving", self.read(name, "--endpoint"))

        # A server without the search: the replica's own log, which goes on for as long as the job does.
        self.shared.simulator.call("fault", {"method": "GET", "path": "/logs", "status": 404, "times": 1})
        self.assertEqual(self.read(name), shown)

        self.end_job(job)
        self.shared.until_phase("Succeeded", name)
        self.assertEqual(self.read(name), [*shown, "done"])
        self.assertEqual(self.read(name, "--follow"), [*shown, "done"])
        self.assertEqual(self.read(name, "--follow", "--tail", "1"), ["done"])

        # The endpoint is let go of once its job is over.
        endpoint = self.shared.status(name)["tasks"][0]["endpoint"]["name"]
        self.shared.until("it is gone", lambda: endpoint not in [d["name"] for d in self.shared.simulator.dump()["deployments"]])
        nothing = self.succeeds(self.shared.run("logs", name, "--endpoint"))
        self.assertEqual((nothing.out, nothing.err), ("", f"{name}: Lepton has no line of hellaswag's endpoint\n"))

    def test_more_lines_than_one_answer_holds(self):
        name, job = self.running_invocation()
        lines = [f"line {i}" for i in range(5200)]
        self.shared.say(job, "\n".join(lines))
        self.assertEqual(self.read(name)[1:], lines)
        self.assertEqual(self.read(name, "--tail", "5100"), lines[-5100:])

    def test_what_is_older_than_since_is_left_out(self):
        world = self.world("--ready-delay", "200ms", "--run-delay", "10m", "--stream-logs")
        world.apply(nim("run", tasks=["hellaswag"]))
        world.say(world.job("hellaswag", "run"), "old")
        read = lambda name, *words: self.succeeds(world.run("logs", name, *words))
        self.assertEqual(read("run", "--since", "10m").out.splitlines()[1:], ["old"])
        world.until("it is older than a second", lambda: read("run", "--since", "1s").out == "")
        self.assertEqual(read("run", "--since", "1s").err, "run: Lepton has no line of hellaswag's job of the last 1s\n", "and no stream is read instead")
        world.simulator.call("advance", {"by": "5m"})  # what begins now is new however slow this machine is
        world.apply(nim("later", tasks=["hellaswag"]), "later.yaml")
        world.say(world.job("hellaswag", "later"), "new")
        self.assertEqual(read("later", "--since", "1s").out.splitlines()[1:], ["new"])
        self.assertEqual(read("later", "--since", "1s", "--tail", "1").out.splitlines(), ["new"])
        self.refuses(world.run("logs", "run", "--since", "soon"), 2, '--since: "soon" is no duration', "e.g. 90s")
        self.refuses(world.run("logs", "run", "--since", "1m", "--follow"), 2, "--since: not with --follow", "--tail N")
        world.simulator.call("fault", {"method": "GET", "path": "/logs", "status": 404, "times": 1})
        self.refuses(world.run("logs", "run", "--since", "1m"), 3, "a stream has no times", "workspace check")

    def test_several_tasks_are_read_one_after_the_other(self):
        name, first, second = self.running_invocation(["hellaswag", "winogrande"])
        self.shared.say(first, "from the first")
        self.shared.say(second, "from the second")
        self.assertEqual(self.read(name, "--tail", "1"), ["hellaswag  | from the first", "winogrande | from the second"])
        self.refuses(self.shared.run("logs", name, "--replica", "x"), 2, "--replica: is of one task", "name it with --task")

    def test_what_cannot_be_read_is_told(self):
        world = self.world("--ready-delay", "10m")
        self.refuses(world.run("logs", "nothing"), 3, "there is no Invocation default/nothing", "kubectl lepton status")
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
        self.shared.apply(harness.existing("foreign", tasks=["hellaswag"]), "foreign.yaml")
        self.addCleanup(self.shared.remove, "foreign.yaml")
        self.shared.job("hellaswag", "foreign")
        self.refuses(self.shared.run("logs", "foreign", "--endpoint"), 3, "has no endpoints of its own", "logs foreign")


if __name__ == "__main__":
    at_once.main()
