"""For the same inputs the operator sends what nemo-evaluator-launcher sends, field by field, but for what docs/launcher-differences.md lists.

Theirs are the recordings launcher/NAME.recorded.json (record_launcher makes them), ours what the operator, as a process, sends to lepton-sim
for launcher/NAME.yaml. The tables of the document that have the columns of COLUMNS are the list of differences: a difference that no row has
fails, and so does a row that is not seen, or whose values are not the ones seen. Scripts are compared by what they do: the run configuration
and the arguments that the evaluator gets, and the user's commands.
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "simulator")]
import harness  # noqa: E402
import job_script  # noqa: E402

DOCUMENT = HERE.parents[1] / "docs" / "launcher-differences.md"
COLUMNS = ["in", "field", "of", "theirs", "ours", "why"]
CASES = ("nim", "vllm", "sglang", "none")
OBJECTS = {"endpoint": CASES[:3], "job": CASES, "run configuration": CASES, "script": CASES}
INVOCATION = "0123456789abcdef"  # in the recordings and, put in place of ours, here
SECRETS = ["NGC_API_KEY", "HF_TOKEN", "MODEL_KEY", "LLM_API_KEY"]
NOT_SENT = object()


# --- The list of differences ---------------------------------------------------------------------------------------------------------------


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def literal(cell):
    if cell == "not sent":
        return NOT_SENT
    if not re.fullmatch(r"`[^`]+`", cell):
        raise AssertionError(f"{DOCUMENT.name}: {cell!r} is neither `a value` nor: not sent")
    return cell[1:-1]


def listed():
    """{(object, field, case): (theirs, ours)} of the document's tables."""
    rows, inside = {}, False
    for line in DOCUMENT.read_text().splitlines():
        if not line.startswith("|"):
            inside = False
        elif cells(line) == COLUMNS:
            inside = True
        elif inside and not set(line) <= set("|-"):
            where, field, of, theirs, ours, why = cells(line)
            if not why:
                raise AssertionError(f"{DOCUMENT.name}: {field} has no reason")
            for case in OBJECTS[where] if of == "all" else of.split(", "):
                key = (where, literal(field), case)
                if key in rows or case not in OBJECTS[where]:
                    raise AssertionError(f"{DOCUMENT.name}: {key} stands there twice, or is of no such type")
                rows[key] = (literal(theirs), literal(ours))
    return rows


# --- The comparison ------------------------------------------------------------------------------------------------------------------------


