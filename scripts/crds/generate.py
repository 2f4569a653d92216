#!/usr/bin/env python3
"""Writes crds/lepton.dev_invocations.yaml and crds/lepton.dev_workspaces.yaml.

    scripts/crds/generate.py           writes the two files
    scripts/crds/generate.py --check   exit code 1 if they are not what it would write

Both kinds share most of their schema (a Workspace's defaults have the shape of an Invocation's sections), so the schema is written once,
here. The rules are those of controller/invocation (codec_*.cc, validation*.cc, patterns.cc), in the same words where CEL says them: who
changes one changes the other, and tests/cluster/refusals.yaml holds both to it. Bounds keep the CEL rules' estimated cost within the API
server's budget: 10,000,000 for a rule. Kubernetes 1.29 is the oldest that takes the result: no CEL optionals, which came with it.
"""
import pathlib
import sys

sys.dont_write_bytecode = True

import yaml

from schema import ENV_NAME, ENV_NAME_SENTENCE, choice, endpoint_type, envs, listed, number, object_name, path, rule, text, timeout, whole
from sections import deployment, execution, storage
from status import invocation_status, record, shown, workspace_status

CRDS = pathlib.Path(__file__).resolve().parents[2] / "crds"
IMMUTABLE = "cannot change any more; make another Invocation"


# --- Rules ------------------------------------------------------------------------------------------------------------------------------


def unchanged(parents, field, path_=None):
    """The field may neither change nor come nor go. Presence is compared on a parent that is always there: a rule of an optional field
    does not run when the field comes or goes."""
    def there(root):
        steps, found = [root, *parents, field], []
        for i in range(2, len(steps) + 1):
            found.append("has(" + ".".join(steps[:i]) + ")")
        return " && ".join(found)

    old, new = there("oldSelf"), there("self")
    value = ".".join([*parents, field])
    expression = f"({new}) == ({old}) && (!({new}) || self.{value} == oldSelf.{value})"
    return rule(expression, IMMUTABLE, path_ or "." + value)


def type_rules():
    """What a deployment type needs and what it has no use for."""
    examples = {"nim": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6", "vllm": "vllm/vllm-openai:v0.10.0", "sglang": "lmsysorg/sglang:v0.4.9"}
    rules = []
    for type_, image in examples.items():
        who = "a nim" if type_ == "nim" else type_
        needed = {"image": f"{who} needs the image that serves it, e.g. {image}",
                  "servedModelName": f"{who} needs the name that requests ask for, e.g. meta/llama-3.1-8b-instruct"}
        if type_ != "nim":
            needed["checkpointPath"] = f"{who} needs the model's path or name, e.g. meta-llama/Llama-3.1-8B-Instruct"
        rules += [rule(f"self.type != '{type_}' || has(self.{field})", message, "." + field) for field, message in needed.items()]
    for field in ("command", "extraArgs", "checkpointPath", "tensorParallelSize", "pipelineParallelSize", "dataParallelSize", "preCommand"):
        rules.append(rule(f"self.type != 'nim' || !has(self.{field})", "not for a nim: its image's own entrypoint serves, and is set up by envs",
                          "." + field))
    return rules


def invocation_deployment():
    section = deployment(whole_section=True)
    fields = [name for name in section["properties"] if name != "type"]
    written = " || ".join(f"has(self.{name})" for name in fields)
    section["x-kubernetes-validations"] = [
        *type_rules(),
        rule(f"self.type != 'none' || !({written})", "not for type none, which deploys nothing: leave out everything but type"),
        rule("!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas", "must be at least minReplicas",
             ".maxReplicas"),
        rule("self.type == oldSelf.type", IMMUTABLE, ".type"),
        *[unchanged([], name) for name in fields if name not in ("readinessTimeout", "queueTimeout")],
    ]
    return section


def spec_rules():
    reaches = ("(self.execution.envs.exists(e, e.name == {0}) || "
               "self.evaluation.tasks.all(t, has(t.envs) && t.envs.exists(e, e.name == {0})))")
    writes_envs = "has(self.execution) && has(self.execution.envs)"
    return [
        rule("self.deployment.type != 'none' || (has(self.target) && has(self.target.url))",
             "type none needs the URL of the endpoint to evaluate, e.g. https://integrate.api.nvidia.com/v1", ".target"),
        rule("self.deployment.type != 'none' || (has(self.target) && has(self.target.modelId))",
             "type none needs the model to ask for, e.g. meta/llama-3.1-8b-instruct", ".target"),
        rule("self.deployment.type == 'none' || !has(self.target)",
             "not for this type, whose endpoints the operator makes; use type none", ".target"),
        # Lists replace each other: envs that are written here are the ones there will be, whatever the Workspace has.
        rule(f"!(self.deployment.type == 'none' && has(self.target) && has(self.target.apiKeyName) && {writes_envs}) || "
             + reaches.format("self.target.apiKeyName"),
             "this variable must stand in spec.execution.envs, so that the jobs have it", ".target"),
        rule(f"!(has(self.deployment.apiTokens) && self.deployment.apiTokens.all(t, has(t.leptonToken)) && {writes_envs}) || "
             + reaches.format("self.evaluation.apiKeyName"),
             "a leptonToken cannot reach the jobs: put the token into spec.execution.envs under the name of spec.evaluation.apiKeyName, or add "
             "a value or a secretKeyRef", ".deployment.apiTokens"),
        rule("self.workspaceRef.name == oldSelf.workspaceRef.name", IMMUTABLE, ".workspaceRef"),
        unchanged([], "target"),
        *[unchanged(["storage"], name) for name in ("from", "path", "mountPath", "mounts")],
    ]


# --- The Invocation's own parts -----------------------------------------------------------------------------------------------------------


def run_configuration(description):
    """A free object, but for one member that the operator owns."""
    output = {"type": "string", "description": "Refused: results go to <storage.mountPath>/<task>; set spec.execution.outputDir for a directory below the mount."}
    inner = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"output_dir": output},
             "description": "The harness's own configuration, e.g. params: {limit_samples: 10, parallelism: 16}."}
    return {"type": "object", "description": description, "x-kubernetes-preserve-unknown-fields": True, "properties": {"config": inner},
            "x-kubernetes-validations": [rule("!has(self.config) || !has(self.config.output_dir)",
                                              "results go to <storage.mountPath>/<task>; set spec.execution.outputDir for a directory below the mount",
                                              ".config.output_dir")]}


