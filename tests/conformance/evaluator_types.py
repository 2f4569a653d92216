"""Runs in nemo-evaluator's own environment: does the evaluator take each run configuration?

Reads the files named on the command line as `nemo-evaluator run_eval --run_config FILE` does and puts them through its own checks and types
(EvaluationConfig, EvaluationTarget, the adapter's), in which an unknown field is an error. What the types made of it must also say the same
again: nothing coerced, nothing dropped. Prints {file: [finding]} as JSON.
"""
import copy
import json
import sys
import warnings

from nemo_evaluator.adapters.adapter_config import AdapterConfig
from nemo_evaluator.api.api_dataclasses import EvaluationConfig, EvaluationTarget
from nemo_evaluator.core import input as evaluator


def check(file):
    run = evaluator.load_run_config(file)
    findings = [f"{name}: no section of a run configuration" for name in sorted(run.keys() - {"config", "target"})]
    evaluator.check_required_default_missing(run)
    evaluator.check_adapter_config(run)
    target = copy.deepcopy(run["target"])
    adapter = target["api_endpoint"].pop("adapter_config", None)  # the evaluator too takes it out before its types see it
    if adapter is not None:
        AdapterConfig.get_validated_config(run)
    parsed = {"config": EvaluationConfig(**copy.deepcopy(run["config"])), "target": EvaluationTarget(**copy.deepcopy(target))}
    if target["api_endpoint"].get("type") == "vlm":
        target["api_endpoint"]["type"] = "chat"  # since 0.2.0 an alias, which the launcher sends too
    for name, given in [("config", run["config"]), ("target", target)]:
        again = parsed[name].model_dump(exclude_unset=True)
        if again != given:
            findings.append(f"{name}: {given} is read as {again}")
    for needed in ("url", "model_id", "type"):
        if not target["api_endpoint"].get(needed):
            findings.append(f"target.api_endpoint.{needed}: missing")
    return findings


def main():
    warnings.simplefilter("error")  # what is deprecated is a finding,
    warnings.filterwarnings("ignore", "Endpoint type 'vlm'")  # but for this, which check() knows
    result = {}
    for file in sys.argv[1:]:
        try:
            result[file] = check(file)
        except Exception as error:  # of any type: each is the evaluator's refusal
            result[file] = [f"{type(error).__name__}: {error}"]
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
