"""A real API server, the real kubectl, lepton-sim and the operator outside of the cluster, under exactly the roles that manifests/ ships.

Each test file starts a cluster of its own (`cluster up`, 3-5 s, free ports), so that any of them can be run alone:

    python3 tests/cluster/story_test.py [Story.test_name]

What the operator asked of the API server is in an audit log per test file, kept in build/cluster-audit for rbac_test.py.
LEPTON_OPERATOR_KEEP=1 keeps the folder with all logs.
"""
import atexit
import fcntl
import http.client
import importlib.util
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def of_the_simulators_tests(name):
    spec = importlib.util.spec_from_file_location(f"simulator_{name}", ROOT / "tests" / "simulator" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


simulated = of_the_simulators_tests("harness")
at_once = of_the_simulators_tests("at_once")
hits = of_the_simulators_tests("leaks").hits

BIN, TASKS, TOKEN, WORKSPACE = simulated.BIN, simulated.TASKS, simulated.TOKEN, simulated.WORKSPACE
LOADER, DUMPER = simulated.LOADER, simulated.DUMPER
Gave_up, at, everything, existing, left, nim = (
    simulated.Gave_up, simulated.at, simulated.everything, simulated.existing, simulated.left, simulated.nim)

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lepton-operator"
ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS") or CACHE / "lab" / "bin")
AUDIT = pathlib.Path(os.environ.get("LEPTON_OPERATOR_AUDIT", BIN.parent / "cluster-audit"))
ADMIN = "lab-admin-token"
GROUP = "/apis/lepton.dev/v1alpha1"
NOTHING = {"deployments": [], "jobs": [], "secrets": [], "storage": []}


def wait(what, condition, seconds=30, processes=(), step=0.1):
    """The first true value of `condition()`; an API server that is away for a moment is no value."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, http.client.HTTPException):
            value = None
        if value:
            return value
        dead = [p for p in processes if p.popen.poll() is not None]
        if time.monotonic() > end or dead:
            tails = "\n".join(f"--- {p.log.name}\n" + "\n".join(p.text().splitlines()[-40:]) for p in processes)
            raise Gave_up(f"{'a process ended' if dead else f'{seconds} s passed'} while waiting until {what}\n{tails}")
        time.sleep(step)


PORTS = 3  # of a cluster: the API server's, and two of etcd


def own_ports():
    """The first of PORTS successive ones that nobody else has, and what keeps them ours as long as it is open: also while a server is away.

    They are below the range that the kernel hands out by itself; other tests are kept off by a lock."""
    low = min(32000, int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    folder = pathlib.Path(tempfile.gettempdir()) / f"lepton-operator-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        first = random.randrange(10000 if low > 11000 else 1100, low - PORTS, PORTS)
        lock = open(folder / str(first), "w", encoding="utf-8")
        sockets = []
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for port in range(first, first + PORTS):
                sockets.append(socket.create_server(("127.0.0.1", port)))
            return first, lock
        except OSError:
            lock.close()
        finally:
            for s in sockets:
                s.close()


def say_that_it_cannot_run(why):
    print(f"cannot run: {why}", flush=True)
    sys.stdout.flush()
    if Cluster._shared:
        Cluster._shared.close()
    os._exit(77)  # from wherever in unittest this was found out


def shipped():
    """What `kubectl apply -k manifests` applies."""
    done = subprocess.run([ASSETS / "kubectl", "kustomize", ROOT / "manifests"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"kubectl kustomize manifests: {done.stderr}")
    return list(filter(None, yaml.load_all(done.stdout, LOADER)))


def account():
    """(namespace, name, user) of the operator's service account."""
    metadata = next(o for o in shipped() if o["kind"] == "ServiceAccount")["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    return namespace, name, f"system:serviceaccount:{namespace}:{name}"


class Failed(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body.get('message', body) if isinstance(body, dict) else body}")
        self.status, self.body = status, body


class Cluster:
    """etcd, API server, controller-manager, with our CRDs and roles in it; ends with this process."""

    _shared = None

    @classmethod
    def shared(cls):
        if cls._shared is None:
            cls._shared = cls(pathlib.Path(sys.argv[0]).stem.removesuffix("_test"))
        return cls._shared

    def __init__(self, name, audit=AUDIT, policy=HERE / "audit-policy.yaml"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"lepton-operator-{name}-"))
        self.kubeconfig = self.folder / "kubeconfig"
        audit.mkdir(parents=True, exist_ok=True)
        self.audit_log = audit / f"{name}.log"
        self.audit_log.unlink(missing_ok=True)
        self.port, self._ports = own_ports()
        self.environment = {**os.environ, "LAB": str(self.folder), "PORT": str(self.port), "ETCD": str(self.port + 1),
                            "OWNER": str(os.getpid()),
                            "APISERVER_ARGS": f"--audit-log-path={self.audit_log} --audit-policy-file={policy}"}
        self._local = threading.local()
        atexit.register(self.close)
        self.verb("build")
        begin = time.monotonic()
        self.verb("up")
        print(f"cluster: up after {time.monotonic() - begin:.1f} s in {self.folder}", file=sys.stderr, flush=True)
        self.install()

    def verb(self, *words):
        # Into a file: what `up` leaves running would keep a pipe open.
        with tempfile.TemporaryFile("w+") as out:
            code = subprocess.run([HERE / "cluster", *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  check=False).returncode
            out.seek(0)
            text = out.read()
        if code == 77:
            shutil.rmtree(self.folder, ignore_errors=True)
            say_that_it_cannot_run(next(line[12:] for line in text.splitlines() if line.startswith("cannot run: ")))
        if code != 0:
            raise AssertionError(f"cluster {' '.join(words)} failed ({code}):\n{text}")
        return text.strip()

    def close(self):
        if not self.folder.exists():
            return
        if getattr(self._local, "connection", None):
            self._local.connection.close()
        self.verb("down")
        self._ports.close()
        if os.environ.get("LEPTON_OPERATOR_KEEP"):
            print(f"kept: {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def needs_controllers(self, what):
        if not (ASSETS / "kube-controller-manager").exists():
            say_that_it_cannot_run(f"{ASSETS} has no kube-controller-manager, which {what}")

    # --- our CRDs and roles, as shipped

    def install(self):
        self.kubectl("apply", "--server-side", "-f", ROOT / "crds")
        self.until_served("invocations.lepton.dev", "workspaces.lepton.dev")
        self.system_namespace, self.account, self.user = account()
        # The operator runs outside: a Deployment would only make Pods that no node takes.
        kinds = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
        self.apply(*(o for o in shipped() if o["kind"] in kinds))

    def until_served(self, *crds):
        """Not by `kubectl wait`, which gives up at once on a CRD that has no conditions yet: its `conditions: null` is no list to it."""
        def served(name):
            status = self.api("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")["status"]
            return any(c["type"] == "Established" and c["status"] == "True" for c in status["conditions"] or [])
        for crd in crds:
            wait(f"{crd} is served", lambda name=crd: served(name))

    def remove_crds(self, *crds):
        """Until they are gone. The API server's cleanup loses sight of a few in a hundred ("storage is (re)initializing", then a conflict as it
        tries again) until its resync minutes later; any change of the CRD reminds it."""
        for crd in crds:
            self.kubectl("delete", "crd", crd, "--wait=false")
            path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd}"
            reminded = time.monotonic()

            def gone(path=path):
                nonlocal reminded
                if not self.find(path):
                    return True
                if time.monotonic() - reminded > 15:  # longer than a cleanup takes
                    reminded = time.monotonic()
                    self.kubectl("annotate", "--overwrite", "crd", path.rsplit("/", 1)[1], f"reminded={reminded}", check=False)
                return False
            wait(f"{crd} is gone", gone, 100)

    def token(self, bound_to=None):
        """A real token of the operator's service account; one bound to a Secret dies with it."""
        bound = ["--bound-object-kind", "Secret", "--bound-object-name", bound_to] if bound_to else []
        return self.kubectl("create", "token", self.account, "-n", self.system_namespace, "--duration=1h", *bound).strip()

    def operator_kubeconfig(self, token_file, server=None, ca=None):
        file = token_file.with_suffix(".kubeconfig")
        cluster = {"server": server or f"https://127.0.0.1:{self.port}", "certificate-authority": str(ca or self.folder / "certs" / "apiserver.crt")}
        file.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab", "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "operator", "user": {"tokenFile": str(token_file)}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "operator", "namespace": self.system_namespace}}]}))
        return file

    # --- asking it

    def kubectl(self, *words, input=None, check=True, seconds=120):
        done = subprocess.run([ASSETS / "kubectl", "--kubeconfig", self.kubeconfig, *map(str, words)], input=input, capture_output=True,
                              text=True, timeout=seconds, check=False)
        if not check:
            return done
        if done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(map(str, words))} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done.stdout

    def apply(self, *objects):
        """Objects, or YAML text."""
        text = "\n---\n".join(o if isinstance(o, str) else yaml.safe_dump(o) for o in objects)
        return self.kubectl("apply", "-f", "-", input=text)

    def api(self, method, path, body=None, token=ADMIN, kind="application/json"):
        """As kubectl, without the time that it takes to start. One kept connection per thread."""
        for last in (False, True):
            connection = getattr(self._local, "connection", None)
            if connection is None:
                context = ssl.create_default_context(cafile=self.folder / "certs" / "apiserver.crt")
                connection = self._local.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
            try:
                connection.request(method, path, None if body is None else json.dumps(body),
                                   {"Authorization": f"Bearer {token}", "Content-Type": kind})
                reply = connection.getresponse()
                text = reply.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                if last or method != "GET":
                    raise
        answer = json.loads(text) if text.startswith(b"{") else text.decode()
        if reply.status >= 400:
            raise Failed(reply.status, answer)
        return answer

    def find(self, path):
        try:
            return self.api("GET", path)
        except Failed as failure:
            if failure.status == 404:
                return None
            raise

    # --- disturbing it

    def stop_apiserver(self):
        self.verb("stop-apiserver")

    def start_apiserver(self):
        self.verb("start-apiserver")

    def compact(self):
        return self.verb("compact")


