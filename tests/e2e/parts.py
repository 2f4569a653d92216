"""What the run stands on: a cluster (one of its own, or one that is there), the tools of a person, a real Prometheus."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "lepton-operator"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lepton-operator"
ASSETS = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS") or CACHE / "lab" / "bin")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def cannot_run(why):
    print(f"cannot run: {why}", flush=True)
    sys.exit(77)


def run(*words, input=None, check=True, environment=None, seconds=600):
    done = subprocess.run([*map(str, words)], input=input, capture_output=True, text=True, check=False, timeout=seconds,
                          env={**os.environ, **(environment or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done


def wait(what, condition, seconds=120, step=0.2):
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{seconds} s passed while waiting until {what}")
        time.sleep(step)


def free_ports(count):
    """Successive ones, below those that the kernel hands out by itself."""
    for first in range(20000, 31000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


class Steps:
    def __init__(self):
        self.begin = self.last = time.monotonic()

    def done(self, what):
        now = time.monotonic()
        print(f"{now - self.begin:6.1f} s  {what} ({now - self.last:.1f} s)", flush=True)
        self.last = now


class Node:
    """A cluster with one node, for this run alone."""

    def __init__(self):
        if os.geteuid() != 0:
            cannot_run("a node needs root (or give a KUBECONFIG and LOAD_IMAGE or IMAGES)")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lepton-operator-e2e-"))
        port = free_ports(3)
        self.environment = {"LAB": str(self.folder), "PORT": str(port), "ETCD": str(port + 1), "OWNER": str(os.getpid())}
        self.kubeconfig = self.folder / "kubeconfig"

    def verb(self, *words):
        with tempfile.TemporaryFile("w+") as out:  # what `up` leaves running would keep a pipe open
            code = subprocess.run([ROOT / "tests" / "cluster" / "cluster", *map(str, words)], env={**os.environ, **self.environment},
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
            out.seek(0)
            text = out.read()
        if code == 77:
            cannot_run(next(line[12:] for line in text.splitlines() if line.startswith("cannot run: ")))
        if code != 0:
            raise AssertionError(f"cluster {' '.join(map(str, words))} failed ({code}):\n{text}")

    def close(self):
        self.verb("down")
        shutil.rmtree(self.folder, ignore_errors=True)


class Tools:
    """kubectl and helm on one cluster, and what they keep running."""

    def __init__(self, kubeconfig, folder):
        # A file of our own: the context's namespace is changed in it.
        self.kubeconfig = folder / "kubeconfig"
        shutil.copyfile(kubeconfig, self.kubeconfig)
        self.environment = {"KUBECONFIG": str(self.kubeconfig), "PATH": f"{ASSETS}:{os.environ['PATH']}"}
        self.folder = folder
        self.background = []

    def kubectl(self, *words, **more):
        return run("kubectl", *words, environment=self.environment, **more).stdout

    def helm(self, *words, values=None, check=True):
        flags = ["--values", "-"] if values is not None else []
        return run("helm", *words, *flags, input=yaml.safe_dump(values) if values is not None else "", environment=self.environment, check=check)

    def objects(self, kind, *words):
        return json.loads(self.kubectl("get", kind, *words, "-o", "json"))["items"]

    def everything(self):
        """The names of all objects of all kinds, but those that come and go by themselves."""
        kinds = set(self.kubectl("api-resources", "--verbs=list", "-o", "name").split())
        kinds -= {"events", "events.events.k8s.io", "componentstatuses", "endpoints", "endpointslices.discovery.k8s.io", "pods.metrics.k8s.io",
                  "nodes.metrics.k8s.io"}
        text = self.kubectl("get", ",".join(sorted(kinds)), "-A", "--ignore-not-found", "-o",
                            'go-template={{range .items}}{{.kind}} {{with .metadata.namespace}}{{.}}/{{end}}{{.metadata.name}}{{"\\n"}}{{end}}')
        return {line for line in text.splitlines() if not line.startswith("Lease kube-")}

    def shell(self, script, namespace="default"):
        """Commands as a page has them, typed in the repository's directory."""
        self.kubectl("config", "set-context", "--current", f"--namespace={namespace}")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False,
                              env={**os.environ, **self.environment}, timeout=600)
        if done.returncode != 0:
            raise AssertionError(f"{script}\nfailed ({done.returncode}):\n{done.stdout}{done.stderr}")

    def start(self, name, *words):
        """Runs until close(); returns its log."""
        log = self.folder / f"{name}.log"
        with log.open("w") as out:
            self.background.append(subprocess.Popen([*map(str, words)], env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
                                                    stdout=out, stderr=out))
        return log

    def address(self, name, *words):
        """Of a kubectl that listens: it says where in its first line."""
        log = self.start(name, "kubectl", *words)
        return wait(f"{name} listens", lambda: re.search(r"127\.0\.0\.1:\d+", log.read_text()), 60)[0]

    def close(self):
        for process in self.background:
            process.kill()
            process.wait()


