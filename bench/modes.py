"""What is done in each mode, and what is made of what was seen."""
import argparse
import collections
import contextlib
import datetime
import re
import subprocess
import time

import measure
from lab import PAGE, Lab, harness

TASKS = ["gpqa_diamond", "hellaswag", "winogrande", "arc_challenge", "mmlu", "gsm8k", "humaneval", "ifeval"]
def lasting(run):
    """The simulator's flags for tasks that run so long."""
    return ("--ready-delay", "1s", "--start-delay", "200ms", "--run-delay", run, "--delete-delay", "100ms")


QUICK = lasting("1s")
# Long enough that each is seen running, however many there are: else more of them have their directory looked for at removal only.
SEEN_RUNNING = lasting("15s")
RUNNING = lasting("48h")


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def several(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1 on, not {text}")
    return int(text)


@contextlib.contextmanager
def laboratory(*simulator_flags):
    lab = Lab(*simulator_flags)
    try:
        yield lab
    finally:
        lab.close()


@contextlib.contextmanager
def profiled(lab, file):
    if not file:
        yield
        return
    recording = subprocess.Popen(["perf", "record", "-q", "-g", "-F", "199", "-o", file, "-p", str(lab.operator.popen.pid)])
    yield
    recording.send_signal(2)
    recording.wait()


def ratio(lap):
    return round(lap["cpu_seconds"]["operator"] / lap["cpu_seconds"]["apiserver"], 3)


def per_invocation(counts, number):
    return {" ".join(key): round(n / number, 3) for key, n in sorted(counts.items()) if n}


def writes_of_operator(before, after, created, deleted):
    """The API server's own counts, less the driver's."""
    counts = after - before
    counts[("POST", "invocations")] -= created
    counts[("DELETE", "invocations")] -= deleted
    return counts


def duplicates(account):
    """Of one task made more than once: the simulator's own count."""
    return sum(1 for owner in account["made"] for kind in ("deployments", "jobs") for n in owner[kind].values() if n > 1)


def writes_until_terminal(objects, audited):
    """Of each: the writes that began before its end was known, and the one that recorded it."""
    ended = {o["metadata"]["name"]: at(o["status"]["completionTime"]) for o in objects}
    return [1 + sum(1 for write in writes if write.begin < ended[name]) for name, writes in audited.items()]


def latencies(objects, begun, account):
    """Seconds from the request that made an Invocation to its last job's creation, and to its end."""
    last_job = {owner["uid"]: at(owner["last_job_at"]) for owner in account["made"]}
    phases = collections.Counter(o["status"]["phase"] for o in objects)
    created, ended = [], []
    for o in objects:
        begin = begun[o["metadata"]["name"]]
        created.append(last_job[o["metadata"]["uid"]] - begin)
        ended.append(at(o["status"]["completionTime"]) - begin)
    return {"phases": dict(phases), "to_jobs_created": measure.percentiles(created), "to_terminal": measure.percentiles(ended)}


def counted(numbers):
    """How many there are of each."""
    return {str(number): n for number, n in sorted(collections.Counter(numbers).items())}


def lepton_requests(account, count, before=None):
    """Since the account before, or all."""
    already = before["requests"] if before else {}
    requests = {route: n - already.get(route, 0) for route, n in account["requests"].items() if n > already.get(route, 0)}
    polls = {k: n for k, n in requests.items() if k in ("GET /deployments", "GET /jobs", "GET /endpoints")}
    return {"total": sum(requests.values()), "per_invocation": round(sum(requests.values()) / count, 3), "polls": sum(polls.values()), "by_route": requests}


def about(arguments):
    return {"mode": arguments.mode, "invocations": arguments.invocations, "tasks": arguments.tasks, "machine": measure.machine()}


def run(arguments):
    with laboratory(*lasting(arguments.task_lasts)) as lab:
        idle = lab.start_operator()
        idle_mib = settled(idle)
        result = {**about(arguments), "rss_idle_mib": idle_mib, **to_terminal(lab, arguments)}
        result["deleted"] = to_gone(lab, arguments)
        result["bugs"] = bugs(lab)
        return result


def settled(process, seconds=20):
    """MiB, once it no longer changes."""
    seen = []
    for _ in range(seconds * 2):
        time.sleep(0.5)
        seen.append(process.rss())
        if len(seen) > 6 and max(seen[-6:]) - min(seen[-6:]) < 0.1:
            break
    return round(seen[-1], 1)


def cold(arguments):
    """A new process meets N that are finished: how long until it has looked at each, that it writes nothing, and what another list of all costs it."""
    with laboratory(*QUICK) as lab:
        lab.start_operator()
        lived = argparse.Namespace(**{**vars(arguments), "invocations": min(arguments.lived or arguments.invocations, arguments.invocations)})
        result = {**about(arguments), "lived": lived.invocations, "before": to_terminal(lab, lived)}
        until_quiet(lab)
        lab.stop_operator()
        if lived.invocations < arguments.invocations:
            lab.multiply(arguments.invocations)
        list_seconds, size = min(lab.time_full_list() for _ in range(3))
        before = lab.api_requests()
        begin, began_at = time.monotonic(), time.time()
        process = lab.start_operator()
        used = process.cpu()
        seconds = at_rest(process) - begin
        reconciled = said_at(lab.operator, "caught up: each invocation that was there has had its turn") - began_at
        result["peak_mib_when_caught_up"] = round(process.peak(), 1)
        result["cold"] = {"full_list_seconds": round(list_seconds, 2), "full_list_mib": round(size / measure.MIB, 1),
                          "reconciled_seconds": round(reconciled, 2), "reconciled_to_full_list": round(reconciled / list_seconds, 2), "seconds": round(seconds, 2),
                          "to_full_list": round(seconds / list_seconds, 2), "operator_cpu_seconds": round(process.cpu(), 2),
                          "operator_cpu_seconds_when_ready": round(used, 2)}
        time.sleep(arguments.seconds if arguments.seconds < 20 else 20)
        result["rss_steady_mib"] = settled(process)
        writes = writes_of_operator(before, lab.api_requests(), 0, 0)
        result["cold"]["writes_to_invocations"] = writes[("PATCH", "invocations")] + writes[("PATCH", "invocations/status")]
        result["relist"] = relist(lab, process, arguments)
        result["cold"]["reconciles"] = lab.operator.metric("controller_runtime_reconcile_total")
        result["rss_after_scrapes_mib"] = settled(process)  # each has every series of every object
        result["bugs"] = bugs(lab)
        return result


def said_at(process, what):
    """When its log says that it said so."""
    line = next((line for line in process.text().splitlines() if what in line), None)
    if line is None:
        raise harness.Gave_up(f"the operator never said: {what}")
    return at(re.search(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line)[0])


def at_rest(process, seconds=120):
    """When it last took a tick of CPU before it took next to none for two seconds: nothing has to help, and nothing disturbs it."""
    end = time.monotonic() + seconds
    last, before, seen = time.monotonic(), process.cpu(), []
    while time.monotonic() < end:
        time.sleep(0.02)
        now, used = time.monotonic(), process.cpu()
        if used > before:
            seen.append((now, used - before))
            before = used
        seen = [(when, more) for when, more in seen if now - when < 2]
        if sum(more for _, more in seen) <= 0.05 and now - last > 2:
            return last
        if sum(more for when, more in seen if now - when < 0.2) > 0.02:
            last = now
    raise harness.Gave_up(f"the operator was not at rest after {seconds} s")


def until_quiet(lab):
    """No write for some seconds: what was released is recorded, too."""
    before, quiet = None, 0
    while quiet < 4:
        time.sleep(2)
        now = lab.api_requests()[("PATCH", "invocations/status")]
        quiet = quiet + 1 if now == before else 0
        before = now


def soak_idle(arguments):
    """N run, and nothing happens; then the API server is killed and started again."""
    with laboratory(*RUNNING) as lab:
        process = lab.start_operator()
        result = {**about(arguments), "rss_idle_mib": settled(process)}
        sampler = measure.Sampler(process)
        begin = time.monotonic()
        lab.create(arguments.invocations, TASKS[:arguments.tasks])
        lab.until("all run", lambda: lab.running() == arguments.invocations * arguments.tasks, 120 + arguments.invocations, 5)
        result["seconds_until_all_run"] = round(time.monotonic() - begin, 1)
        result["until_all_run"] = {**sampler.stop(), "peak_mib": round(process.peak(), 1)}
        until_quiet(lab)
        process.forget_peak()
        sampler, account, before = measure.Sampler(process), measure.Account(**lab.processes()), lab.account()["requests"]
        with profiled(lab, arguments.perf):
            time.sleep(arguments.seconds)
        lap, memory, after = account.lap(), sampler.stop(), lab.account()["requests"]
        result["idle"] = {**lap, "operator_share_of_core": round(lap["cpu_seconds"]["operator"] / lap["seconds"], 4), "memory": memory,
                          "peak_mib": round(process.peak(), 1), "lepton_requests": {k: n - before.get(k, 0) for k, n in after.items() if n > before.get(k, 0)}}
        result["relist"] = relist(lab, process, arguments)
        result["duplicates"] = duplicates(lab.account())
        result["bugs"] = bugs(lab)
        return result


def relist(lab, process, arguments):
    """The API server is killed and comes back without its history, so that all is listed anew."""
    process.forget_peak()
    before = process.rss()
    lab.cluster.stop_apiserver()
    lab.cluster.compact()
    lab.cluster.start_apiserver()
    sampler = measure.Sampler(process)
    begin = process.cpu()
    pages = -(-arguments.invocations // PAGE)
    lab.until("all are listed anew", lambda: lab.lists() >= pages, 150, 2)  # the reflectors wait 0.8 to 30 s before they come back
    time.sleep(5)
    return {"before_mib": round(before, 1), **sampler.stop(), "peak_mib": round(process.peak(), 1), "peak_to_before": round(process.peak() / before, 2),
            "operator_cpu_seconds": round(process.cpu() - begin, 2), "lists": lab.lists()}


def bugs(lab):
    """What the operator counted of itself, and must be 0."""
    return {"overlaps": lab.operator.metric("lepton_reconcile_overlaps_total"), "panics": lab.operator.metric("controller_runtime_reconcile_panics_total"),
            "said": lab.operator.text().count("this is a bug")}


def to_terminal(lab, arguments):
    count, tasks = arguments.invocations, TASKS[:arguments.tasks]
    operator = measure.Measured(lab.operator.popen.pid)
    before = lab.api_requests()
    account = measure.Account(**lab.processes())
    sampler = measure.Sampler(operator)
    begin = time.monotonic()
    with profiled(lab, arguments.perf):
        begun = lab.create(count, tasks)
        created = time.monotonic() - begin
        lab.progress.until("terminal", count, 60 + count * 0.3, lab.alive)
    seconds = time.monotonic() - begin
    lap = account.lap()
    most_at_once = lab.most_at_once
    writes = writes_of_operator(before, lab.api_requests(), count, 0)
    memory = sampler.stop()
    seen = lab.account()
    objects, audited = lab.objects(), lab.audited()
    of_each, until_terminal = [len(w) for w in audited.values()], writes_until_terminal(objects, audited)
    return {"seconds_to_create": round(created, 1), "seconds": round(seconds, 1), "invocations_per_second": round(count / seconds, 2), **latencies(objects, begun, seen),
            "cpu_seconds": lap["cpu_seconds"], "operator_to_apiserver": ratio(lap),
            "operator_cpu_ms_per_invocation": round(1000 * lap["cpu_seconds"]["operator"] / count, 2),
            "api_writes_per_invocation": per_invocation(writes, count),
            "invocation_writes": {"until_terminal": round(sum(until_terminal) / count, 2), "invocations_by_writes_until_terminal": counted(until_terminal), "mean": round(sum(of_each) / count, 2), "most": max(of_each)},
            "lepton_requests": lepton_requests(seen, count), "memory": {**memory, "peak_mib": round(operator.peak(), 1)},
            "duplicates": duplicates(seen), "most_at_once": most_at_once}


def to_gone(lab, arguments):
    count = arguments.invocations
    before, asked = lab.api_requests(), lab.account()
    account = measure.Account(**lab.processes())
    begin = time.monotonic()
    lab.delete(count)
    lab.progress.until("gone", count, 60 + count * 0.3, lab.alive)
    seconds = time.monotonic() - begin
    lap = account.lap()
    writes = writes_of_operator(before, lab.api_requests(), 0, count)
    seen = lab.account()
    return {"seconds": round(seconds, 1), "cpu_seconds": lap["cpu_seconds"], "operator_to_apiserver": ratio(lap), "api_writes_per_invocation": per_invocation(writes, count),
            "leftovers": seen["left"], "duplicates": duplicates(seen), "lepton_requests": lepton_requests(seen, count, asked)}


# --- without a cluster


def directory(arguments):
    """Manifests in a directory: applied, finished, removed."""
    world = harness.simulated.World(*SEEN_RUNNING)
    try:
        (world.manifests / "workspace.yaml").write_text(WORKSPACE_MANIFEST.format(workspace=harness.WORKSPACE, token=harness.TOKEN, url=world.simulator.url))
        operator = world.start(LEPTON_CACHE_DIR=str(world.folder / "no-login"))
        process = measure.Measured(operator.popen.pid)
        result = {**about(arguments), "rss_idle_mib": settled(process)}
        processes = {"operator": process, "simulator": measure.Measured(world.simulator.popen.pid)}
        account = measure.Account(**processes)
        text = harness.nim(name="RUN", tasks=TASKS[:arguments.tasks])
        names = [f"run-{i:05}" for i in range(arguments.invocations)]
        for name in names:
            world.apply(text.replace("RUN", name), f"{name}.yaml")
        states = world.state / "default"
        world.until("all are finished", Counted(states, names, b"completionTime:"), 60 + 0.5 * len(names), every=1)
        result["finished"] = {**account.lap(), "rss_mib": round(process.rss(), 1), "peak_mib": round(process.peak(), 1)}
        asked = world.simulator.call("account")
        for name in names:
            (world.manifests / f"{name}.yaml").unlink()
        world.until("all are gone", lambda: not any(states.glob("run-*.yaml")), 60 + 0.5 * len(names), every=1)
        seen = world.simulator.call("account")
        result["removed"] = {**account.lap(), "rss_mib": round(process.rss(), 1), "peak_mib": round(process.peak(), 1), "leftovers": seen["left"],
                             "duplicates": duplicates(seen), "lepton_requests": lepton_requests(seen, len(names), asked)}
        return result
    finally:
        world.close()


WORKSPACE_MANIFEST = """apiVersion: v1
kind: Secret
metadata: {{name: lepton}}
stringData: {{credentials: "{workspace}:{token}"}}
---
apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata: {{name: default}}
spec:
  credentialsSecretRef: {{name: lepton}}
  url: {url}
  limits: {{requestsPerSecond: 2000, burst: 2000}}
"""


class Counted:
    """Whether each state file has come to hold a text; one that has is not read again."""

    def __init__(self, folder, names, text):
        self.folder, self.missing, self.text = folder, set(names), text

    def __call__(self):
        self.missing = {name for name in self.missing if not self.has(self.folder / f"{name}.yaml")}
        return not self.missing

    def has(self, file):
        return file.exists() and self.text in file.read_bytes()
