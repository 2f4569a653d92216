"""Overrides mean what they mean to the real hydra-core 1.3, or differ in a way that docs/cli.md has.

The table is overrides.yaml; what Hydra makes of each row is computed here, by Hydra. ~10 s.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
from venv import locked, run, venv  # noqa: E402

PINS = "hydra-core-1.3.2"
EVALUATOR = "nemo-evaluator-0.2.8"
DOCUMENT = HERE.parents[1] / "docs" / "cli.md"
TABLE = yaml.safe_load((HERE / "overrides.yaml").read_text())


def words(value):
    return [value] if isinstance(value, str) else value


def as_config(manifest):
    """What Hydra is given: a manifest's spec, with metadata beside."""
    return {**manifest["spec"], "metadata": manifest["metadata"]}


def hydra(python, rows):
    done = subprocess.run([str(python), str(HERE / "hydra_composes.py")], text=True, capture_output=True, check=False,
                          input=json.dumps({"config": as_config(TABLE["manifest"]), "rows": rows}))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ours(rows):
    program = pathlib.Path(os.environ["LEPTON_OPERATOR_BIN"]) / "apply-overrides"
    lines = "".join(json.dumps({"object": TABLE["manifest"], "overrides": row}) + "\n" for row in rows)
    done = subprocess.run([str(program)], input=lines, text=True, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def canonical(config):
    return json.dumps(json.loads(json.dumps(config), parse_float=lambda text: int(float(text)) if float(text).is_integer() else float(text)),
                      sort_keys=True)


def documented():
    """The names of the differences: the first cell, in backquotes, of the rows of that table."""
    section = DOCUMENT.read_text().split("### Where it differs from Hydra", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))


class Overrides(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = TABLE["rows"]
        python = venv(PINS, locked(PINS))
        cls.ours = ours([words(row["set"]) for row in cls.rows])
        cls.plain = hydra(python, [words(row["set"]) for row in cls.rows])
        told = iter(hydra(python, [words(row["as"]) for row in cls.rows if "as" in row]))
        cls.told = [next(told) if "as" in row else plain for row, plain in zip(cls.rows, cls.plain)]

    def each(self):
        return zip(self.rows, self.ours, self.plain, self.told)

    def test_what_we_take_is_what_hydra_makes_of_it(self):
        for row, our, _, told in self.each():
            if "refused" in row:
                continue
            with self.subTest(row["set"]):
                self.assertNotIn("error", our)
                self.assertNotIn("error", told, "Hydra refuses")
                self.assertEqual(canonical(as_config(our["object"])), canonical(told["config"]))

    def test_what_we_refuse_hydra_refuses_too_and_the_sentence_helps(self):
        for row, our, plain, _ in self.each():
            if "refused" not in row:
                continue
            with self.subTest(row["set"]):
                self.assertIn(row["refused"], our.get("error", f"taken: {our.get('object')}"))
                self.assertEqual("config" in plain, "why" in row, f"Hydra: {plain}")

    def test_a_difference_is_one_and_stands_in_the_document(self):
        self.assertEqual({row["why"] for row in self.rows if "why" in row}, documented(), "the table in docs/cli.md and the rows here")
        for row, our, plain, _ in self.each():
            with self.subTest(row["set"]):
                self.assertEqual("why" in row, "as" in row or ("refused" in row and "config" in plain), "`why` and `as` go together")
                if "as" in row:
                    self.assertNotEqual(canonical(as_config(our["object"])), canonical(plain.get("config")), "Hydra does the same: no difference")

    def test_nothing_else_of_the_manifest_changes_and_no_sentence_holds_a_value(self):
        for row, our, _, _ in self.each():
            if "object" in our:
                self.assertEqual([our["object"][field] for field in ("apiVersion", "kind")], ["lepton.dev/v1alpha1", "Invocation"])
        secrets = ours([[f"{field}={value}"] for field in ("target.url", "deployment.imge", "evaluation.tasks.7.x", "+deployment.port", "a[", "~target.url")
                        for value in ("s3cr3t", "'s3cr3t", "[s3cr3t", "s3cr3t,s3cr3t", "{a: s3cr3t}", "f(s3cr3t)", "s3cr3t=s3cr3t")])
        for answer in secrets:
            self.assertNotIn("s3cr3t", answer.get("error", ""))
        self.assertGreater(sum("error" in answer for answer in secrets), 30)

    def test_the_fields_of_a_run_configuration_that_need_no_plus_are_the_evaluators_own(self):
        fields = ("from nemo_evaluator.api import api_dataclasses as a; import json; print(json.dumps({'config.params': [*a.ConfigParams.model_fields],"
                  " 'target.api_endpoint': [*a.ApiEndpoint.model_fields]}))")
        done = subprocess.run([str(venv(EVALUATOR, locked(EVALUATOR))), "-c", fields], text=True, capture_output=True, check=True)
        theirs = [f"evaluation.tasks.mmlu.pro.config.{section}.{name}" for section, names in json.loads(done.stdout.splitlines()[-1]).items()
                  for name in names]
        self.assertGreater(len(theirs), 10)
        for field, answer in zip(theirs, ours([[f"{field}=1"] for field in theirs])):
            self.assertIn("object", answer, field)
        made_up = ours([[f"evaluation.tasks.mmlu.pro.config.{section}.speed=1"] for section in ("config.params", "target.api_endpoint")])
        self.assertEqual(["a + before" in answer.get("error", "") for answer in made_up], [True, True])

    def test_the_table_is_long_enough_to_be_worth_something(self):
        self.assertGreaterEqual(len(self.rows), 60)
        equal = sum("why" not in row for row in self.rows)
        print(f"{len(self.rows)} rows: {equal} as Hydra, {len(self.rows) - equal} documented differences")


def main():
    for pins in (PINS, EVALUATOR):
        venv(pins, locked(pins))  # before anything else, for it may end the test with 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    run(main)
