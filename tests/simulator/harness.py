"""The whole operator in directory mode against lepton-sim, as processes: what the tests in this folder stand on.

Nothing here sleeps in place of a condition: wait() looks again and again until something holds or its time is over, and then says what it
waited for and what the operator logged last.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
from datetime import datetime

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("LEPTON_OPERATOR_BIN", ROOT / "build" / "bin"))
WORKSPACE, TOKEN = "ws-sim", "sim-token-3b9f1c7a"
TASKS = ["gpqa_diamond", "hellaswag", "winogrande"]
DIRECTORY = "/shared/nemo-evaluator-launcher-workspace"
LOADER, DUMPER = getattr(yaml, "CSafeLoader", yaml.SafeLoader), getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where they are
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def at(text):
    """A timestamp of the dump or of a status as seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def invocation(name, deployment, tasks=TASKS, namespace=None, **spec):
    """A manifest as YAML text. `tasks` holds names or whole entries."""
    body = {"deployment": deployment, "evaluation": {"tasks": [{"name": t} if isinstance(t, str) else t for t in tasks]}}
    body["evaluation"].update(spec.pop("evaluation", {}))
    body.update(spec)
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return yaml.safe_dump({"apiVersion": "lepton.dev/v1alpha1", "kind": "Invocation", "metadata": metadata, "spec": body})


def nim(name="run", **more):
    deployment = {"type": "nim", "image": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6", "servedModelName": "meta/llama-3.1-8b-instruct",
                  "resourceShape": "gpu.1xh200", **more.pop("deployment", {})}
    return invocation(name, deployment, **more)


def existing(name="run", **more):
    target = {"url": "https://models.example/v1", "modelId": "meta/llama-3.1-8b-instruct"}
    return invocation(name, {"type": "none"}, target=target, **more)


class Process:
    def __init__(self, words, log, **environment):
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env={**clean_environment(), **environment})

    def kill(self):
        self.popen.kill()
        return self.popen.wait()

    def stop(self, seconds=15):
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)

    def text(self):
        return self.log.read_text(errors="replace")


def clean_environment():
    """Ours without what speaks to the programs under test: whoever runs the tests may have set it (NO_COLOR, in continuous integration)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEPTON_") and name != "NO_COLOR"}


class Simulator(Process):
    def __init__(self, folder, *flags):
        token = [] if "--token" in flags else ["--token", TOKEN]
        super().__init__([BIN / "lepton-sim", "--listen", "127.0.0.1:0", "--workspace", WORKSPACE, *token, *flags],
                         folder / "simulator.log")
        wait("the simulator listens", lambda: "workspace url:" in self.text(), 10, [self])
        self.url = re.search(r"workspace url: (\S+)", self.text())[1]
        self.control = re.match(r"https?://[^/]+", self.url)[0] + "/sim/"

    def call(self, verb, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + verb, data=data, headers={"Content-Type": "application/json"})
        with OPENER.open(request, timeout=30) as reply:
            return json.load(reply)

    def dump(self):
        return self.call("dump")

    def make_secrets(self, names):
        """Lepton secrets that are there before the operator is, as a person makes them in the dashboard."""
        body = json.dumps([{"name": name, "value": f"value of {name}", "visibility": "private"} for name in names]).encode()
        request = urllib.request.Request(self.url + "/usersecrets", data=body,
                                         headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
        with OPENER.open(request, timeout=30):
            pass

    def requests(self, method=None, path=None):
        """What was received, in order; paths are below the workspace."""
        base = "/api/v2/workspaces/"
        found = []
        for request in self.call("requests"):
            request["below"] = "/" + request["path"].split(base, 1)[-1].split("/", 1)[-1] if base in request["path"] else request["path"]
            if (method is None or request["method"] == method) and (path is None or re.fullmatch(path, request["below"])):
                found.append(request)
        return found


class Operator(Process):
    def __init__(self, folder, simulator, *flags, **environment):
        environment = environment or {"LEPTON_WORKSPACE_ID": WORKSPACE, "LEPTON_WORKSPACE_TOKEN": TOKEN, "LEPTON_WORKSPACE_URL": simulator.url}
        environment.setdefault("LEPTON_CACHE_DIR", str(folder / "no-login"))
        super().__init__([BIN / "lepton-operator", "--manifests", folder / "manifests", "--state-dir", folder / "state",
                          "--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0", *flags], folder / "operator.log", **environment)


class Gave_up(AssertionError):
    pass


def wait(what, condition, seconds=30, processes=(), every=0.02):
    """The first true value of `condition()`, looked at `every` so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        dead = [p for p in processes if p.popen.poll() is not None]
        if time.monotonic() > end or dead:
            tails = "\n".join(f"--- {p.log.name}\n" + "\n".join(p.text().splitlines()[-40:]) for p in processes)
            raise Gave_up(f"{'a process ended' if dead else f'{seconds} s passed'} while waiting until {what}\n{tails}")
        time.sleep(every)