class Operator(simulated.Process):
    def __init__(self, log, kubeconfig, *flags, **environment):
        super().__init__([BIN / "lepton-operator", "--kubeconfig", kubeconfig, "--metrics-address", "127.0.0.1:0",
                          "--health-address", "127.0.0.1:0", *flags], log, LEPTON_CACHE_DIR=str(log.parent / "no-login"), **environment)
        self.expected_to_end = False

    def address(self, which):
        """`metrics` or `health`: it says them in its first line."""
        found = re.search(rf"\b{which}=(\S+)", self.text())
        return found and found[1]

    def page(self, which, path=None):
        address = self.address(which)
        if path:
            address = re.match(r"https?://[^/]+", address)[0] + path
        with simulated.OPENER.open(address, timeout=10) as reply:
            return reply.read().decode()

    def metric(self, name):
        """The sum over all label sets."""
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.page("metrics"), re.MULTILINE)
        return sum(map(float, found)) if found else None

    def ready(self):
        return self.address("health") and self.page("health", "/readyz") is not None

    def signal(self, number):
        self.popen.send_signal(number)


class World:
    """A namespace with a simulator for its Workspace, and operators."""

    def __init__(self, cluster, namespace, *simulator_flags):
        self.cluster, self.namespace = cluster, namespace
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{namespace}-", dir=cluster.folder))
        self.simulator = simulated.Simulator(self.folder, *simulator_flags)
        self.operators = []
        self.namespaces = []
        self.token_file = self.folder / "operator.token"
        try:
            self.token_file.write_text(cluster.token())
            self.make_namespace(namespace)
        except BaseException:  # nobody has it yet who could end it
            self.simulator.kill()
            raise

    def make_namespace(self, name):
        self.namespaces.append(name)
        self.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def add_workspace(self, namespace=None, url=None, **spec):
        metadata = {"namespace": namespace or self.namespace}
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lepton", **metadata},
             "stringData": {"credentials": f"{WORKSPACE}:{TOKEN}"}},
            {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default", **metadata},
             "spec": {"credentialsSecretRef": {"name": "lepton"}, "url": url or self.simulator.url, **spec}})

    def add_lepton_secrets(self, *names):
        host, base = re.match(r"http://([^/]+)(.*)", self.simulator.url).groups()
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("POST", base + "/usersecrets", json.dumps([{"name": n, "value": f"value-of-{n}"} for n in names]),
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 300:
            raise AssertionError(f"{reply.status} {text}")

    def start(self, *flags, kubeconfig=None, **environment):
        log = self.folder / f"operator-{len(self.operators)}.log"
        operator = Operator(log, kubeconfig or self.cluster.operator_kubeconfig(self.token_file), *flags, **environment)
        self.operators.append(operator)
        wait("the operator is ready", operator.ready, 20, [operator])
        return operator

    def kubectl(self, *words, **more):
        return self.cluster.kubectl("-n", self.namespace, *words, **more)

    def apply(self, text):
        return self.kubectl("apply", "-f", "-", input=text)

    def path(self, name="", namespace=None):
        return f"{GROUP}/namespaces/{namespace or self.namespace}/invocations" + (f"/{name}" if name else "")

    def object(self, name="run", namespace=None):
        return self.cluster.find(self.path(name, namespace))

    def status(self, name="run", namespace=None):
        return (self.object(name, namespace) or {}).get("status") or {}

    def condition(self, type_, name="run"):
        return next((c for c in self.status(name).get("conditions", []) if c["type"] == type_), {})

    def until(self, what, condition, seconds=30):
        try:
            return wait(what, condition, seconds, [self.simulator] + [o for o in self.operators if not o.expected_to_end])
        except Gave_up as failure:
            rest = self.cluster.kubectl("get", "inv,lws", "-A", "-o", "wide", check=False)
            raise Gave_up(f"{failure}\n--- kubectl get inv,lws -A -o wide\n{rest.stdout}{rest.stderr}") from None

    def until_phase(self, phase, name="run", seconds=60, namespace=None):
        def reached():
            status = self.status(name, namespace)
            return status.get("phase") == phase and status
        return self.until(f"{name} is {phase}", reached, seconds)

    def until_running(self, name="run", seconds=60, namespace=None):
        """All its jobs are."""
        def reached():
            counts = self.status(name, namespace).get("counts", {})
            return counts.get("running") == counts.get("tasks") and counts.get("tasks")
        return self.until(f"all tasks of {name} run", reached, seconds)

    def until_gone(self, name="run", seconds=60):
        self.until(f"{name} is gone", lambda: self.object(name) is None, seconds)

    def close(self):
        for process in [*self.operators, self.simulator]:
            if process.popen.poll() is None:
                process.kill()
        for namespace in self.namespaces:  # what a failed test leaves must not keep the next one's operator busy
            for item in (self.cluster.find(self.path(namespace=namespace)) or {}).get("items", []):
                path = self.path(item["metadata"]["name"], namespace)
                try:
                    self.cluster.api("DELETE", path)
                    self.cluster.api("PATCH", path, {"metadata": {"finalizers": None}}, kind="application/merge-patch+json")
                except Failed:
                    pass
            self.cluster.kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found", check=False)


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster.shared()

    def setUp(self):
        begin = time.monotonic()
        self.addCleanup(lambda: print(f"{self.id().rsplit('.', 1)[-1]}: {time.monotonic() - begin:.0f} s", flush=True))

    def world(self, namespace, *flags):
        world = World(self.cluster, namespace, *flags)
        self.addCleanup(world.close)
        return world

    def assert_nothing_left(self, world):
        dump = world.simulator.dump()
        self.assertEqual(left(dump), NOTHING)
        return dump

    def assert_nothing_twice(self, dump):
        """Per Invocation and task, dead or alive."""
        for kind in ("deployments", "jobs"):
            made = {}
            for one in everything(dump, kind):
                labels = one["metadata"]["labels"]
                if labels.get("lepton-operator.task"):
                    key = (labels["lepton-operator.uid"], labels["lepton-operator.task"])
                    made[key] = made.get(key, 0) + 1
            self.assertTrue(made, f"no {kind} were ever made: nothing is proved")
            self.assertEqual({key: n for key, n in made.items() if n > 1}, {}, f"{kind} made more than once")


def alone(test):
    """A test that disturbs the cluster itself, and so runs when no other one does."""
    test.alone = True
    return test


def main(many=1):
    """`many`: so many tests at a time, each with operators that keep to their own namespaces."""
    if not (BIN / "lepton-operator").exists():
        sys.exit(f"no operator in {BIN}: make build")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what atexit holds runs
    if many == 1:
        unittest.main(verbosity=2, warnings="ignore")  # of sockets that threads leave open
    Cluster.shared()
    at_once.main(many, alone=lambda test: hasattr(getattr(test, test._testMethodName), "alone"))
