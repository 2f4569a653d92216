#!/usr/bin/env python3
"""A long day: users at work, one request in twenty of Lepton's ends badly, the operator is killed again and again, the API server dies.

    tests/soak/soak.py [--minutes 20] [--invocations 300] [--seed 1]        make soak MINUTES=20 INVOCATIONS=300 SEED=1

Against a real API server (tests/cluster) and lepton-sim. The seed decides what is done and when; what meets what is the machine's. When the
time is over the kills end, Lepton's faults do not: all that is there has to come to its end, is deleted, and then the invariants hold:

  no Invocation was stuck; none is left, and no finalizer; nothing is left in Lepton (endpoints, jobs, secrets, directories); no job was made
  twice; the operator's memory, threads and open files stayed within bounds; it never ended by itself, and never worked a key twice at once;
  no secret is in its logs, in events or in what the API server shows.

Exit code: 0 they hold, 1 one does not (with the folder of all logs, which is kept then), 77 no cluster can be had here.
"""
import argparse
import collections
import heapq
import http.client
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))
import harness  # noqa: E402
from harness import GROUP, NOTHING, TASKS, TOKEN, Cluster, Failed, World, everything, hits, left  # noqa: E402

import yaml  # noqa: E402

SCENARIO = """
rules:
- {match: "slow-*", kind: job, run-delay: 20s}
- {match: "fails-*", kind: job, outcome: fail, exit-code: 7}
- {match: "broken-*", kind: endpoint, outcome: error, reason: "CUDA error"}
- {match: "flaps-*", kind: endpoint, outcome: flapping}
faults:  # one request in twenty
- {chance: 0.015, status: 503, times: 0}
- {chance: 0.015, status: 500, after-commit: true, times: 0}
- {chance: 0.01, status: 429, retry-after: 1, times: 0}
- {chance: 0.005, status: 502, times: 0}
- {chance: 0.005, silent: true, times: 0}
"""
VALUES = {"hf": "hf_SOAK+value/of~%hf\"A", "ngc": "ngc-SOAK+value/of~%ngc\"B"}
LITERAL = "soak/\"LIT+eral~TOKEN%=C"
SECRETS = {"the workspace's token": TOKEN, "a carried secret": VALUES["hf"], "another": VALUES["ngc"], "an API token": LITERAL}
MOST_MEMORY = 400 << 20  # bytes resident
MOST_THREADS, MOST_FILES = 64, 256
SETTLES = 600  # seconds that all may take to come to an end, and to go: a silent request costs its deadline, and a failure its backoff


def manifest(name, rng):
    """One of the many things that a user may want."""
    kind = rng.choices(["nim", "vllm", "sglang", "none"], [6, 2, 1, 2])[0]
    deployment = {"type": kind}
    more = {}
    if kind == "none":
        more["target"] = {"url": "https://models.example/v1", "modelId": "meta/llama-3.1-8b-instruct"}
    else:
        deployment |= {"image": f"registry.example/{kind}:1", "servedModelName": "llama", "resourceShape": "gpu.1xh200"}
        if kind != "nim":
            deployment["checkpointPath"] = "meta-llama/Llama-3.1-8B-Instruct"
        if rng.random() < 0.2:
            deployment["sharing"] = "Shared"
        if rng.random() < 0.3:
            deployment["envs"] = [{"name": "NGC_API_KEY", "valueFrom": {"secretKeyRef": {"name": "values", "key": "ngc"}}}]
        if rng.random() < 0.2:
            deployment["apiTokens"] = [{"value": LITERAL}]
    tasks = []
    for number in range(rng.choice([1, 2, 3, 3, 4])):
        course = rng.choices(["plain", "slow", "fails", "broken", "flaps"], [12, 3, 2, 1, 1])[0]
        tasks.append({"name": f"{course}-{number}", "task": rng.choice(TASKS)})
    execution = {"retries": rng.choice([0, 0, 1, 2])}
    if rng.random() < 0.4:
        execution["envs"] = [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "values", "key": "hf"}}}]
    # A TTL would keep the directory, were the policy not written out.
    more |= {"execution": execution, "storage": {"cleanup": rng.choice(["Auto", "Auto", "Api", "Job"]), "deletionPolicy": "Delete"}}
    if rng.random() < 0.3:
        more["parallelism"] = rng.choice([1, 2])
    if rng.random() < 0.3:
        more["startPolicy"] = "EachEndpointReady"
    if rng.random() < 0.4:
        more["endpointFailurePolicy"] = "FailTask"
    if rng.random() < 0.3:
        more["endpointRetention"] = rng.choice(["UntilFinished", "UntilDeleted"])
    if rng.random() < 0.05:
        more["ttlSecondsAfterFinished"] = 30
    if rng.random() < 0.05:
        more["activeDeadlineSeconds"] = 20
    return yaml.safe_load(harness.simulated.invocation(name, deployment, tasks, **more))