class World:
    """A folder with a simulator and an operator in it."""

    def __init__(self, *simulator_flags):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lepton-operator-test-"))
        self.manifests, self.state = self.folder / "manifests", self.folder / "state"
        self.manifests.mkdir()
        self.operator = None
        self.parsed = {}  # state file -> (its text, the object): most looks find what the last one found
        self.simulator = Simulator(self.folder, *simulator_flags)

    def start(self, *flags, **environment):
        self.operator = Operator(self.folder, self.simulator, *flags, **environment)
        return self.operator

    def close(self):
        for process in filter(None, [self.operator, self.simulator]):
            if process.popen.poll() is None:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply(self, text, file="run.yaml"):
        """As an editor saves: written beside it, then renamed."""
        temporary = self.manifests / ("." + file + ".new")
        temporary.write_text(text)
        temporary.rename(self.manifests / file)
        return time.time()

    def remove(self, file="run.yaml"):
        (self.manifests / file).unlink()

    def object(self, name="run", namespace="default"):
        """To be read only: the next look may give the same one."""
        file = self.state / namespace / f"{name}.yaml"
        try:
            text = file.read_text()
        except FileNotFoundError:
            return None
        known = self.parsed.get(file)
        if known is None or known[0] != text:
            known = self.parsed[file] = text, yaml.load(text, LOADER)
        return known[1]

    def status(self, name="run", namespace="default"):
        return (self.object(name, namespace) or {}).get("status") or {}

    def condition(self, type_, name="run", namespace="default"):
        return next((c for c in self.status(name, namespace).get("conditions", []) if c["type"] == type_), {})

    def until(self, what, condition, seconds=30, every=0.02):
        return wait(what, condition, seconds, [p for p in (self.simulator, self.operator) if p], every)

    def until_phase(self, phase, name="run", seconds=40, namespace="default"):
        return self.until(f"{name} is {phase}", lambda: self.status(name, namespace).get("phase") == phase and self.status(name, namespace), seconds)

    def until_gone(self, name="run", seconds=60, namespace="default"):
        self.until(f"{name} is gone", lambda: not (self.state / namespace / f"{name}.yaml").exists(), seconds)


def left(dump):
    """What is in the workspace and on its storage, by kind; the shared parent directory itself may stay."""
    storage = [p for paths in dump["storage"].values() for p in paths if re.search(r"/[0-9a-f]{16}(/|$)", p)]
    return {"deployments": [d["name"] for d in dump["deployments"]], "jobs": [j["id"] for j in dump["jobs"]],
            "secrets": [s["name"] for s in dump["secrets"]], "storage": storage}


def everything(dump, kind):
    """Alive and gone: deployments, or jobs with the archived ones."""
    if kind == "deployments":
        return dump["deployments"] + dump["deleted_deployments"]
    return dump["jobs"] + dump["archived_jobs"] + dump["deleted_jobs"]


def twice(dump, kind):
    """(task) -> how often something was ever made for it, where that is more than once. Cleanup jobs have no task."""
    label = "lepton-operator.task"
    made = [o["metadata"]["labels"].get(label, "") for o in everything(dump, kind)]
    return {task: made.count(task) for task in set(made) if task and made.count(task) > 1}


class Case(unittest.TestCase):
    def world(self, *flags):
        world = World(*flags)
        self.addCleanup(world.close)
        return world

    def assert_nothing_left(self, world):
        dump = world.simulator.dump()
        self.assertEqual(left(dump), {"deployments": [], "jobs": [], "secrets": [], "storage": []})
        return dump
