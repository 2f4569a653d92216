"""The sections that an Invocation and a Workspace's defaults have in common: deployment, execution, storage.

None has a `default:`: what is not written in an Invocation comes from the Workspace, else from the operator, and a default of the schema
would hide that it was not written.
"""
from schema import (ENDPOINT_TYPE_SENTENCE, RELATIVE_PATH, choice, envs, listed, mapping, mount_path, number, path, rule, seconds, secret_key, text, timeout, whole)

_PRIORITIES = ["low-1000", "low-2000", "low-3000", "mid-4000", "mid-5000", "mid-6000", "high-7000", "high-8000", "high-9000"]
_PULL_SECRETS = "Names of image pull secrets of the Lepton workspace."


def _words(description):
    return listed(description, {"type": "string", "maxLength": 65536}, 256)


def _auto_scaler():
    return {"type": "object", "description": "When replicas come and go.", "properties": {
        "scaleDown": {"type": "object", "description": "When to give GPUs back.", "properties": {
            "noTrafficTimeout": seconds("Scale to zero after this long without requests, e.g. 1h or 3600; 1h unless written. It frees the GPUs should the "
                                        "operator be gone for good."),
            "notReadyTimeout": seconds("Stop after this long without being Ready.")}},
        "targetGpuUtilizationPercentage": whole("Add replicas above this use of the GPUs.", 0, 100),
        "targetThroughput": {"type": "object", "description": "Add replicas above this many requests.", "properties": {
            "qpm": number("Requests a minute and replica.", 0), "paths": listed("URL paths that count.", text("A path.", 1024, least=0), 32),
            "methods": listed("HTTP methods that count.", text("A method.", 16, least=0), 16)}}}}


def _health():
    return {"type": "object", "description": "How Lepton sees whether a replica lives.", "properties": {
        "readiness": {"type": "object", "description": "Before a replica takes requests.",
                      "properties": {"requireApproval": {"type": "boolean", "description": "Wait for a person's approval."}}},
        "liveness": {"type": "object", "description": "While it runs.", "properties": {
            "initialDelaySeconds": seconds("Not before this long after the start."),
            "tcp": {"type": "object", "description": "Try a port.", "required": ["port"], "properties": {"port": whole("The port.", 1, 65535)}}}}}}


def _cache():
    return {"type": "object", "description": "A directory of a volume for model weights, so that they are downloaded once.", "required": ["path", "mountPath"],
            "properties": {
                "path": path("On the volume, e.g. /shared/model-cache/{{MODEL_CACHE_NAME}}, which stands for the image's name without tag."),
                "from": text("The volume; node-nfs:lepton-shared-fs unless written.", 253),
                "mountPath": {**mount_path("In the container, e.g. /opt/nim/.cache.")}}}


def _api_tokens():
    item = {"type": "object", "description": "One token.", "properties": {
        "value": text("The token as it stands; better a secretKeyRef.", 4096), "secretKeyRef": secret_key(),
        "leptonToken": text("Name of a token of the Lepton workspace. It cannot reach the jobs: write it into execution.envs too.", 253)},
        "x-kubernetes-validations": [rule("(has(self.value) ? 1 : 0) + (has(self.secretKeyRef) ? 1 : 0) + (has(self.leptonToken) ? 1 : 0) == 1",
                                          "needs exactly one of value, secretKeyRef and leptonToken")]}
    return {**listed("Tokens that the endpoints take; jobs get the first value. Leave it out and the operator makes one for this Invocation: no endpoint is "
                     "ever open.", item, 16),
            "x-kubernetes-validations": [rule("self.size() > 0", "an empty list would leave the endpoint open; leave the field out and the operator makes a "
                                                                 "token")]}


def _paths():
    value = text("A URL path.", 1024, rule("self.startsWith('/')", "must be a URL path, e.g. /v1/chat/completions"))
    return {**mapping("URL path of each endpoint type, where it is not the usual one, e.g. {chat: /v1/chat/completions}.", value, 32),
            "x-kubernetes-validations": [rule("self.all(type, type.matches('^[a-z][-a-z0-9_]{0,62}$'))", ENDPOINT_TYPE_SENTENCE)]}


