"""Reads refusals.yaml into cases: whole manifests, and what must be said of them. Nothing here knows who judges."""
import copy
import json
import pathlib
import re

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = yaml.load((HERE / "refusals.yaml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _expanded(value):
    if isinstance(value, dict):
        if "$long" in value:
            return "x" * value["$long"]
        if "$repeat" in value:
            count, item = value["$repeat"]
            return [yaml.safe_load(yaml.safe_dump(item).replace("#", str(i))) for i in range(count)]
        return {key: _expanded(member) for key, member in value.items()}
    return [_expanded(item) for item in value] if isinstance(value, list) else value


def _steps(path):
    return [int(step) if step.isdigit() else step for step in path.split(".")]


def _parent(manifest, path, make=False):
    """The object or list that holds what `path` names, and its last step."""
    *steps, last = _steps(path)
    for step in steps:
        manifest = manifest.setdefault(step, {}) if make and isinstance(manifest, dict) else manifest[step]
    return manifest, last


def changed(manifest, change):
    result = copy.deepcopy(manifest)
    for path in change.get("remove", []):
        parent, last = _parent(result, path)
        del parent[last]
    for path, value in change.get("set", {}).items():
        parent, last = _parent(result, path, make=True)
        parent[last] = _expanded(value)
    for path, value in change.get("append", {}).items():
        parent, last = _parent(result, path)
        parent[last] = parent[last] + [_expanded(value)]
    return result


def base(of, name):
    manifest = copy.deepcopy(TABLE["bases"][of])
    return {"apiVersion": "lepton.dev/v1alpha1", "kind": manifest["kind"], "metadata": {"name": name}, "spec": manifest["spec"]}


def text(*manifests):
    """As JSON, which is YAML: what Python writes as YAML (a bare y) is not the same to everybody."""
    return "\n---\n".join(json.dumps(manifest, ensure_ascii=False) for manifest in manifests)


class Case:
    def __init__(self, name, title, manifest, before=None, says=None, finished=False):
        self.file = f"{name}.yaml"
        self.title, self.manifest, self.before, self.says, self.finished = title, manifest, before, says, finished
        self.kind, self.name = manifest["kind"], manifest["metadata"]["name"]

    def said_in(self, text):
        """Whether the expected sentence is there. In it {any} stands for what the API server puts between a field and a sentence."""
        pattern = ".*".join(re.escape(part) for part in self.says.split("{any}"))
        return re.search(pattern, " ".join(text.split())) is not None

    def text(self):
        return text(self.manifest)

    def __str__(self):
        return self.title


def _says(entry, mode):
    return None if entry.get("accepted") else entry.get("says") or entry[mode]


def creations(mode):
    """Manifests, refused ones and good ones. `mode`: api or directory."""
    cases = []
    for i, entry in enumerate(TABLE["refused"]):
        cases.append(Case(f"bad-{i}", entry["case"], changed(base(entry["of"], f"bad-{i}"), entry), says=_says(entry, mode)))
    for i, entry in enumerate(TABLE["accepted"]):
        cases.append(Case(f"good-{i}", entry["case"], changed(base(entry["of"], f"good-{i}"), entry)))
    return cases


def updates(mode):
    cases = []

    def add(title, before, entry, **more):
        name = f"update-{len(cases)}"
        before = copy.deepcopy(before)
        before["metadata"]["name"] = name
        cases.append(Case(name, title, changed(before, entry), before=before, **more))

    says = TABLE["immutable"]["says"]
    for row in TABLE["immutable"]["fields"]:
        field, (first, second) = row["field"], row["values"]
        without = base(row["of"], "x")
        there = changed(without, {"set": {field: first}})
        add(f"{field} changed", there, {"set": {field: second}}, says=says)
        if not row.get("required"):
            if _there(without, field):
                without = changed(without, {"remove": [field]})
            add(f"{field} added", without, {"set": {field: first}}, says=says)
            add(f"{field} removed", there, {"remove": [field]}, says=says)
    for entry in TABLE["updates"]:
        add(entry["case"], base(entry["of"], "x"), entry, says=_says(entry, mode), finished=entry.get("finished", False))
    return cases


def _there(manifest, path):
    try:
        parent, last = _parent(manifest, path)
        return last in parent
    except KeyError:
        return False


def examples():
    """(file, manifest) of every Invocation and Workspace that the repository shows."""
    found = []
    for file in sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "manifests" / "samples").rglob("*.yaml")]):
        found += [(file, m) for m in yaml.safe_load_all(file.read_text()) if m and m.get("kind") in ("Invocation", "Workspace")]
    return found