def differences(theirs, ours, at=""):
    """[(field, theirs, ours)]; items that have names are met by name, and must come in the same order."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [d for key in sorted(theirs.keys() | ours.keys())
                for d in differences(theirs.get(key, NOT_SENT), ours.get(key, NOT_SENT), f"{at}.{key}".lstrip("."))]
    if isinstance(theirs, list) and isinstance(ours, list):
        mine, other = named(ours), named(theirs)
        if mine is not None and other is not None:
            common = [[name for name in names if name in mine and name in other] for names in (other, mine)]
            found = [] if common[0] == common[1] else [(at + " (order)", *common)]
            return found + [d for name in sorted(mine.keys() | other.keys())
                            for d in differences(other.get(name, NOT_SENT), mine.get(name, NOT_SENT), f"{at}[{name}]")]
        return [d for i in range(max(len(theirs), len(ours)))
                for d in differences(theirs[i] if i < len(theirs) else NOT_SENT, ours[i] if i < len(ours) else NOT_SENT, f"{at}[{i}]")]
    same = type(theirs) is type(ours) and theirs == ours or {type(theirs), type(ours)} == {int, float} and theirs == ours
    return [] if same else [(at, theirs, ours)]


def named(items):
    if not all(isinstance(item, dict) and "name" in item for item in items):
        return None
    by_name = {item["name"]: item for item in items}
    return by_name if len(by_name) == len(items) else None


def shown(value):
    return value if value is NOT_SENT or isinstance(value, str) else json.dumps(value, sort_keys=True)


def filled(template, facts):
    if template is NOT_SENT:
        return template
    for name, value in facts.items():
        template = template.replace(f"<{name}>", value)
    return template


def replaced(value, names):
    """`value` with texts replaced in all of its strings."""
    if isinstance(value, dict):
        return {key: replaced(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, names) for each in value]
    for old, new in names.items() if isinstance(value, str) else ():
        value = value.replace(old, new)
    return value


# --- What theirs and ours do ---------------------------------------------------------------------------------------------------------------


class Theirs:
    def __init__(self, case):
        recorded = json.loads((HERE / "launcher" / f"{case}.recorded.json").read_text())
        of = hashlib.sha256((HERE / "launcher" / f"{case}.launcher.yaml").read_bytes()).hexdigest()
        if of != recorded["configuration_sha256"]:
            raise AssertionError(f"{case}.launcher.yaml is not what was recorded; make record-launcher")
        self.case, self.endpoints, self.jobs = case, recorded["endpoints"], recorded["jobs"]

    def text(self, body):
        """The script as it was sent, its files in base64 again."""
        word = body["spec"]["container"]["command"][2]
        text = "\n".join(word["script"])
        for name, lines in word["files"].items():
            text = text.replace(f"<base64 of {name}>", base64.b64encode("\n".join(lines).encode()).decode())
        return text

    def file(self, job, name):
        return "\n".join(job["spec"]["container"]["command"][2]["files"][name])

    def script(self, job):
        call = re.search(r"\$cmd (run_eval .*)\)$", "\n".join(job["spec"]["container"]["command"][2]["script"]), re.MULTILINE)
        return {"arguments": call[1], "pre-command": self.file(job, "pre_cmd.sh"), "post-command": self.file(job, "post_cmd.sh")}

    def facts(self, index):
        job = self.jobs[index]
        task = re.sub(r"^eval-[0-9a-f]{6}-(.*)-\d+$", r"\1", job["metadata"]["name"])
        return {"type": self.case, "task": task, "task, 6": task[:6], "index": str(index), "id, 6": INVOCATION[:6],
                "script": shown(job["spec"]["container"]["command"][2]), "metadata": shown(self.run_configuration(index)["metadata"]),
                **({"pre-command": shown(self.endpoints[index]["spec"]["container"]["command"][2])} if self.case == "vllm" else {})}

    def run_configuration(self, index):
        run = yaml.safe_load(self.file(self.jobs[index], "config_ef.yaml"))
        return run if not self.endpoints else replaced(run, {self.endpoints[index]["metadata"]["name"]: "<endpoint>"})


class Ours:
    """What the operator sends for one case, met by the tasks' order in the manifest."""

    def __init__(self, case, world):
        self.case, self.world = case, world
        spec = yaml.safe_load((HERE / "launcher" / f"{case}.yaml").read_text())["spec"]
        self.tasks = [task["name"] for task in spec["evaluation"]["tasks"]]
        self.object = world.object(case)
        self.uid, self.id = self.object["metadata"]["uid"], self.object["status"]["invocationId"]
        self.endpoints, self.jobs = self.sent("/deployments"), self.sent("/jobs")
        self.ran = [job_script.run(job, world.folder) for job in self.jobs]

    def sent(self, path):
        bodies = [r["body"] for r in self.world.simulator.requests("POST", path) if r["body"]["metadata"]["labels"]["lepton-operator.uid"] == self.uid]
        by_task = {body["metadata"]["labels"]["lepton-operator.task"]: replaced(body, {self.id: INVOCATION}) for body in bodies}
        return [by_task[task] for task in self.tasks if task in by_task]

    def script(self, index):
        job, ran = self.jobs[index], self.ran[index]
        # All values stand before the script's fixed part.
        values = job["spec"]["container"]["command"][2].split("\nop_output=")[0]
        shell = subprocess.run(["/bin/bash", "-c", values + "\nprintf '%s\\0' \"$op_pre_command\" \"$op_post_command\""], stdout=subprocess.PIPE, text=True,
                               check=True)
        before, after, _ = shell.stdout.split("\0")
        return {"arguments": shlex.join(ran["arguments"]).replace(ran["output"], "$EVAL_OUTPUT_DIR"), "pre-command": before, "post-command": after}

    def run_configuration(self, index):
        run = yaml.safe_load(self.ran[index]["run_config"])
        return run if not self.endpoints else replaced(run, {self.endpoints[index]["metadata"]["name"]: "<endpoint>"})

    def facts(self, index):
        task, status = self.tasks[index], self.object["status"]["tasks"]
        status = next(each for each in status if each["name"] == task)
        marks = {"install": self.install(), "namespace": "default", "name": self.case, "uid": self.uid, "task": task, "attempt": "0"}
        kinds = {"endpoint": self.endpoints, "job": self.jobs}
        facts = {"task": task, "job": status["job"]["name"], "script": self.jobs[index]["spec"]["container"]["command"][2]}
        if self.endpoints:
            facts["endpoint"] = status["endpoint"]["name"]
            facts["pre-command"] = shown(self.endpoints[index]["spec"]["container"].get("command", ["", "", ""])[2])
        for kind, bodies in kinds.items():
            if bodies:
                hash_of_spec = bodies[index]["metadata"]["labels"]["lepton-operator.spec-hash"]
                if not re.fullmatch("[0-9a-f]{16}", hash_of_spec):
                    raise AssertionError(f"spec-hash {hash_of_spec!r}")
                facts[f"{kind}'s owner marks"] = shown({f"lepton-operator.{key}": value for key, value in {**marks, "spec-hash": hash_of_spec}.items()})
        return {**facts, **self.token()}

    def install(self):
        return (self.world.state / "install-id").read_text().strip()

    def token(self):
        """The token that was made for this Invocation, as the Lepton secret of it says."""
        for secret in self.world.simulator.dump()["secrets"]:
            if secret["name"] not in SECRETS and self.uid in json.dumps(secret):
                return {"token": secret["value"], "token's secret": secret["name"]}
        return {}


