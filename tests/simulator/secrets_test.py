"""Secrets stay where they were put: a life with every kind of failure, and afterwards everything that the process wrote is searched.

Each secret has characters that JSON, URLs and Base64 write in other ways, and is searched for in all of these ways (`forms`). The watcher
reads whatever can be read, all the time, so that a leak that is overwritten a moment later counts as well.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import re
import resource
import shutil
import signal
import tempfile
import threading
import urllib.error
import urllib.parse

import at_once
import yaml
from harness import OPENER, WORKSPACE, Case, everything, nim
from leaks import forms, hits, texts

TOKEN = 'nvapi-"w0rk/space+LEAK~%Tok\\en=A'
OLD_TOKEN = 'nvapi-"w1th/drawn+LEAK~%Tok\\en=B'
SECRETS = {
    "workspace token": TOKEN,
    "withdrawn workspace token": OLD_TOKEN,
    "literal api token": 'api/"LIT+eral~LEAK%\\tok=C',
    "secret api token": 'api/"REF+erred~LEAK%\\tok=D',
    "literal env of the deployment": 'env/"DEP+loy~LEAK%\\val=E',
    "literal env of the jobs": 'env/"JOB+exec~LEAK%\\val=F',
    "literal env of a task": 'env/"TSK+only~LEAK%\\val=G',
    "secret env of the deployment": 'ref/"DEP+loy~LEAK%\\val=H',
    "secret env of the jobs": 'ref/"JOB+exec~LEAK%\\val=I',
    "secret env of a task": 'ref/"TSK+only~LEAK%\\val=J',
    "secret that nobody uses": 'ref/"UNU+sed~LEAK%\\val=K',
    "registry password": 'reg/"PUL+ler~LEAK%\\val=L',
}
LITERAL_ENVS = {value for name, value in SECRETS.items() if name.startswith("literal env")}
TASKS = ["gpqa_diamond", "hellaswag", "winogrande"]


class Watcher(threading.Thread):
    """Keeps every text that the operator showed anywhere, by where that was."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.seen, self.over = world, {}, threading.Event()
        self.problems = []
        self.read = {}  # the latest text of each file

    def keep(self, where, text):
        self.seen.setdefault(where, set()).add(text)

    def run(self):
        while not self.over.wait(0.1):
            self.look()

    def end(self):
        self.over.set()
        if self.is_alive():
            self.join(30)

    def stop(self):
        self.end()
        self.look()
        self.keep("log", self.world.operator.text())

    def look(self):
        state = self.world.state
        for file in state.rglob("*"):
            try:
                text, mode = file.read_text(), file.stat().st_mode & 0o777
            except OSError:  # a directory, or gone since
                continue
            name = str(file.relative_to(state))
            self.keep("names of state files", name)
            if mode != 0o600:
                self.problems.append(f"{name} has mode {mode:o}")
            if re.fullmatch(r"credentials|token-key|\.(credentials|token-key)\.\w+", name):
                continue  # these exist to hold them, as do the temporary files that become them
            if self.read.get(name) == text:
                continue
            self.read[name] = text
            try:
                document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            except yaml.YAMLError:
                self.problems.append(f"{name} is no YAML")
                continue
            if isinstance(document, dict):
                document.pop("spec", None)  # what the user wrote, repeated
            self.keep(f"state/{name}", texts(document))
        log = self.world.operator.text()
        for port, pages in (("metrics", ["metrics"]), ("health", ["healthz", "readyz"])):
            for address in re.findall(rf" {port}=http://([0-9.:]+)/", log)[-1:]:
                for page in pages:
                    self.keep(page, self.fetch(f"http://{address}/{page}"))

    @staticmethod
    def fetch(url):
        try:
            with OPENER.open(url, timeout=5) as reply:
                return reply.read().decode() + str(reply.headers)
        except urllib.error.HTTPError as answer:
            return answer.read().decode() + str(answer.headers)
        except OSError:  # between two processes
            return ""