def just_begun(failure):
    """What an API server answers in its first seconds: it knows no roles yet, and its storage is not ready."""
    return failure.status in (403, 429) or failure.status >= 500


def patiently(ask):
    """What `ask` answers, as soon as the API server does."""
    end = time.monotonic() + 120
    while True:
        try:
            return ask()
        except Failed as failure:
            if not just_begun(failure) or time.monotonic() > end:
                raise
        except (OSError, http.client.HTTPException):
            if time.monotonic() > end:
                raise
        time.sleep(1)


class Soak:
    def __init__(self, minutes, invocations, seed):
        self.seconds, self.wanted, self.seed = minutes * 60, invocations, seed
        self.rng = random.Random(seed)
        self.did = collections.Counter()
        self.agenda, self.number = [], 0  # (when, n, what, argument)
        self.lives = []  # of the operator: what was last measured of each
        self.api_is_up = True
        self.cluster = Cluster.shared()
        scenario = self.cluster.folder / "scenario.yaml"
        scenario.write_text(SCENARIO)
        self.world = World(self.cluster, "soak", "--scenario", scenario, "--seed", seed, "--ready-delay", "2s", "--run-delay", "4s",
                           "--delete-delay", "300ms")
        self.operator = None

    # --- what is done, and when: decided before anything begins

    def plan(self):
        busy = self.seconds * 0.85
        for i in range(self.wanted):
            self.add(self.rng.uniform(0, busy * 0.9), "create", (f"run-{i:04}", manifest(f"run-{i:04}", self.rng)))
        for _ in range(self.wanted * 2):
            what = self.rng.choices(["suspend", "resume", "edit", "rerun", "grow", "nudge", "delete"], [2, 3, 3, 2, 1, 2, 4])[0]
            self.add(self.rng.uniform(0, busy), what, self.rng.random())
        self.every(20, 60, self.seconds * 0.6, "kill")  # the last life is long enough to show what becomes of its memory
        self.every(90, 180, busy, "stop-apiserver")
        for at in range(0, int(self.seconds), 5):
            self.add(at, "measure", None)

    def every(self, least, most, until, what):
        at = self.rng.uniform(least, most)
        while at < until:
            self.add(at, what, self.rng.random())
            at += self.rng.uniform(least, most)

    def add(self, at, what, argument):
        self.number += 1
        heapq.heappush(self.agenda, (at, self.number, what, argument))

    def run(self):
        self.world.add_workspace(limits={"requestsPerSecond": 200, "burst": 200})
        self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "values", "namespace": "soak"}, "stringData": VALUES})
        self.operator = self.world.start()
        self.plan()
        self.begin = time.monotonic()
        told = 0
        while self.agenda:
            at, _, what, argument = heapq.heappop(self.agenda)
            time.sleep(max(0.0, self.begin + at - time.monotonic()))
            self.act(what, argument)
            if self.elapsed() - told > 60:
                told = self.elapsed()
                self.tell()
        if not self.api_is_up:
            self.start_apiserver()

    def elapsed(self):
        return time.monotonic() - self.begin

    def tell(self):
        phases = self.phases() if self.api_is_up else {}
        print(f"soak: {self.elapsed() / 60:4.1f} min, {dict(sorted(self.did.items()))}, now {dict(phases)}", flush=True)

    def act(self, what, argument):
        self.assert_alive()
        needs_the_api = what in ("create", "suspend", "resume", "edit", "rerun", "grow", "nudge", "delete")
        try:
            if needs_the_api and not self.api_is_up:
                raise OSError("no API server")
            getattr(self, what.replace("-", "_"))(argument)
        except (OSError, http.client.HTTPException):
            if needs_the_api:  # as a user would: once more, a little later
                self.add(self.elapsed() + 1, what, argument)
                return
        except Failed as failure:
            if just_begun(failure) and needs_the_api:
                self.add(self.elapsed() + 1, what, argument)
                return
            if failure.status not in (404, 409, 422):
                raise
            self.did["refused"] += 1
            return
        self.did[what] += 1

    # --- users

    def create(self, argument):
        _, body = argument
        self.cluster.api("POST", self.world.path(), body)

    def some(self, share):
        """One of those that are there and stay; none: nothing is done."""
        items = [o for o in self.cluster.api("GET", self.world.path() + "?resourceVersion=0")["items"] if "deletionTimestamp" not in o["metadata"]]
        return items[int(share * len(items))] if items else None

    def patch(self, share, change):
        found = self.some(share)
        if found is None:
            return
        body = change(found)
        self.cluster.api("PATCH", self.world.path(found["metadata"]["name"]), body, kind="application/merge-patch+json")

    def suspend(self, share):
        self.patch(share, lambda o: {"spec": {"suspend": True}})

    def resume(self, share):
        self.patch(share, lambda o: {"spec": {"suspend": False}})

    def edit(self, share):
        self.patch(share, lambda o: {"spec": {"evaluation": {"config": {"params": {"temperature": share}}}, "execution": {"retries": 1}}})

    def rerun(self, share):
        def change(o):
            tasks = o["spec"]["evaluation"]["tasks"]
            task = tasks[int(share * 7919) % len(tasks)]
            task["run"] = task.get("run", 0) + 1
            return {"spec": {"evaluation": {"tasks": tasks}}}
        self.patch(share, change)

    def grow(self, share):
        def change(o):
            tasks = o["spec"]["evaluation"]["tasks"]
            return {"spec": {"evaluation": {"tasks": [*tasks, {"name": f"plain-more-{len(tasks)}", "task": TASKS[0]}]}}}
        self.patch(share, change)

    def nudge(self, share):
        self.patch(share, lambda o: {"metadata": {"annotations": {"lepton.dev/reconcile-requested-at": str(share)}}})

    def delete(self, share):
        found = self.some(share)
        if found is not None:
            self.cluster.api("DELETE", self.world.path(found["metadata"]["name"]))

    # --- misfortune

    def kill(self, share):
        self.measure(None)
        self.operator.expected_to_end = True
        self.operator.kill()
        time.sleep(share * 3)
        log = self.world.folder / f"operator-{len(self.world.operators)}.log"
        self.operator = harness.Operator(log, self.cluster.operator_kubeconfig(self.world.token_file))
        self.world.operators.append(self.operator)

    def stop_apiserver(self, share):
        if not self.api_is_up:
            return
        self.cluster.stop_apiserver()
        self.api_is_up = False
        self.add(self.elapsed() + 1 + 9 * share, "start-apiserver", None)

    def start_apiserver(self, _=None):
        self.cluster.start_apiserver()
        self.api_is_up = True

    # --- looking

    def assert_alive(self):
        for process in (self.operator, self.world.simulator):
            if process.popen.poll() is not None:
                raise AssertionError(f"{process.log} ended by itself ({process.popen.returncode}):\n" + "\n".join(process.text().splitlines()[-40:]))

    def measure(self, _):
        of = pathlib.Path(f"/proc/{self.operator.popen.pid}")
        status = dict(line.split(":", 1) for line in (of / "status").read_text().splitlines())
        now = {"log": self.operator.log.name, "memory": int(status["VmRSS"].split()[0]) << 10, "threads": int(status["Threads"]),
               "files": len(list((of / "fd").iterdir()))}
        try:
            now |= {"overlaps": self.operator.metric("lepton_reconcile_overlaps_total") or 0, "duplicates": self.operator.metric("lepton_duplicate_jobs_total") or 0,
                    "panics": self.operator.metric("controller_runtime_reconcile_panics_total") or 0}
        except (OSError, TypeError, AttributeError):  # it has just begun
            pass
        if self.lives and self.lives[-1]["log"] == now["log"]:
            before = self.lives.pop()
            now = {**before, **now, **{name: max(before[name], now[name]) for name in ("memory", "threads", "files")}}
        self.lives.append(now)

    def items(self):
        return patiently(lambda: self.cluster.api("GET", self.world.path()))["items"]

    def phases(self):
        return collections.Counter((o.get("status") or {}).get("phase", "new") for o in self.items())

    def until(self, what, condition):
        end = time.monotonic() + SETTLES
        begin = time.monotonic()
        rest = condition()
        while rest:
            self.assert_alive()
            self.measure(None)
            self.help_out(rest)
            if time.monotonic() > end:
                shown = "\n".join(json.dumps({k: o.get(k) for k in ("metadata", "status")})[:4000] for o in rest[:5])
                raise AssertionError(f"after {SETTLES} s not {what}: {len(rest)}, of these\n{shown}")
            time.sleep(2)
            rest = condition()
        print(f"soak: {what} after {time.monotonic() - begin:.0f} s", flush=True)

    def help_out(self, items):
        """With cleanup Api, a directory that was never seen is a person's to judge: its jobs may have gone before they began. A person looks."""
        for o in items:
            conditions = {c["type"]: c["reason"] for c in (o.get("status") or {}).get("conditions", [])}
            if conditions.get("CleanedUp") != "StorageNotVisible" or o["spec"]["storage"]["cleanup"] != "Api":
                continue
            stored = self.world.simulator.dump()["storage"]
            if any(o["status"]["invocationId"] in path for paths in stored.values() for path in paths):
                continue  # it is there: the operator has to find it
            self.patch_one(o["metadata"]["name"], {"metadata": {"annotations": {"lepton.dev/abandon": "there is no such directory"}}})
            print(f"soak: {o['metadata']['name']} was deleted before a job of it ran; abandoned", flush=True)

    # --- the end

    def settle(self):
        for o in self.items():
            if o["spec"].get("suspend"):
                self.resume_one(o["metadata"]["name"])
        self.until("all have come to an end, or gone",
                   lambda: [o for o in self.items() if (o.get("status") or {}).get("phase") not in ("Succeeded", "Failed")])
        ended = self.phases()
        patiently(lambda: self.cluster.api("DELETE", self.world.path()))
        self.until("all are gone", self.items)
        return ended

    def resume_one(self, name):
        self.patch_one(name, {"spec": {"suspend": False}})

    def patch_one(self, name, patch):
        def send():
            try:
                self.cluster.api("PATCH", self.world.path(name), patch, kind="application/merge-patch+json")
            except Failed as failure:
                if failure.status != 404:  # gone meanwhile
                    raise
        patiently(send)

    def invariants(self):
        dump = self.world.simulator.dump()
        made = {kind: everything(dump, kind) for kind in ("deployments", "jobs")}
        jobs = collections.Counter(j["metadata"]["name"] for j in made["jobs"])
        twice = {name: n for name, n in jobs.items() if n > 1}
        logs = {o.log.name: [o.text()] for o in self.world.operators}
        events = self.cluster.kubectl("get", "events.events.k8s.io", "-A", "-o", "json")
        leaked = hits({**logs, "events": [events], "the API server": [self.shown]}, SECRETS)
        finalizers = self.cluster.kubectl("get", "inv,lws,secrets", "-A", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.finalizers}{'\\n'}{end}")
        held = [line for line in finalizers.splitlines() if "[" in line]
        worst = {name: max(life[name] for life in self.lives) for name in ("memory", "threads", "files")}
        counted = {name: sum(life.get(name, 0) for life in self.lives) for name in ("overlaps", "panics", "duplicates")}
        faults = {k: v for k, v in dump.get("counters", {}).items()} if isinstance(dump.get("counters"), dict) else {}
        print(f"soak: {len(made['deployments'])} endpoints and {len(made['jobs'])} jobs were made in Lepton; {faults}", flush=True)
        print(f"soak: {len(self.lives)} lives of the operator; at most {worst['memory'] / 2**20:.0f} MiB, {worst['threads']} threads, {worst['files']} open files; "
              f"{len(twice)} jobs made twice, {counted['duplicates']:.0f} counted", flush=True)
        last = self.lives[-1]
        print(f"soak: the last life at its end: {json.dumps(last)}", flush=True)
        return [
            ("endpoints and jobs were made", bool(made["deployments"]) and bool(made["jobs"])),
            ("no key was worked twice at once, and no reconcile panicked", counted["overlaps"] == 0 and counted["panics"] == 0),
            ("nothing is left in Lepton", left(dump) == NOTHING or left(dump)),
            ("no job was made twice", not twice or twice),
            ("no finalizer is left", not held or held),
            ("memory, threads and open files are bounded", worst["memory"] <= MOST_MEMORY and worst["threads"] <= MOST_THREADS and worst["files"] <= MOST_FILES),
            ("no secret is in a log, an event or an object", not leaked or leaked),
            ("no log speaks of a bug", not [name for name, texts in logs.items() if "this is a bug" in texts[0]]),
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--invocations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    soak = Soak(words.minutes, words.invocations, words.seed)
    print(f"soak: seed {words.seed}, {words.minutes:g} minutes, {words.invocations} Invocations, logs in {soak.cluster.folder}", flush=True)
    failed = True
    try:
        soak.run()
        soak.tell()
        soak.shown = json.dumps([o.get("status") for o in [*soak.items(), *patiently(lambda: soak.cluster.api("GET", f"{GROUP}/workspaces"))["items"]]])
        print(f"soak: ended {dict(soak.settle())}", flush=True)
        broken = 0
        for promise, kept in soak.invariants():
            broken += kept is not True
            print(f"soak: {'holds' if kept is True else 'BROKEN'}: {promise}{'' if kept is True else f': {str(kept)[:2000]}'}", flush=True)
        failed = broken > 0
    finally:
        if failed:
            os.environ["LEPTON_OPERATOR_KEEP"] = "1"
        for process in [*soak.world.operators, soak.world.simulator]:
            if process.popen.poll() is None:
                process.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
