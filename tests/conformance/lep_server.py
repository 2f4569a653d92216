"""Runs inside a virtual environment: starts `lep`, unmodified, as often as it is told to, each time as a process of its own.

What a start of `lep` costs is loading other people's libraries (2 s of CPU). They are loaded here once. A fork of that sets the environment and
the folder of the commands that follow and imports leptonai itself (0.3 s); each command is a fork of the fork, which sets its files and calls
what the console script `lep` calls. leptonai reads the login at import: where the environment or anything in its HOME is another than it was then,
there is another such fork. So each command sees its own environment at import, as in a shell.

Line by line on stdin, a JSON object each: {"argv": [...], "env": {...}, "cwd": FOLDER, "out": FILE, "err": FILE, "in": FILE, "hurry": BOOL};
on stdout {"code": N}. `hurry`: what the command sleeps is a hundredth of what it asked for (time.sleep of its process; `lep` itself is not
touched). The end of stdin ends it.
"""
import importlib
import json
import os
import pathlib
import subprocess
import sys
from multiprocessing import Pipe

LISTING = "import leptonai.cli, sys; print(*[m for m in sys.modules if m.split('.')[0] != 'leptonai'])"
KEPT = os.path.join(sys.prefix, "modules-of-lep")  # the environment never changes, so neither does this


def listing():
    if not os.path.exists(KEPT):
        done = subprocess.run([sys.executable, "-c", LISTING], stdout=subprocess.PIPE, text=True, check=True)
        mine = f"{KEPT}.{os.getpid()}"
        with open(mine, "w") as file:
            file.write(done.stdout)
        os.replace(mine, KEPT)
    with open(KEPT) as file:
        return file.read().split()


def preload():
    for module in listing():
        try:
            importlib.import_module(module)
        except ImportError:
            pass  # a name that only exists while its package loads
    assert not any(name.split(".")[0] == "leptonai" for name in sys.modules), "leptonai belongs to each command alone"


def redirect(number, path, flags):
    handle = os.open(path, flags, 0o600)
    os.dup2(handle, number)
    os.close(handle)


def become(command):
    """In the child: from here on this process is `lep` with its arguments. Returns its exit code."""
    redirect(0, command["in"], os.O_RDONLY)
    redirect(1, command["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    redirect(2, command["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if command["hurry"]:
        import time

        sleep = time.sleep
        time.sleep = lambda seconds: sleep(seconds / 100)
    sys.argv = ["lep", *command["argv"]]
    from leptonai.cli import lep

    return lep()


def run(command):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = become(command) or 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sights(command):
    """All that leptonai can see while it is imported for this command."""
    home = pathlib.Path(command["env"]["HOME"])
    return command["env"], command["cwd"], {str(file): file.read_bytes() for file in home.rglob("*") if file.is_file()}


class Shell:
    """A process that has imported leptonai, for all commands with the same sights."""

    def __init__(self, seen):
        self.seen = seen
        environment, folder, _ = seen
        self.pipe, theirs = Pipe()
        self.process = os.fork()
        if self.process == 0:
            self.pipe.close()
            try:
                self.serve(theirs, environment, folder)
            finally:
                os._exit(1)

    @staticmethod
    def serve(pipe, environment, folder):
        for number in (0, 1, 2):
            redirect(number, os.devnull, os.O_RDWR)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv = ["lep"]
        try:
            importlib.import_module("leptonai.cli")
        except Exception:
            pass  # the command tries again, and says it
        while True:
            pipe.send(run(pipe.recv()))

    def run(self, command):
        self.pipe.send(command)
        return self.pipe.recv()

    def close(self):
        self.pipe.close()
        os.waitpid(self.process, 0)


def main():
    preload()
    print(json.dumps({"ready": True}), flush=True)
    shell = None
    for line in sys.stdin:
        command = json.loads(line)
        seen = sights(command)
        if shell is None or shell.seen != seen:
            if shell:
                shell.close()
            shell = Shell(seen)
        print(json.dumps({"code": shell.run(command)}), flush=True)
    if shell:
        shell.close()


if __name__ == "__main__":
    main()
