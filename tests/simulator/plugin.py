"""kubectl-lepton as its user runs it, on a directory: what the tests of the plugin stand on."""
import queue
import signal
import subprocess
import threading
import time

import harness

BIN = harness.BIN / "kubectl-lepton"


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Running:
    """A plugin that goes on, with each line of it and the time at which it came."""

    def __init__(self, words, environment):
        self.popen = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.errors = queue.Queue(), []
        self.readers = [threading.Thread(target=self.read_out), threading.Thread(target=self.read_err)]
        for reader in self.readers:
            reader.start()

    def read_out(self):
        for line in self.popen.stdout:
            self.lines.put((time.monotonic(), line.rstrip("\n")))
        self.lines.put(None)

    def read_err(self):
        for line in self.popen.stderr:
            self.errors.append(line.rstrip("\n"))

    def next(self, seconds=20):
        """(time, line); AssertionError when it ended or said nothing in time."""
        try:
            found = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing was said for {seconds} s; stderr: {self.errors}") from None
        if found is None:
            raise AssertionError(f"it ended; stderr: {self.errors}")
        return found

    def until(self, what, seconds=20):
        """All lines up to one that holds `what`."""
        end, seen = time.monotonic() + seconds, []
        while True:
            seen.append(self.next(max(0.01, end - time.monotonic()))[1])
            if what in seen[-1]:
                return seen

    def interrupt(self):
        self.popen.send_signal(signal.SIGINT)

    def end(self, seconds=30):
        """Exit code, and the lines that were not asked for."""
        code = self.popen.wait(seconds)
        for reader in self.readers:
            reader.join()
        rest = []
        while (found := self.lines.get_nowait()) is not None:
            rest.append(found[1])
        return code, rest

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for reader in self.readers:
            reader.join()
        self.popen.stdout.close()
        self.popen.stderr.close()


class World(harness.World):
    """A directory with an operator, and the plugin beside it."""

    def environment(self, **more):
        known = {"LEPTON_WORKSPACE_ID": harness.WORKSPACE, "LEPTON_WORKSPACE_TOKEN": harness.TOKEN, "LEPTON_WORKSPACE_URL": self.simulator.url,
                 "LEPTON_CACHE_DIR": str(self.folder / "no-login"), "KUBECONFIG": "", "LANG": "C.UTF-8"}
        return {**harness.clean_environment(), **known, **more}

    def words(self, *words):
        return [str(BIN), *map(str, words), "--manifests", str(self.manifests), "--state-dir", str(self.state)]

    def run(self, *words, input=None, **environment):
        done = subprocess.run(self.words(*words), env=self.environment(**environment), input=input, capture_output=True, text=True, timeout=60,
                              check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def job(self, task, name="run"):
        """The id of the task's job once it runs."""
        def found():
            for each in self.status(name).get("tasks", []):
                if each["name"] == task and each.get("job", {}).get("state") == "Running":
                    return each["job"]["id"]
            return None
        return self.until(f"the job of {task} runs", found)

    def say(self, job, line):
        self.simulator.call("say", {"job": job, "line": line})
        return time.monotonic()

    def file(self, text, name="manifest.yaml"):
        """A manifest that a user has, outside of the operator's directory."""
        path = self.folder / name
        path.write_text(text)
        return path


class Case(harness.Case):
    def world(self, *flags, start=True):
        world = World(*flags)
        self.addCleanup(world.close)
        if start:
            world.start("--poll-interval", "200ms", "--poll-interval-idle", "500ms")
            world.until("the operator works", lambda: 'msg="started"' in world.operator.text())
        return world

    def running(self, world, *words, **environment):
        running = Running(world.words(*words), world.environment(**environment))
        self.addCleanup(running.close)
        return running

    def succeeds(self, done):
        self.assertEqual(done.code, 0, str(done))
        return done

    def refuses(self, done, code, says, hint=None):
        """Exit code, one sentence that holds `says`, and nothing on stdout."""
        self.assertEqual(done.code, code, str(done))
        self.assertIn("kubectl-lepton: ", done.err, str(done))
        self.assertIn(says, done.err, str(done))
        if hint:
            self.assertIn("hint: ", done.err, str(done))
            self.assertIn(hint, done.err, str(done))
        return done
