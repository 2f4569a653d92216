"""Throw-away virtual environments with other people's programs from PyPI, unmodified, at pinned versions.

    python = venv("leptonai-0.47.1", locked("leptonai-0.47.1"))      # the path of that environment's python

Made at first use below the cache (${XDG_CACHE_HOME:-~/.cache}/lepton-operator/venvs), one for each set of pins, and used by all test runs and
clones after that. Tests may ask for one at the same time: the first makes it, the others wait for its lock. One whose making was broken
off is made again. Where PyPI cannot be reached venv() raises CannotRun; run() turns that into exit code 77 and `cannot run: WHY`.

    python3 tests/conformance/venv.py [NAME...]      makes those of pins/NAME.txt (default: all)
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lepton-operator" / "venvs"
SKIP = 77  # SKIP_RETURN_CODE of the tests


class CannotRun(Exception):
    """What is missing on this machine, as a sentence without a full stop."""


def locked(name):
    """The pins of pins/NAME.txt: a package and everything that it needs, each at one version."""
    lines = (HERE / "pins" / f"{name}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def venv(name, pins):
    """The python of an environment that holds exactly `pins` (requirements, as pip takes them) and what they need."""
    key = hashlib.sha256("\n".join([sys.version, os.path.realpath(sys.executable), *pins]).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{key}"
    complete, python = folder / ".complete", folder / "bin" / "python"
    if complete.exists():
        return python
    CACHE.mkdir(parents=True, exist_ok=True)
    with _lock(CACHE / f"{name}-{key}.lock"):
        if not complete.exists():
            print(f"making {folder}, a minute or two, once", file=sys.stderr, flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, python, pins)
            complete.touch()
    return python


def _make(folder, python, pins):
    # -I: this very file is called venv, as the library's module is.
    _step([sys.executable, "-I", "-m", "venv", folder], "python3 -m venv failed (Debian: apt install python3-venv)")
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(pins) + "\n")
    _step([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements],
          f"pip could not install what {requirements} lists")


def _step(words, what):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise CannotRun(f"{what}: {' '.join((done.stdout.strip().splitlines() or ['no output'])[-1].split())[:200]}")


@contextlib.contextmanager
def _lock(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go by the kernel, however this process ends
        yield


def run(main):
    """Ends the process as `main()` says; with 77 where what it needs cannot be had here."""
    try:
        sys.exit(main())
    except CannotRun as reason:
        print(f"cannot run: {reason}", flush=True)
        sys.exit(SKIP)


def _all():
    names = sys.argv[1:] or sorted(file.stem for file in (HERE / "pins").glob("*.txt"))
    for name in names:
        print(venv(name, locked(name)))


if __name__ == "__main__":
    run(_all)