def deployment(whole_section):
    """`whole_section`: of an Invocation. Else of a Workspace's defaults, where some fields stand only to be refused with a sentence."""
    own = "" if whole_section else " Not for a Workspace's defaults: write it into each Invocation."
    properties = {
        "type": choice("What serves the model: nim (an NVIDIA NIM image), vllm, sglang, or none for an endpoint that exists already (target)." + own,
                       "nim", "vllm", "sglang", "none"),
        "image": text("Container image that serves the model, e.g. nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6." + own, 1024),
        "servedModelName": text("The model's name in requests, e.g. meta/llama-3.1-8b-instruct." + own, 512),
        "port": whole("Port that the server listens on; 8000 unless written.", 1, 65535),
        "command": _words("Words of the command that serves, in place of the type's own. Not for nim."),
        "extraArgs": _words("Words after the type's own command, one each, e.g. [--max-model-len=32768]. Not for nim."),
        "checkpointPath": text("The model's name at Hugging Face, or its path below a mount. For vllm and sglang." + own, 1024),
        "tensorParallelSize": whole("GPUs that one layer is split over; 1 unless written. Not for nim.", 1, 4096),
        "pipelineParallelSize": whole("GPUs that the layers are spread over; 1 unless written. Not for nim.", 1, 4096),
        "dataParallelSize": whole("Copies of the model in a replica; 1 unless written. Not for nim.", 1, 4096),
        "preCommand": text("Shell commands that run in the container before the server. Not for nim.", 65536, least=0),
        "resourceShape": text("Shape of a replica, e.g. gpu.1xh200. Needed, here or in the Workspace's defaults.", 253),
        "minReplicas": whole("Replicas of each endpoint at least; 1 unless written.", 1, 1000),
        "maxReplicas": whole("Replicas of each endpoint at most; as many as minReplicas unless written.", 1, 1000),
        "nodeGroup": text("Node group to run on, by name or id. Lepton chooses unless written.", 253),
        "autoScaler": _auto_scaler(),
        "priorityClass": choice("Lepton's priority; mid-4000 unless written.", *_PRIORITIES),
        "imagePullSecrets": listed(_PULL_SECRETS, text("A name.", 253, least=0), 32),
        "health": _health(),
        "cache": _cache(),
        "envs": envs("Environment variables of the server.", 256, jobs=False),
        "apiTokens": _api_tokens(),
        "paths": _paths(),
        "sharing": choice("PerTask (unless written): an endpoint for each task. Shared: one endpoint for all tasks, released after the last of them.",
                          "PerTask", "Shared"),
        "queueTimeout": timeout("How long an endpoint may wait for capacity or in a queue, in one go; without end unless written. May be edited."),
        "readinessTimeout": timeout("How long an endpoint may take to become Ready, not counting waits for capacity; 20m unless written. May be edited."),
    }
    description = ("How the model is served: one endpoint for each task, or one for all (sharing). Cannot change any more, but for readinessTimeout and queueTimeout." if whole_section else
                   "Under every Invocation's deployment. Not for type none.")
    return {"type": "object", "description": description, **({"required": ["type"]} if whole_section else {}), "properties": properties}


def execution():
    return {"type": "object", "description": "How the jobs run, one for each task. May be edited: that reaches only jobs that are not made yet.", "properties": {
        "resourceShape": text("Shape of a job; cpu.small unless written.", 253),
        "nodeGroup": text("Node group to run on, by name or id. Lepton chooses unless written.", 253),
        "envs": envs("Environment variables of all jobs.", 256, jobs=True),
        "imagePullSecrets": listed(_PULL_SECRETS, text("A name.", 253, least=0), 32),
        "timeout": timeout("Longest run of a job, counted while it runs; 24h unless written."),
        "retries": whole("How often a task's job that failed is made again in each of its runs, on the same endpoint; 0 unless written.", 0, 10),
        "outputDir": text("Directory below the mount for the results, e.g. results. The mount itself unless written.", 1024,
                          rule(f"self.matches('{RELATIVE_PATH}')",
                               "must be a path below the mount, without a leading slash and empty, . or .. parts, e.g. results"))}}


def storage():
    mount = {"type": "object", "description": "A directory of a volume.", "required": ["path", "mountPath"], "properties": {
        "path": path("On the volume, e.g. /shared/data."), "from": text("The volume; storage.from unless written.", 253),
        "mountPath": mount_path("In the container, e.g. /data.")}}
    mounts = {**listed("More directories for the jobs; at most 32.", mount, 32),
              "x-kubernetes-validations": [rule("self.all(m, self.exists_one(o, o.mountPath == m.mountPath))", "a mountPath is taken by another mount")]}
    return {"type": "object", "description": "Where results go. from, path, mountPath and mounts cannot change any more.", "properties": {
        "from": text("The volume; node-nfs:lepton-shared-fs unless written.", 253),
        "path": path("Directory of the volume that has one directory for each Invocation; /shared/nemo-evaluator-launcher-workspace unless written."),
        "mountPath": mount_path("Where jobs see the Invocation's directory; /workspace unless written."),
        "mounts": mounts,
        "deletionPolicy": choice("What becomes of the Invocation's directory when the Invocation is deleted: Delete (unless written) or Retain.", "Delete", "Retain"),
        "cleanup": choice("How the directory is removed: by the storage API (Api), by a job (Job), or as it turns out to work (Auto, unless written).",
                          "Auto", "Api", "Job")},
        "x-kubernetes-validations": [rule("!has(self.mounts) || self.mounts.all(m, m.mountPath != (has(self.mountPath) ? self.mountPath : '/workspace'))",
                                          "a mountPath is taken by another mount", ".mounts")]}
