"""A cluster, a simulated workspace and the operator, as tests/cluster puts them up, and a driver that costs them as little as can be.

Objects are made and removed through kept connections; a watch of our own, read without parsing but what tells of an end, says when all are
terminal or gone. What the API server counts of itself says who wrote what.
"""
import collections
import concurrent.futures
import contextlib
import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))
import audit  # noqa: E402
import harness  # noqa: E402
import yaml  # noqa: E402

import measure  # noqa: E402

NAMESPACE = "bench"
CONNECTIONS = 8
PAGE = 500
NAME = re.compile(rb'"name":"(run-\d+)"')
FOLLOWED = ("invocations", "invocations/status", "workspaces", "workspaces/status", "events", "leases", "secrets")
WRITES = ("POST", "PUT", "PATCH", "DELETE", "APPLY")


class Progress(threading.Thread):
    """The names of those that are terminal, and of those that are gone, as the API server tells of them."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.terminal, self.gone, self.changed = lab, set(), set(), threading.Condition()
        self.start()

    def run(self):
        version = None
        while True:
            try:
                version = self.follow(version or self.lab.cluster.api("GET", self.lab.path + "?limit=1")["metadata"]["resourceVersion"])
            except (OSError, harness.http.client.HTTPException, harness.Failed):
                time.sleep(0.5)

    def follow(self, version):
        context = harness.ssl.create_default_context(cafile=self.lab.cluster.folder / "certs" / "apiserver.crt")
        connection = harness.http.client.HTTPSConnection("127.0.0.1", self.lab.cluster.port, context=context, timeout=600)
        connection.request("GET", f"{self.lab.path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion={version}",
                           headers={"Authorization": f"Bearer {harness.ADMIN}"})
        reply = connection.getresponse()
        rest = b""
        while True:
            chunk = reply.read1(1 << 18)
            if not chunk:
                return version
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b'{"type":"ERROR"'):
                    time.sleep(0.5)
                    return None
                version = self.take(line) or version

    def take(self, line):
        deleted = line.startswith(b'{"type":"DELETED"')
        if deleted or b'"completionTime"' in line:
            name = NAME.search(line)
            with self.changed:
                if deleted:
                    self.gone.add(name[1])
                elif b'"phase":"Deleting"' not in line:
                    self.terminal.add(name[1])
                self.changed.notify_all()
        found = re.search(rb'"resourceVersion":"(\d+)"', line)
        return found and found[1].decode()

    def until(self, which, number, seconds, alive):
        end = time.monotonic() + seconds
        with self.changed:
            while len(getattr(self, which)) < number:
                self.changed.wait(0.5)
                if which == "terminal" and self.lab.most_at_once < 2:
                    self.lab.note_workers()
                if not alive():
                    raise harness.Gave_up("the operator ended")
                if time.monotonic() > end:
                    raise harness.Gave_up(f"{which} after {seconds} s: {len(getattr(self, which))} of {number}")


class Lab:
    def __init__(self, *simulator_flags):
        self.operator, self.most_at_once = None, 0
        with contextlib.ExitStack() as begun:  # undone when the rest fails, or somebody gives up
            folder = pathlib.Path(tempfile.mkdtemp(prefix="lepton-operator-bench-audit-"))
            begun.callback(shutil.rmtree, folder, ignore_errors=True)
            self.cluster = harness.Cluster("bench", audit=folder, policy=ROOT / "bench" / "audit-policy.yaml")
            begun.callback(self.cluster.close)
            self.world = harness.World(self.cluster, NAMESPACE, *simulator_flags)
            begun.callback(self.kill)
            self.world.add_workspace(limits={"requestsPerSecond": 2000, "burst": 2000})
            self.path = self.world.path()
            self.progress = Progress(self)
            self.begun = begun.pop_all()

    def close(self):
        self.begun.close()

    def kill(self):
        for process in [*self.world.operators, self.world.simulator]:
            if process.popen.poll() is None:
                process.kill()

    def start_operator(self, *flags):
        self.operator = self.world.start(*flags)
        return measure.Measured(self.operator.popen.pid)

    def stop_operator(self):
        self.operator.stop()

    def alive(self):
        return self.operator.popen.poll() is None

    def until(self, what, condition, seconds, step):
        return harness.wait(what, condition, seconds, [self.world.simulator, self.operator], step)

    def processes(self):
        def pid(name):
            return measure.Measured(int((self.cluster.folder / "run" / f"{name}.pid").read_text()))
        return {"operator": measure.Measured(self.operator.popen.pid), "apiserver": pid("kube-apiserver"), "etcd": pid("etcd"),
                "simulator": measure.Measured(self.world.simulator.popen.pid)}

    # --- driving

    def each(self, do, count):
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(do, range(count)))

    def create(self, count, tasks):
        """When each was asked for, by name."""
        template = yaml.safe_load(harness.nim(tasks=tasks))

        def one(i):
            begin = time.time()
            self.cluster.api("POST", self.path, {**template, "metadata": {"name": f"run-{i:05}"}})
            return begin
        return {f"run-{i:05}": begin for i, begin in enumerate(self.each(one, count))}

    def multiply(self, until):
        """Copies of the first Invocation, which is finished, up to that number, each with its job in Lepton: as it and its job would be, but for
        names and ids, at two writes each in place of six and a life. No operator runs meanwhile."""
        model = self.cluster.api("GET", f"{self.path}/run-00000")
        kept = {job["metadata"]["id"]: job for job in self.lepton("GET", "/jobs")["jobs"]}
        meta, status = model["metadata"], model["status"]
        secrets = {secret["name"] for secret in status.get("secrets", [])}
        names = {status["invocationId"], *secrets} | {task[part]["name"] for task in status["tasks"] for part in ("endpoint", "job")}

        def one(i):
            other = {name: name[:-8] + f"{i:08x}" for name in names}
            made = self.cluster.api("POST", self.path, {"apiVersion": model["apiVersion"], "kind": model["kind"], "spec": model["spec"], "metadata":
                                                        {"name": f"run-{i:05}", "finalizers": meta["finalizers"]}})
            other[meta["uid"]], other[meta["name"]] = made["metadata"]["uid"], made["metadata"]["name"]
            for task in status["tasks"]:
                # It goes on referring to the model's secret, since its own would have to exist.
                job = renamed(kept[task["job"]["id"]], {name: new for name, new in other.items() if name not in secrets})
                about = {key: job["metadata"][key] for key in ("name", "visibility", "labels") if key in job["metadata"]}
                other[task["job"]["id"]] = self.lepton("POST", "/jobs", {"metadata": about, "spec": job["spec"]})["metadata"]["id"]
            self.cluster.api("PUT", f"{self.path}/run-{i:05}/status", {**made, "status": renamed(status, other)})
        self.each(lambda k: one(until - 1 - k), until - len(self.objects()))

    def lepton(self, method, path, body=None):
        """As the operator asks lepton-sim: its own client would cost a new connection each time, and nothing else."""
        request = harness.simulated.urllib.request.Request(
            self.world.simulator.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {harness.TOKEN}"})
        with harness.simulated.OPENER.open(request, timeout=30) as reply:
            return json.load(reply)

    def note_workers(self):
        """A look, now and then, at how many keys are being worked."""
        self.most_at_once = max(self.most_at_once, self.operator.metric("controller_runtime_active_workers"))

    def delete(self, count):
        self.each(lambda i: self.cluster.api("DELETE", f"{self.path}/run-{i:05}"), count)

    def objects(self):
        found, token = [], ""
        while True:
            page = self.cluster.api("GET", f"{self.path}?limit={PAGE}" + (f"&continue={token}" if token else ""))
            found += page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return found

    def time_full_list(self):
        """Seconds of the API server's own list of all of them, in one page, read to its last byte; and its bytes."""
        self.cluster.api("GET", "/version")
        connection = self.cluster._local.connection
        begin = time.monotonic()
        connection.request("GET", self.path, headers={"Authorization": f"Bearer {harness.ADMIN}"})
        reply = connection.getresponse()
        size = 0
        while chunk := reply.read1(1 << 20):
            size += len(chunk)
        return time.monotonic() - begin, size

    # --- reading

    def api_requests(self):
        """(verb, resource[/subresource]) -> how many the API server has answered since its start, whoever asked."""
        counts = collections.Counter()
        for line in self.cluster.api("GET", "/metrics").splitlines():
            if not line.startswith("apiserver_request_total{"):
                continue
            labels, value = line[len("apiserver_request_total"):].rsplit(" ", 1)
            of = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            resource = "/".join(filter(None, [of["resource"], of["subresource"]]))
            if resource in FOLLOWED and of["verb"] in WRITES:
                counts[(of["verb"], resource)] += int(float(value))
        return counts

    def lists(self):
        """How many lists of Invocations, or pages of them, the API server has answered since its start."""
        lines = [line for line in self.cluster.api("GET", "/metrics").splitlines() if line.startswith("apiserver_request_total{")]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if 'resource="invocations"' in line and 'verb="LIST"' in line)

    def audited(self):
        """The operator's writes to Invocations, in order, by name."""
        of_each = collections.defaultdict(list)
        for r in audit.requests(self.cluster.audit_log, self.cluster.user):
            if r.resource.startswith("invocations"):
                of_each[r.name].append(r)
        for writes in of_each.values():
            writes.sort(key=lambda r: r.begin)
        return of_each

    def running(self):
        """How many jobs run in Lepton, by its own count."""
        return self.account()["running"]

    def account(self):
        return self.world.simulator.call("account")


def renamed(value, other):
    text = json.dumps(value)
    for before, after in other.items():
        text = text.replace(before, after)
    return json.loads(text)


def heed_signals():
    """Who is told to stop takes down first what runs, as after a failure."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGINT, lambda number, frame: sys.exit(128 + number))


def dump_json(value):
    print(json.dumps(value, indent=2), flush=True)