class Prometheus:
    """The real one, with the chart's alerts. It reaches Pods through the API server, as any user of the cluster can."""

    def __init__(self, tools, pods):
        self.tools, self.pods = tools, pods
        found = shutil.which("prometheus")
        command = found or f"{run(ROOT / 'scripts' / 'install-deps.sh', '--prometheus').stdout.split()[-1]}/prometheus"
        self.proxy = tools.address("proxy", "proxy", "--port=0")
        folder = tools.folder
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(CHART / "files" / "rules.yaml")],
                  "scrape_configs": [{"job_name": "lepton-operator", "honor_labels": True,
                                      "file_sd_configs": [{"files": [str(folder / "pods.json")], "refresh_interval": "1s"}]}]}
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self.follow_pods()
        address = f"127.0.0.1:{free_ports(1)}"
        self.url = f"http://{address}"
        self.log = tools.start("prometheus", command, f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/tsdb",
                               f"--web.listen-address={address}")
        wait("Prometheus scrapes a Pod", lambda: self.query("lepton_workspace_up"), 180)

    def follow_pods(self):
        """Debian's Prometheus is built without the discovery of Pods."""
        fresh = self.tools.folder / "pods.new"
        fresh.write_text(json.dumps([
            {"targets": [self.proxy],
             "labels": {"pod": p["metadata"]["name"],
                        "__metrics_path__": f"/api/v1/namespaces/{p['metadata']['namespace']}/pods/{p['metadata']['name']}:8080/proxy/metrics"}}
            for p in self.pods()]))
        fresh.rename(self.tools.folder / "pods.json")

    def query(self, expression):
        url = f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with OPENER.open(url, timeout=10) as reply:
                return json.load(reply)["data"]["result"]
        except urllib.error.HTTPError as refused:
            if refused.code == 503:  # it has not started whole
                raise
            raise AssertionError(f"{expression}: {refused.read().decode()}") from None
        except OSError:
            if self.tools.background[-1].poll() is not None:
                raise AssertionError(self.log.read_text()[-2000:]) from None
            raise

    def metrics(self, pod):
        """The page of one Pod, as it is scraped."""
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        with OPENER.open(f"http://{self.proxy}/api/v1/namespaces/{namespace}/pods/{name}:8080/proxy/metrics", timeout=10) as reply:
            return reply.read().decode()

    def panels(self, boards, namespace, invocation):
        """(how many panels, those without data) of dashboards as the cluster's ConfigMap has them."""
        self.follow_pods()
        values = {"$namespace": namespace, "$invocation": invocation, "$__rate_interval": "30s", "$__range": "10m"}
        titles, with_data = set(), set()
        for name, text in sorted(boards.items()):
            for panel in json.loads(text)["panels"]:
                for target in panel.get("targets", []):
                    expression = target["expr"]
                    for variable, value in values.items():
                        expression = expression.replace(variable, value)
                    titles.add(f"{name}: {panel['title']}")
                    if self.query(expression):
                        with_data.add(f"{name}: {panel['title']}")
        return len(titles), sorted(titles - with_data)