class Launcher(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.world_of_all = harness.World("--ready-delay", "0s", "--start-delay", "0s", "--run-delay", "1h")
        cls.addClassCleanup(cls.world_of_all.close)
        world = cls.world_of_all
        world.simulator.make_secrets(SECRETS)
        world.start("--poll-interval", "300ms")
        for case in CASES:
            world.apply((HERE / "launcher" / f"{case}.yaml").read_text(), f"{case}.yaml")
        for case in CASES:
            world.until_phase("Running", case)
        world.until("all jobs are made", lambda: len(world.simulator.requests("POST", "/jobs")) == 12)
        cls.theirs = {case: Theirs(case) for case in CASES}
        cls.ours = {case: Ours(case, world) for case in CASES}

    def seen(self):
        """[(object, field, case, task's index, theirs, ours)]"""
        found = []
        for case in CASES:
            theirs, ours = self.theirs[case], self.ours[case]
            self.assertEqual(len(theirs.jobs), 3, case)
            self.assertEqual([len(ours.endpoints), len(ours.jobs)], [len(theirs.endpoints), len(theirs.jobs)], case)
            for i in range(len(theirs.jobs)):
                pairs = {"job": (theirs.jobs[i], ours.jobs[i]), "script": (theirs.script(theirs.jobs[i]), ours.script(i)),
                         "run configuration": (theirs.run_configuration(i), ours.run_configuration(i))}
                if theirs.endpoints:
                    pairs["endpoint"] = (theirs.endpoints[i], ours.endpoints[i])
                found += [(where, field, case, i, a, b) for where, pair in pairs.items() for field, a, b in differences(*pair)]
        return found

    def test_the_differences_are_those_that_the_document_lists_and_no_others(self):
        rows, wrong, unseen = listed(), [], set(listed())
        for where, field, case, i, theirs, ours in self.seen():
            expected = rows.get((where, field, case))
            unseen.discard((where, field, case))
            seen = (shown(theirs), shown(ours))
            if expected is None:
                wrong.append(f"not listed: {where}, `{field}`, {case}: theirs {text(seen[0])}, ours {text(seen[1])}")
                continue
            for side, facts, want, have in zip(("theirs", "ours"), (self.theirs[case].facts(i), self.ours[case].facts(i)), expected, seen):
                if filled(want, facts) != have:
                    wrong.append(f"{side}: {where}, `{field}`, {case}, task {i}: listed as {text(filled(want, facts))}, seen {text(have)}")
        wrong += [f"listed, but not seen: {where}, `{field}`, {case}" for where, field, case in sorted(unseen)]
        self.assertFalse(wrong, "\n" + "\n".join(sorted(set(wrong))))
        self.assertTrue(rows)

    def test_a_prepared_server_starts_with_the_same_words_in_the_same_environment(self):
        started = []
        for text_of_it in (self.theirs["vllm"].text(self.theirs["vllm"].endpoints[0]), self.ours["vllm"].endpoints[0]["spec"]["container"]["command"][2]):
            home = self.world_of_all.folder / f"server-{len(started)}"
            home.mkdir()
            server = home / "vllm"
            server.write_text("#!/bin/bash\nprintf '%s\\0' \"$@\" \"$PROMPT\" \"$VLLM_LOGGING_LEVEL\"\n")
            server.chmod(0o755)
            done = subprocess.run(["/bin/bash", "-c", text_of_it], cwd=home, env={"PATH": f"{home}:{os.environ['PATH']}"}, stdout=subprocess.PIPE, text=True,
                                  check=True)
            started.append(done.stdout.split("\0"))
        self.assertEqual(started[0], started[1])
        self.assertEqual(started[0][-3:], ["it's 42", "DEBUG", ""])


def text(value):
    return "not sent" if value is NOT_SENT else f"`{value if len(value) < 300 else value[:300] + '…'}`"


if __name__ == "__main__":
    unittest.main()
