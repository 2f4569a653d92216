"""Invocations that set and leave unset every optional field of the CRD, in all pairs.

The fields are read from crds/lepton.dev_invocations.yaml; FIELDS only says which values to write. A field of the schema that no generated
Invocation writes is an error (`unwritten`), so that a new one cannot be forgotten.
"""
import itertools
import pathlib
import random

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVED, ENGINES = ("nim", "vllm", "sglang"), ("vllm", "sglang")
TYPES = (*SERVED, "none")

# Every form of a value; the first item's name is also written by a task, whose own lies over it.
ENVS = [{"name": "PLAIN", "value": "a 'quoted' value"}, {"name": "FROM_LEPTON", "valueFrom": {"leptonSecret": "HF_TOKEN"}},
        {"name": "FROM_KUBERNETES", "valueFrom": {"secretKeyRef": {"name": "kubernetes-secret", "key": "key"}}}]
KEY = {"name": "LLM_API_KEY", "valueFrom": {"leptonSecret": "LLM_API_KEY"}}
OWN = {"name": "PLAIN", "value": ""}
TASK = "evaluation.tasks[]."

# Field -> (types that have it, values to write). "[]" is the Invocation's one task.
FIELDS = {
    "workspaceRef.name": (TYPES, ["default"]),
    "deployment.port": (SERVED, [9000]),
    "deployment.command": (ENGINES, [["serve", "--flag", ""]]),
    "deployment.extraArgs": (ENGINES, [["--max-model-len=32768", "two words"]]),
    "deployment.tensorParallelSize": (ENGINES, [2]),
    "deployment.pipelineParallelSize": (ENGINES, [2]),
    "deployment.dataParallelSize": (ENGINES, [2]),
    "deployment.preCommand": (ENGINES, ["export A='b c'\n"]),
    "deployment.minReplicas": (SERVED, [2]),
    "deployment.maxReplicas": (SERVED, [3]),
    "deployment.nodeGroup": (SERVED, ["h200-eu", "h200-eu-a1b2c3d4"]),
    "deployment.autoScaler.scaleDown.noTrafficTimeout": (SERVED, ["30m", 0]),
    "deployment.autoScaler.scaleDown.notReadyTimeout": (SERVED, [600]),
    "deployment.autoScaler.targetGpuUtilizationPercentage": (SERVED, [80]),
    "deployment.autoScaler.targetThroughput.qpm": (SERVED, [60, 2.5]),
    "deployment.autoScaler.targetThroughput.paths": (SERVED, [["/v1/chat/completions"]]),
    "deployment.autoScaler.targetThroughput.methods": (SERVED, [["POST"]]),
    "deployment.priorityClass": (SERVED, ["high-9000"]),
    "deployment.imagePullSecrets": (SERVED, [["nvcr-pull"]]),
    "deployment.health.readiness.requireApproval": (SERVED, [False]),
    "deployment.health.liveness.initialDelaySeconds": (SERVED, ["10m", 30]),
    "deployment.health.liveness.tcp.port": (SERVED, [8000]),
    "deployment.cache": (SERVED, [{"path": "/shared/{{MODEL_CACHE_NAME}}", "mountPath": "/cache"},
                                  {"path": "/shared/cache", "from": "node-nfs:lepton-shared-fs", "mountPath": "/cache/{{MODEL_CACHE_NAME}}"}]),
    "deployment.envs": (SERVED, [ENVS]),
    "deployment.apiTokens": (SERVED, [[{"value": "a-token"}], [{"secretKeyRef": {"name": "kubernetes-secret", "key": "key"}}],
                                      [{"leptonToken": "team-token"}, {"value": "another"}]]),
    "deployment.paths": (SERVED, [{"chat": "/chat", "completions": "/c"}]),
    "deployment.readinessTimeout": (SERVED, ["1h30m"]),
    "deployment.queueTimeout": (SERVED, ["2h"]),
    "deployment.sharing": (SERVED, ["PerTask", "Shared"]),
    "startPolicy": (TYPES, ["EachEndpointReady"]),
    "endpointFailurePolicy": (TYPES, ["FailTask"]),
    "endpointRetention": (TYPES, ["UntilFinished"]),
    "parallelism": (TYPES, [1]),
    "suspend": (TYPES, [False]),
    "activeDeadlineSeconds": (TYPES, [86400]),
    "ttlSecondsAfterFinished": (TYPES, [86400]),
    "execution.retries": (TYPES, [1]),
    "target.apiKeyName": (("none",), ["LLM_API_KEY"]),
    "evaluation.config": (TYPES, [{"params": {"temperature": 0.6, "extra": {"a": [1, "two", None, True]}}}]),
    "evaluation.apiKeyName": (TYPES, ["ENDPOINT_KEY"]),
    TASK + "task": (TYPES, ["lm-evaluation-harness.hellaswag"]),
    TASK + "container": (TYPES, ["registry.example/own:1"]),
    TASK + "endpointType": (TYPES, ["completions"]),
    TASK + "config": (TYPES, [{"config": {"params": {"limit_samples": 1}}, "target": {"api_endpoint": {"adapter_config": {"use_caching": True}}}}]),
    TASK + "envs": (TYPES, [[OWN, *ENVS[1:]]]),
    TASK + "resourceShape": (TYPES, ["CPU.large"]),
    TASK + "timeout": (TYPES, ["90m"]),
    TASK + "run": (TYPES, [1]),
    TASK + "preCommand": (TYPES, ["cd /tmp"]),
    TASK + "postCommand": (TYPES, ["echo \"it's\" over"]),
    TASK + "datasetDir": (TYPES, ["/shared/data"]),
    TASK + "command": (TYPES, [["run", "it now"]]),
    "execution.resourceShape": (TYPES, ["cpu.medium"]),
    "execution.nodeGroup": (TYPES, ["cpu-eu"]),
    "execution.envs": (TYPES, [[*ENVS, KEY]]),
    "execution.imagePullSecrets": (TYPES, [["evaluators-pull"]]),
    "execution.timeout": (TYPES, ["2h"]),
    "execution.outputDir": (TYPES, ["a/b"]),
    "storage.from": (TYPES, ["node-nfs:lepton-shared-fs", "default"]),
    "storage.path": (TYPES, ["/shared/elsewhere"]),
    "storage.mountPath": (TYPES, ["/results"]),
    "storage.mounts": (TYPES, [[{"path": "/shared/a", "mountPath": "/a"}, {"path": "/b", "from": "default", "mountPath": "/b"}]]),
    "storage.deletionPolicy": (TYPES, ["Delete", "Retain"]),
    "storage.cleanup": (TYPES, ["Auto", "Api", "Job"]),
}
NEEDS = {TASK + "command": TASK + "container", "target.apiKeyName": "execution.envs"}  # one cannot be written without the other

