"""The run configurations of jobs are ones that the real evaluator (nemo-evaluator 0.2.8) takes.

The operator runs as a process against lepton-sim; the script of each job it sent is run by bash, with a stand-in for the evaluator that keeps
the file it is given. Two tasks of each harness of the catalogue, spread over the four types.
"""
import json
import os
import pathlib
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "simulator")]
import harness  # noqa: E402
import invocations  # noqa: E402
import job_script  # noqa: E402
from venv import locked, run, venv  # noqa: E402

PINS = "nemo-evaluator-0.2.8"
CONFIG = {"config": {"params": {"limit_samples": 10, "parallelism": 4, "request_timeout": 3600, "max_retries": 5, "max_new_tokens": 512,
                                "temperature": 0.6, "top_p": 0.95, "extra": {"quotes": "it's", "list": [1, 2.5, None, True], "text": "123"}}},
          "target": {"api_endpoint": {"adapter_config": {"use_caching": True, "log_failed_requests": True, "custom_system_prompt": "Say: 'yes'\n"}}}}


def tasks_by_type():
    """{type: {name: {harness, task entry}}}; each harness has two tasks in all where it has two."""
    catalogue = yaml.safe_load((invocations.ROOT / "manifests" / "catalogue.yaml").read_text())
    chosen = [(each["name"], task["name"]) for each in catalogue["harnesses"] for task in each["tasks"][:2]]
    spread = {kind: {} for kind in invocations.TYPES}
    for number, (of, task) in enumerate(chosen):
        config = [{}, {"params": {"limit_samples": 0.5}}, {"config": {"params": {"task": "sub", "extra": {"more": {"deep": [{}]}}}}}][number % 3]
        spread[invocations.TYPES[number % 4]][f"t{number}"] = {"harness": of, "task": {"name": f"t{number}", "task": f"{of}.{task}", "config": config}}
    return spread


def manifest(kind, tasks):
    spec = invocations.required(kind)
    spec["evaluation"] = {"config": CONFIG, "tasks": [each["task"] for each in tasks.values()]}
    return {"apiVersion": "lepton.dev/v1alpha1", "kind": "Invocation", "metadata": {"name": kind}, "spec": spec}


def findings(files):
    words = [str(venv(PINS, locked(PINS))), str(HERE / "evaluator_types.py"), *map(str, files)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "NEMO_EVALUATOR_TELEMETRY_LEVEL": "0"})
    return json.loads(done.stdout)


class RunConfig(harness.Case):
    def test_the_evaluators_types_take_every_run_configuration_that_jobs_write(self):
        world, spread = self.world("--ready-delay", "0s", "--start-delay", "0s", "--run-delay", "1h"), tasks_by_type()
        count = sum(map(len, spread.values()))
        world.start("--poll-interval", "300ms")
        world.apply(yaml.safe_dump_all([manifest(*each) for each in spread.items()]))
        jobs = world.until(f"{count} jobs are made", lambda: (j := world.simulator.requests("POST", "/jobs")) and len(j) >= count and j, 60, 0.3)
        with ThreadPoolExecutor(2) as pool:
            configs = list(pool.map(lambda job: job_script.run(job["body"], world.folder)["run_config"], jobs))
        of = {name: each["harness"] for tasks in spread.values() for name, each in tasks.items()}
        seen = {job["body"]["metadata"]["labels"]["lepton-operator.task"] for job in jobs}
        self.assertEqual(seen, set(of))
        self.assertGreaterEqual(len({of[name] for name in seen}), 10)
        self.assertGreaterEqual(len(seen), 20)

        files, broken = [], []
        for number, text in enumerate(configs):
            files.append(world.folder / f"{number}.yaml")
            files[-1].write_text(text)
        # A check that cannot fail shows nothing: one of each kind of fault, of our own making.
        for number, fault in enumerate([{"config": {"speed": 1}}, {"config": {"params": {"speed": 1}}}, {"target": {"api_endpoint": {"speed": 1}}},
                                        {"target": {"api_endpoint": {"type": "telepathy"}}}, {"speed": 1}, {"config": {"params": {"parallelism": "4"}}},
                                        {"target": {"api_endpoint": {"adapter_config": {"speed": 1}}}}]):
            broken.append(world.folder / f"broken-{number}.yaml")
            broken[-1].write_text(yaml.safe_dump(merged(yaml.safe_load(configs[0]), fault)))
        found = findings([*files, *broken])
        self.assertEqual({file: found[str(file)] for file in files if found[str(file)]}, {})
        self.assertEqual([file.name for file in broken if not found[str(file)]], [])
        print(f"{len(seen)} tasks of {len({of[name] for name in seen})} harnesses")


def merged(under, over):
    return {**under, **{k: merged(under[k], v) if isinstance(v, dict) and isinstance(under.get(k), dict) else v for k, v in over.items()}}


def main():
    venv(PINS, locked(PINS))  # before anything else, for it may end the test with 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    run(main)