def task():
    properties = {
        "name": text("Key of the task, and the name of its directory of results: letters, digits, -, _ and ., at most 63. Also the benchmark, unless "
                     "task says another.", 63,
                     rule(r"self.matches('^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$')",
                          "must be letters, digits, -, _ and ., with a letter or digit at both ends, at most 63: it names the task's directory")),
        "task": text("The benchmark, alone (hellaswag) or with its harness (lm-evaluation-harness.hellaswag). Default: the name. With it one "
                     "benchmark may run twice with two configurations.", 253),
        "container": text("Image to run in place of the catalogue's.", 1024),
        "endpointType": endpoint_type("Which of the endpoint's APIs is used, e.g. chat or completions. Default: the catalogue's first for this benchmark."),
        "config": run_configuration("Run configuration of this task alone, merged over evaluation.config."),
        "envs": envs("Environment variables of this task's job, over execution.envs.", 64, jobs=True),
        "resourceShape": text("Shape of this task's job, e.g. cpu.large. Default: execution.resourceShape.", 253),
        "timeout": timeout("Longest run of this task's job, counted while it runs, e.g. 12h. Default: execution.timeout."),
        "preCommand": text("Shell commands that run in the job before the evaluator; a failing one fails the task.", 65536, least=0),
        "postCommand": text("Shell commands that run in the job after the evaluator.", 65536, least=0),
        "datasetDir": path("Directory of the volume with the benchmark's data; mounted at /datasets."),
        "command": {**listed("Words of a command that runs in place of the evaluator, for what is not in the catalogue. Needs container.",
                             {"type": "string", "maxLength": 65536}, 256), "minItems": 1},
        "run": whole("Raise it to run the task once more, also when the Invocation has finished: results of before stay recorded, in the status and in "
                     "attempt-N/ of the task's directory.", 0, 100),
    }
    same = [rule(f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})",
                 "a task cannot change any more; add another one under its own name", "." + field) for field in properties if field not in ("name", "run")]
    return {"type": "object", "description": "A benchmark to run. Tasks may be added until the Invocation has finished; one that is written cannot change, but for run.",
            "required": ["name"], "properties": properties,
            "x-kubernetes-validations": [
                rule("!has(self.command) || has(self.container)", "a task with its own command needs the container to run it in", ".container"),
                *same,
                rule("(has(self.run) ? self.run : 0) >= (has(oldSelf.run) ? oldSelf.run : 0)", "can only be raised: each run of a task has a number of its own",
                     ".run")]}