IMAGES = {"nim": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6", "vllm": "vllm/vllm-openai:v0.10.2", "sglang": "lmsysorg/sglang@sha256:" + "0" * 64}


def required(kind):
    deployment = {"type": kind}
    if kind in SERVED:
        deployment.update(image=IMAGES[kind], servedModelName="llama", resourceShape="GPU.1xH200")
    if kind in ENGINES:
        deployment.update(checkpointPath="meta-llama/Llama-3.1-8B-Instruct")
    spec = {"deployment": deployment, "evaluation": {"tasks": [{"name": "hellaswag"}]}}
    if kind == "none":
        spec["target"] = {"url": "https://models.example/v1", "modelId": "llama"}
    return spec


def write(spec, field, value):
    *way, last = field.replace("[]", ".0").split(".")
    for step in way:
        spec = spec[int(step)] if step.isdigit() else spec.setdefault(step, {})
    spec[last] = value


def rows(kind):
    """Choices {field: value or None} such that any two fields meet in all combinations of their values and of being left out."""
    levels = {field: [None, *values] for field, (kinds, values) in FIELDS.items() if kind in kinds}

    def possible(a, x, b, y):
        return not (x is not None and y is None and NEEDS.get(a) == b or y is not None and x is None and NEEDS.get(b) == a)

    def pair(a, i, b, j):
        return (a, i, b, j) if a < b else (b, j, a, i)

    wanted = {pair(a, i, b, j) for a, b in itertools.combinations(levels, 2) for i, x in enumerate(levels[a]) for j, y in enumerate(levels[b])
              if possible(a, x, b, y)}
    dice = random.Random(kind)
    while wanted:
        row, order = {}, list(levels)
        dice.shuffle(order)
        first = min(wanted)  # each row covers one pair more at least, so this ends
        row.update({first[0]: first[1], first[2]: first[3]})
        for a in (field for field in order if field not in row):
            allowed = [i for i, x in enumerate(levels[a]) if all(possible(a, x, b, levels[b][j]) for b, j in row.items())]
            row[a] = max(allowed, key=lambda i: sum(pair(a, i, b, j) in wanted for b, j in row.items()))
        wanted -= {pair(a, row[a], b, row[b]) for a, b in itertools.combinations(row, 2)}
        yield {field: levels[field][i] for field, i in row.items()}


def generate():
    """[(name, spec)]: for each type all that is required alone, all fields at once, and the pairs."""
    made = []
    for kind in TYPES:
        fields = {field: values for field, (kinds, values) in FIELDS.items() if kind in kinds}
        choices = [{}, {field: values[0] for field, values in fields.items()}, *rows(kind)]
        for number, choice in enumerate(choices):
            spec = required(kind)
            for field, value in choice.items():
                if value is not None:
                    write(spec, field, value)
            made.append((f"{kind}-{number}", spec))
    return made


def schema_fields(schema, at=""):
    """{path: needed wherever its parent is} of everything that can be written; "[]" for the items of a list."""
    if schema.get("type") == "array" and "properties" in schema["items"]:
        return schema_fields(schema["items"], at + "[]")
    if schema.get("x-kubernetes-preserve-unknown-fields") or "properties" not in schema:
        return {at}
    return {path for name, each in schema["properties"].items() for path in schema_fields(each, f"{at}.{name}".lstrip("."))}


def written_fields(value, known, at=""):
    if at in known:
        return {at}
    if isinstance(value, list):
        return {path for each in value for path in written_fields(each, known, at + "[]")}
    return {path for name, each in value.items() for path in written_fields(each, known, f"{at}.{name}".lstrip("."))}


def crd_fields():
    crd = yaml.safe_load((ROOT / "crds" / "lepton.dev_invocations.yaml").read_text())
    return schema_fields(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"])


def unwritten(made):
    """(fields of the schema that no Invocation writes, fields that every Invocation writes)"""
    known = crd_fields()
    each = [written_fields(spec, known) for _, spec in made]
    return known - set.union(*each), set.intersection(*each)
