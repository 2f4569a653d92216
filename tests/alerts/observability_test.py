"""Alerts, dashboards, runbooks and the page on metrics are held to each other; the alerts to Prometheus' own promtool.

    python3 tests/alerts/observability_test.py
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "lepton-operator"
RULES = CHART / "files" / "rules.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks"
OURS = re.compile(r"\b(?:lepton|workqueue|controller_runtime|rest_client|leader_election)_[a-z_]+\b")


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboards():
    return {file.name: json.loads(file.read_text()) for file in sorted((CHART / "dashboards").glob("*.json"))}


def expressions():
    """(where, PromQL) of everything that is shown or alerted on."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"{name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: ${variable['name']}", variable["query"]["query"]


def documented():
    """Names in the tables of docs/metrics.md; a histogram has three series."""
    names = set()
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or not cells[1].startswith("`"):
            continue
        for name in re.findall(r"`([a-z_]+)`", cells[1]):
            names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")} if cells[2] == "histogram" else {name}
    return names


def find_promtool():
    """The one on the PATH, else that of Debian's package, taken out of it: to install it would start a server."""
    if found := shutil.which("promtool"):
        return found
    done = subprocess.run([ROOT / "scripts" / "install-deps.sh", "--prometheus"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"cannot run: no promtool, and scripts/install-deps.sh --prometheus says: {done.stderr.strip()}", flush=True)
        sys.exit(77)
    return pathlib.Path(done.stdout.splitlines()[-1]) / "promtool"


class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.command = find_promtool()

    def promtool(self, *words):
        done = subprocess.run([self.command, *map(str, words)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_promtool_takes_the_rules(self):
        self.assertIn(f"{len(rules())} rules found", self.promtool("check", "rules", "--lint=all", "--lint-fatal", RULES))

    def test_each_fires_and_does_not(self):
        self.promtool("test", "rules", ROOT / "tests" / "alerts" / "alerts_test.yaml")
        fires, quiet = set(), set()
        for case in yaml.safe_load((ROOT / "tests" / "alerts" / "alerts_test.yaml").read_text())["tests"]:
            for one in case["alert_rule_test"]:
                (fires if one["exp_alerts"] else quiet).add(one["alertname"])
        names = {rule["alert"] for rule in rules()}
        self.assertEqual(fires, names)
        self.assertEqual(quiet, names)

    def test_each_has_a_runbook_and_each_runbook_an_alert(self):
        pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
        self.assertEqual(pages, {rule["alert"] for rule in rules()})
        index = (RUNBOOKS / "README.md").read_text()
        for page in pages:
            self.assertIn(f"({page}.md)", index)
            for part in ("## What it means", "## Look", "## Do"):
                self.assertIn(part, (RUNBOOKS / f"{page}.md").read_text(), page)


class Dashboards(unittest.TestCase):
    def test_all_that_is_asked_for_is_documented(self):
        known = documented()
        self.assertGreater(len(known), 40)
        asked = {(where, name) for where, expression in expressions() for name in OURS.findall(expression)}
        self.assertGreater(len(asked), 40)
        self.assertEqual(sorted(f"{where} asks for {name}" for where, name in asked if name not in known), [])

    def test_panels_do_not_lie_on_each_other(self):
        for name, board in dashboards().items():
            taken = {}
            for panel in board["panels"]:
                grid = panel["gridPos"]
                for x in range(grid["x"], grid["x"] + grid["w"]):
                    for y in range(grid["y"], grid["y"] + grid["h"]):
                        self.assertLess(x, 24, f"{name}: {panel['title']} is wider than the page")
                        self.assertNotIn((x, y), taken, f"{name}: {panel['title']} lies on {taken.get((x, y))}")
                        taken[x, y] = panel["title"]

    def test_each_has_its_own_uid_and_ids(self):
        boards = dashboards()
        self.assertEqual(len({board["uid"] for board in boards.values()}), len(boards))
        for name, board in boards.items():
            ids = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(ids), len(set(ids)), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