def evaluation():
    return {"type": "object", "description": "What is run against the model.", "required": ["tasks"], "properties": {
        "config": run_configuration("Run configuration, merged into that of every task; a task's own config lies over it. May be edited: that reaches "
                                    "only jobs that are not made yet."),
        "apiKeyName": {**text("Environment variable through which jobs get the endpoint's token. Without meaning for type none.", 128,
                              rule(f"self.matches('{ENV_NAME}') && !self.startsWith('LEPTON_') && !self.startsWith('LEPTONOP_')", ENV_NAME_SENTENCE)),
                       "default": "API_KEY"},
        "tasks": {"type": "array", "minItems": 1, "maxItems": 256, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": task(),
                  "description": "The benchmarks, each with an endpoint and a job of its own; at most 256. May be appended to until the Invocation has "
                                 "finished.",
                  "x-kubernetes-validations": [rule("oldSelf.all(o, self.exists(n, n.name == o.name))",
                                                    "a task cannot be taken away; delete the Invocation instead")]}}}


def target():
    return {"type": "object", "description": "The endpoint to evaluate, for deployment.type none only.", "properties": {
        "url": text("Its URL. Without a path, or ending in /v1, it gets the path of each task's endpoint type (/v1/chat/completions, ...); any "
                    "other is used as it stands.", 2048,
                    rule(r"self.matches('^https?://[^/\\x00-\\x20\\x7f][^\\x00-\\x20\\x7f]*$')",
                         "must be an http:// or https:// URL, e.g. https://integrate.api.nvidia.com/v1")),
        "modelId": text("The model that requests ask for, e.g. meta/llama-3.1-8b-instruct.", 512),
        "apiKeyName": text("The variable of execution.envs that holds the endpoint's key. Leave it out for an open endpoint.", 128,
                           rule(f"self.matches('{ENV_NAME}')", ENV_NAME_SENTENCE))}}


def workspace_ref():
    return {"type": "object", "description": "The Workspace, of the same namespace, to run in.", "required": ["name"], "default": {"name": "default"},
            "properties": {"name": object_name("Name of the Workspace.")}}


def policies():
    return {
        "parallelism": whole("Tasks that run at a time: they go in waves of so many endpoints and jobs, each wave when the one before is over. Default: "
                             "all at once.", 1, 256),
        "startPolicy": choice("When jobs begin: when all endpoints are Ready (AllEndpointsReady, unless written), or each task's as soon as its own is "
                              "(EachEndpointReady).", "AllEndpointsReady", "EachEndpointReady"),
        "endpointFailurePolicy": choice("What an endpoint that fails before the first job costs: the whole Invocation (FailInvocation, unless written), or "
                                        "its task alone (FailTask). Later it is its task alone.", "FailInvocation", "FailTask"),
        "endpointRetention": choice("How long an endpoint is kept: until its task has finished (UntilTaskFinished, unless written), until all have "
                                    "(UntilFinished), or until the Invocation is deleted (UntilDeleted), which costs GPUs until then.",
                                    "UntilTaskFinished", "UntilFinished", "UntilDeleted")}


def invocation_spec():
    return {"type": "object", "required": ["deployment", "evaluation"], "x-kubernetes-validations": spec_rules(),
            "description": "What to evaluate, on what, and where. deployment, execution and storage lie over the Workspace's defaults, and those over the "
                           "operator's own; status.resolved shows the result.",
            "properties": {"workspaceRef": workspace_ref(), "deployment": invocation_deployment(), "target": target(), "evaluation": evaluation(),
                           "execution": execution(), "storage": storage(), **policies(),
                           "suspend": {"type": "boolean", "description": "Stop what runs and release the endpoints; false again goes on with new attempts, which are no retries. What has finished "
                                                                         "keeps its results."},
                           "activeDeadlineSeconds": whole("Seconds after which what has not finished fails, counted from the start, or from when it was last resumed or run once more.", 1, 2147483647),
                           "ttlSecondsAfterFinished": whole("Seconds after its end until the Invocation deletes itself. Its directory stays then, unless storage.deletionPolicy is written here.", 0, 2147483647)}}


# --- The Workspace --------------------------------------------------------------------------------------------------------------------------


def workspace_url(description):
    return text(description, 2048, rule(r"self.matches('^https?://[^/\\x00-\\x20\\x7f][^\\x00-\\x20\\x7f]*$')", "must be an http:// or https:// URL"))