def sent(dump, requests):
    """What reached Lepton and is no place for a secret: commands, names, labels, and all addresses."""
    found = {}
    for kind, objects in (("deployments", everything(dump, "deployments")), ("jobs", everything(dump, "jobs"))):
        for made in objects:
            spec = json.loads(json.dumps(made["spec"]))
            plain = {e["value"] for e in spec.get("envs", []) if "value" in e} - LITERAL_ENVS
            found.setdefault(f"variables of {kind}, but for the user's literal ones", set()).add(texts(sorted(plain)))
            for holder in (spec, spec.get("container", {})):
                holder.pop("envs", None)  # where the user's literal values must go
                holder.pop("api_tokens", None)
            found.setdefault(f"{kind} in Lepton", set()).add(texts([spec, made["metadata"]]))
    found["names and tags of Lepton's secrets"] = {texts([{k: v for k, v in s.items() if k != "value"} for s in dump["secrets"]])}
    found["addresses of requests"] = {texts([[r["path"], r.get("query", [])] for r in requests])}
    return found


def manifests(token=TOKEN):
    secret = {"credentials": f"{WORKSPACE}:{token}"}
    values = {key.replace(" ", "-"): value for key, value in SECRETS.items() if key.startswith("secret")}
    pull = {".dockerconfigjson": json.dumps({"auths": {"nvcr.io": {"auth": base64.b64encode(f"$oauthtoken:{SECRETS['registry password']}".encode()).decode()}}})}
    return [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}
            for name, data in (("lepton", secret), ("values", values), ("pull", pull))]


def ref(name):
    return {"valueFrom": {"secretKeyRef": {"name": "values", "key": name.replace(" ", "-")}}}


def run(name, **deployment):
    tasks = [{"name": task} for task in TASKS]
    tasks[0]["envs"] = [{"name": "TASK_KEY", "value": SECRETS["literal env of a task"]}, {"name": "TASK_REF", **ref("secret env of a task")}]
    return nim(name, tasks=tasks, deployment={
        "envs": [{"name": "NIM_KEY", "value": SECRETS["literal env of the deployment"]}, {"name": "HF_TOKEN", **ref("secret env of the deployment")}],
        "imagePullSecrets": ["pull"], **deployment},
        execution={"envs": [{"name": "JOB_KEY", "value": SECRETS["literal env of the jobs"]}, {"name": "JOB_REF", **ref("secret env of the jobs")}]})


# Manifests with a mistake right beside a secret.
BROKEN = {
    "yaml.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\nstringData: {token: '%s\n" % SECRETS["secret that nobody uses"].replace("'", ""),
    "base64.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "broken-2"}, "data": {"token": SECRETS["secret that nobody uses"]}}),
    "token.yaml": run("mistaken-1", apiTokens=[{"valeu": SECRETS["literal api token"]}]),
    "text.yaml": run("mistaken-2", apiTokens=SECRETS["literal api token"]),
    "env.yaml": run("mistaken-3", envs=[{"name": "A B", "value": SECRETS["literal env of the deployment"]}]),
    "number.yaml": run("mistaken-4", port=SECRETS["literal api token"]),
    "twice.yaml": run("mistaken-5", envs=[{"name": "A", "value": SECRETS["literal env of the deployment"], "valueFrom": {"leptonSecret": SECRETS["literal api token"]}}]),
    "workspace-with-password.yaml": yaml.safe_dump({"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "mistaken"},
                                      "spec": {"credentialsSecretRef": {"name": "lepton"}, "url": f"https://me:{urllib.parse.quote(TOKEN, safe='')}@h.test/x"}}),
    "default-token.yaml": yaml.safe_dump({"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "open"}, "spec": {
        "credentialsSecretRef": {"name": "lepton"}, "defaults": {"deployment": {"apiTokens": [{"value": SECRETS["literal api token"]}]}}}}),
}


