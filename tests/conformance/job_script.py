"""Runs the script of a job as its container would: under bash, with a stand-in for the evaluator that keeps what it was given."""
import os
import pathlib
import subprocess
import tempfile

EVALUATOR = """#!/bin/bash
while [ $# -gt 0 ]; do
  printf '%s\\0' "$1" >>"$KEEP/arguments"
  if [ "$1" = --run_config ]; then cp -- "$2" "$KEEP/run_config"; fi
  shift
done
env -0 >"$KEEP/environment"
: >"$EVAL_OUTPUT_DIR/results.yml"
"""


def run(body, folder):
    """{run_config: text, arguments: [...], environment: {...}} as the evaluator saw them; the output directory lies below `folder`."""
    home = pathlib.Path(tempfile.mkdtemp(dir=folder))
    output, keep, programs = home / "output", home / "keep", home / "bin"
    for each in (output, keep, programs):
        each.mkdir()
    evaluator = programs / "nemo-evaluator"
    evaluator.write_text(EVALUATOR)
    evaluator.chmod(0o755)
    environment = {env["name"]: env.get("value", "from a secret") for env in body["spec"].get("envs", [])}
    environment.update(PATH=f"{programs}:{os.environ['PATH']}", KEEP=str(keep), EVAL_OUTPUT_DIR=str(output))
    done = subprocess.run(body["spec"]["container"]["command"], cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"the script of {body['metadata']['name']} ended with {done.returncode}: {done.stdout}")
    return {"run_config": (keep / "run_config").read_text(), "output": str(output),
            "arguments": (keep / "arguments").read_text().split("\0")[:-1],
            "environment": dict(line.split("=", 1) for line in (keep / "environment").read_text().split("\0")[:-1])}