def workspace_spec():
    refuse = [rule(f"!has(self.{field})", "is not for a Workspace's defaults; write it into each Invocation", "." + field)
              for field in ("type", "image", "servedModelName", "checkpointPath")]
    refuse.append(rule("!has(self.apiTokens) || self.apiTokens.all(t, !has(t.value))",
                       "a token is not written into a Workspace's defaults; use secretKeyRef or leptonToken", ".apiTokens"))
    sections = {"deployment": {**deployment(whole_section=False), "x-kubernetes-validations": refuse}, "execution": execution(), "storage": storage()}
    return {"type": "object", "required": ["credentialsSecretRef"], "description": "How to reach a Lepton workspace, and what its Invocations have in common.",
            "properties": {
                "credentialsSecretRef": record("A Secret of the same namespace with the workspace's credentials: the key credentials with "
                                               "<workspace id>:<token>, as lep login takes it, or the keys workspaceId and token.", ["name"],
                                               name=object_name("Name of the Secret.")),
                "url": workspace_url("URL of the workspace's API, for a Lepton that is not the public one. Default: found by the workspace's id."),
                "origin": workspace_url("Sent as the Origin header, for gateways that ask for one."),
                "defaults": {"type": "object", "properties": sections, "description":
                             "Lie under every Invocation's own deployment, execution and storage. A change reaches only Invocations that are not started yet."},
                "limits": record("What the operator may ask of the workspace.",
                                 requestsPerSecond=number("Requests a second to the workspace's API; 20 unless written.", 0.1),
                                 burst=number("Requests that may go at once; 50 unless written.", 1),
                                 maxEndpoints=whole("Endpoints of all Invocations together. An Invocation, or with parallelism a wave of it, begins when "
                                                    "there is room for the whole of it: first come, first served. Default: no limit.", 1, 1000000),
                                 maxJobs=whole("Jobs of all Invocations together, likewise.", 1, 1000000))}}


# --- The definitions ------------------------------------------------------------------------------------------------------------------------


def column(name, json_path, description, type_="string", wide=False):
    return {"name": name, "type": type_, "jsonPath": json_path, "description": description, **({"priority": 1} if wide else {})}


AGE = column("Age", ".metadata.creationTimestamp", "How long the object has been there.", "date")


def definition(kind, plural, short, description, spec, status, columns, rules=()):
    schema = {"type": "object", "description": description, "required": ["spec"], **({"x-kubernetes-validations": list(rules)} if rules else {}), "properties": {
        "apiVersion": shown("lepton.dev/v1alpha1"), "kind": shown(kind),
        "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}}, "spec": spec, "status": status}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.lepton.dev"}, "spec": {
        "group": "lepton.dev", "scope": "Namespaced",
        "names": {"kind": kind, "listKind": kind + "List", "plural": plural, "singular": kind.lower(), "shortNames": [short], "categories": ["lepton"]},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}, "additionalPrinterColumns": columns,
                      "schema": {"openAPIV3Schema": schema}}]}}


def invocations():
    finished = rule("!has(oldSelf.status) || !has(oldSelf.status.phase) || !(oldSelf.status.phase in ['Succeeded', 'Failed']) || "
                    "self.spec.evaluation.tasks.all(n, oldSelf.spec.evaluation.tasks.exists(o, o.name == n.name))",
                    "the Invocation has finished; run the new task in another one", ".spec.evaluation.tasks")
    columns = [
        column("Phase", ".status.phase", "How far it is."), column("Type", ".spec.deployment.type", "What serves the model."),
        column("Endpoints", ".status.endpoints", "Endpoints that are Ready, of all."), column("Tasks", ".status.progress", "Finished tasks, of all."), AGE,
        column("Workspace", ".spec.workspaceRef.name", "The Workspace it runs in.", wide=True),
        column("Id", ".status.invocationId", "What stands in the names of all that was made for it.", wide=True),
        column("Message", ".status.message", "What there is to know now.", wide=True)]
    return definition("Invocation", "invocations", "inv",
                      "One evaluation of one model on a list of benchmarks: an endpoint for each, all made at once; when all are Ready, a job for each; "
                      "results kept on the volume. Deleting it removes everything that was made for it.",
                      invocation_spec(), invocation_status(), columns, [finished])


def workspaces():
    ready = '.status.conditions[?(@.type=="Ready")]'
    columns = [column("Ready", ready + ".status", "Whether its credentials work."), column("Reason", ready + ".reason", "Why, in a word."),
               column("Name", ".status.workspaceName", "Its name in Lepton."), AGE, column("Message", ready + ".message", "Why, in a sentence.", wide=True)]
    return definition("Workspace", "workspaces", "lws", "A Lepton workspace and the credentials for it; Invocations of the same namespace run in it.",
                      workspace_spec(), workspace_status(), columns)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def main():
    stale = False
    for plural, make in (("invocations", invocations), ("workspaces", workspaces)):
        text_ = "# Made by scripts/crds/generate.py: change that, not this.\n" + yaml.dump(make(), Dumper=Dumper, sort_keys=False, width=140)
        file = CRDS / f"lepton.dev_{plural}.yaml"
        if "--check" in sys.argv[1:]:
            if not file.exists() or file.read_text() != text_:
                print(f"crds/{file.name} is not what scripts/crds/generate.py writes; run it")
                stale = True
        else:
            file.write_text(text_)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