class Secrets(Case):
    def started(self, *simulator_flags):
        world = self.world("--token", TOKEN, "--ready-delay", "300ms", "--start-delay", "100ms", "--run-delay", "300ms", "--delete-delay", "50ms",
                           "--token-expires-in", "3h", *simulator_flags)
        url = {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default"},
               "spec": {"credentialsSecretRef": {"name": "lepton"}, "url": world.simulator.url}}
        world.workspace = lambda token=TOKEN: world.apply(yaml.safe_dump_all([url, *manifests(token)]), "workspace.yaml")
        self.watcher = Watcher(world)
        self.addCleanup(self.watcher.end)
        return world

    def start(self, world):
        world.start("--log-level", "debug", "--poll-interval", "200ms", "--poll-interval-idle", "1s", LEPTON_CACHE_DIR=str(world.folder / "none"))

    def fault(self, world, method, path, status, times=1, **more):
        world.simulator.call("fault", {"method": method, "path": path, "status": status, "times": times, "echo": True, **more})

    def generated(self, world, uid):
        """The token of an Invocation, worked out anew; the key is a secret as well."""
        keys = yaml.safe_load((world.state / "token-key").read_text())
        key = keys["keys"][keys["current"]]
        return {"generated token": hmac.new(bytes.fromhex(key), uid.encode(), hashlib.sha256).hexdigest(), "token key": key}

    def places(self, world):
        self.watcher.stop()
        self.assertEqual(self.watcher.problems, [])
        return {**self.watcher.seen, **sent(world.simulator.dump(), world.simulator.requests())}

    def test_a_whole_life_with_its_failures_writes_no_secret_anywhere(self):
        world = self.started()
        world.workspace(OLD_TOKEN)
        self.start(world)
        self.watcher.start()
        world.until("the withdrawn token is refused", lambda: "Unauthorized" in world.operator.text())
        world.workspace()
        world.until("the token is warned of", lambda: "token expiring" in world.operator.text())

        # Answers that repeat all that was sent: refusals of each kind of creation, an answer that is no JSON, one that is not what it should be.
        self.fault(world, "POST", "/deployments", 500)
        self.fault(world, "POST", "/deployments", 400, skip=2)
        self.fault(world, "POST", "/usersecrets", 500, times=2)
        self.fault(world, "GET", "/deployments", 200, times=2)
        self.fault(world, "GET", "/jobs", 503)
        self.fault(world, "POST", "/jobs", 422)
        self.fault(world, "GET", "/dedicated-node-groups", 200)
        world.apply(run("generated"), "generated.yaml")
        world.apply(run("literal", apiTokens=[{"value": SECRETS["literal api token"]}]), "literal.yaml")
        world.apply(run("referred", apiTokens=[{"secretKeyRef": {"name": "values", "key": "secret-api-token"}}]), "referred.yaml")
        for file, text in BROKEN.items():
            world.apply(text, file)
        names = ["generated", "literal", "referred"]
        world.until("a creation was refused", lambda: "action failed" in world.operator.text())
        for name in names:
            world.until(f"{name} has ended", lambda n=name: world.status(n).get("phase") in ("Succeeded", "Failed"), 60)
        world.until("mistakes were told", lambda: world.operator.text().count("valeu") > 0)
        tokens = self.generated(world, world.object("generated")["metadata"]["uid"])
        dump = world.simulator.dump()
        served = {t["value"] for d in everything(dump, "deployments") if d["metadata"]["labels"]["lepton-operator.name"] == "generated"
                  for t in d["spec"]["api_tokens"]}
        self.assertEqual(served, {tokens["generated token"]}, "HMAC-SHA-256 of the UID under the key")

        # A kill, then deletions that fail with answers that repeat the request.
        world.operator.kill()
        self.start(world)
        for path in ("/deployments/*", "/jobs/*", "/usersecrets/*", "/storage/*"):
            self.fault(world, "DELETE", path, 500, times=2)
        for name in names:
            world.remove(f"{name}.yaml")
        for name in names:
            world.until_gone(name)
        self.assert_nothing_left(world)
        self.assertEqual((world.state / "token-key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(hits(self.places(world), {**SECRETS, **tokens}), [])

    def test_an_endpoint_that_tells_its_secrets_in_its_log_and_a_job_that_fails(self):
        world = self.started(*self.scenario({"rules": [
            {"match": "hellaswag", "kind": "endpoint", "outcome": "error", "reason": "bad key " + SECRETS["secret env of the deployment"], "reveals": True},
            {"match": "winogrande", "kind": "job", "outcome": "fail", "exit-code": 3, "reason": SECRETS["secret env of the jobs"]}]}))
        world.workspace()
        self.start(world)
        self.watcher.start()
        world.apply(run("revealed", apiTokens=[{"value": SECRETS["literal api token"]}]), "revealed.yaml")
        world.apply(nim("failing", tasks=["winogrande"]), "failing.yaml")
        world.until_phase("Failed", "revealed")
        world.until_phase("Failed", "failing")
        message = next(t["message"] for t in world.status("revealed")["tasks"] if t["name"] == "hellaswag")
        self.assertIn("***", message, "its log was read, and cleaned")
        self.assertIn("configured with", message)

        # Lepton does not let go; it is given up.
        self.fault(world, "DELETE", "/usersecrets/*", 500, times=0)
        world.remove("revealed.yaml")
        world.until("its secrets cannot be removed", lambda: world.condition("CleanedUp", "revealed").get("reason") == "RemovingSecrets")
        world.until("that is told", lambda: "delete-secrets" in world.operator.text())
        world.apply(yaml.safe_dump({"apiVersion": "lepton.dev/v1alpha1", "kind": "Invocation", "metadata": {
            "name": "revealed", "annotations": {"lepton.dev/abandon": "ticket 1"}}}), "revealed.yaml")
        world.until("it was abandoned", lambda: "Abandoned" in world.operator.text())
        tokens = self.generated(world, world.object("failing")["metadata"]["uid"])
        resource.prlimit(world.operator.popen.pid, resource.RLIMIT_CORE, (0, 0))
        world.operator.popen.send_signal(signal.SIGABRT)  # what a crash leaves on stderr
        world.operator.popen.wait(15)
        self.assertEqual(hits(self.places(world), {**SECRETS, **tokens}), [])

    def test_the_search_finds_what_is_there(self):
        """A user who names an object after a password has told everybody; so the search must say."""
        world = self.started()
        planted = "p1anted-passw0rd"
        world.workspace()
        self.start(world)
        self.watcher.start()
        world.apply(nim(planted, tasks=["hellaswag"], deployment={"envs": [{"name": "KEY", "value": planted}]},
                        evaluation={"config": {"params": {"extra": {"key": SECRETS["literal env of a task"]}}}}), "planted.yaml")
        world.until_phase("Succeeded", planted)
        found = hits(self.places(world), {**SECRETS, "planted": planted})
        where = {place for name, place in found if name == "planted"}
        for place in ("log", "metrics", f"state/default/{planted}.yaml", "names of state files", "deployments in Lepton", "jobs in Lepton"):
            self.assertIn(place, where)
        self.assertIn(("literal env of a task", "jobs in Lepton"), found, "the run configuration stands in the job's command")
        for name, secret in SECRETS.items():
            for form in forms(secret):
                self.assertEqual(hits({"here": {f"x{form}y"}}, {name: secret}), [(name, "here")])
            for before in ("", "a", "ab"):
                encoded = base64.b64encode((before + secret + "@host").encode()).decode()
                self.assertEqual(hits({"here": {encoded}}, {name: secret}), [(name, "here")])

    def scenario(self, scenario):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lepton-operator-test-"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "scenario.yaml").write_text(yaml.safe_dump(scenario))
        return ["--scenario", str(folder / "scenario.yaml")]


if __name__ == "__main__":
    at_once.main()
