"""The table of tests/cluster/refusals.yaml in directory mode: the same verdicts as the API server's, in sentences of the same sense."""
import json
import pathlib
import re
import subprocess
import sys

import at_once
import yaml
from harness import DUMPER, LOADER, ROOT, Case

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
import refusals  # noqa: E402


class Refusals(Case):
    def state(self, world, case):
        folder = world.state / "default" / ("workspaces" if case.kind == "Workspace" else "")
        try:
            return yaml.load((folder / f"{case.name}.yaml").read_text(), LOADER)
        except FileNotFoundError:
            return None

    def accepted(self, world, case):
        conditions = (self.state(world, case) or {}).get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == "Accepted"), {})

    def refused(self, world, case):
        """What the state says against the manifest; without a state (its name is no name), what the log says of the file."""
        accepted = self.accepted(world, case)
        if accepted.get("reason") in ("Invalid", "UpdateRefused"):
            return accepted["message"]
        if self.state(world, case) is None:
            return "\n".join(line for line in world.operator.text().splitlines() if f"{case.file}:" in line)
        return ""

    def taken(self, world, case):
        state = self.state(world, case)
        return state is not None and state["spec"] == self.as_kept(case.manifest["spec"]) and not self.refused(world, case)

    def as_kept(self, spec):
        return yaml.load(yaml.dump(spec, Dumper=DUMPER), LOADER)

    def judge(self, world, cases):
        unheard = []
        for case in cases:
            with self.subTest(str(case)):
                try:
                    if case.says is None:
                        world.until(f"{case} is taken", lambda: self.taken(world, case), 20)
                        continue
                    said = world.until(f"{case} is refused", lambda: self.refused(world, case), 20)
                except AssertionError as failure:
                    unheard.append(str(case))
                    raise AssertionError(f"{str(failure).splitlines()[0]}; its state: {self.state(world, case)}") from None
                self.assertTrue(case.said_in(said), f"{case.says!r} is not in\n{said}")
                if case.before is not None:
                    self.assertEqual(self.state(world, case)["spec"], self.as_kept(case.before["spec"]), "the last good spec stays")
            if len(unheard) > 5:
                self.fail(f"the operator seems not to hear: {unheard}")
        print(f"refused in directory mode: {sum(case.says is not None for case in cases)} of {len(cases)}", flush=True)

    def started(self, *flags):
        world = self.world(*flags)
        world.start("--workers", "64")
        return world

    def test_manifests(self):
        world = self.started("--ready-delay", "1h", "--run-delay", "1h")
        cases = refusals.creations("directory")
        for case in cases:
            world.apply(case.text(), case.file)
        self.judge(world, cases)

    def update(self, world, cases):
        for case in cases:
            world.apply(refusals.text(case.before), case.file)
        for case in cases:
            world.until(f"{case}: the good one is taken", lambda: (self.state(world, case) or {}).get("spec") == self.as_kept(case.before["spec"]))
            if case.finished:
                world.until_phase("Succeeded", case.name)
        for case in cases:
            world.apply(case.text(), case.file)
        self.judge(world, cases)

    def test_updates(self):
        self.update(self.started("--ready-delay", "1h", "--run-delay", "1h"), [c for c in refusals.updates("directory") if not c.finished])

    def test_updates_of_what_has_finished(self):
        self.update(self.started("--run-delay", "500ms"), [c for c in refusals.updates("directory") if c.finished])

    def test_what_we_show_is_accepted(self):
        world = self.started("--ready-delay", "1h")
        cases = [refusals.Case(f"shown-{i}", f"{file.name} {m['metadata']['name']}", m) for i, (file, m) in enumerate(refusals.examples())]
        for case in cases:
            world.apply(case.text(), case.file)
        self.judge(world, cases)

    def test_an_object_in_deletion_stays_patchable(self):
        """Its file may come back: annotations reach it, nothing else does."""
        world = self.started("--ready-delay", "1h")
        world.simulator.call("fault", {"method": "DELETE", "path": "/deployments/*", "status": 503, "times": 100000})
        manifest = refusals.base("nim", "going")
        world.apply(refusals.text(manifest), "going.yaml")
        world.until_phase("Deploying", "going")
        world.remove("going.yaml")
        world.until_phase("Deleting", "going")
        manifest["metadata"]["annotations"] = {"lepton.dev/abandon": "the workspace is gone"}
        manifest["spec"]["deployment"]["image"] = "another"
        world.apply(refusals.text(manifest), "going.yaml")
        world.until("the annotation lets it go", lambda: (world.object("going") or {}).get("metadata", {}).get("uid") != self.uid(world))

    def uid(self, world):
        if not hasattr(self, "_uid"):
            self._uid = (world.object("going") or {}).get("metadata", {}).get("uid")
        return self._uid


class Definitions(Case):
    def strange(self, value, schema, path):
        """Members of a status that its schema does not have: an API server would drop them without a word."""
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            return
        if isinstance(value, dict):
            for name, member in value.items():
                if name not in schema.get("properties", {}):
                    yield f"{path}.{name}"
                else:
                    yield from self.strange(member, schema["properties"][name], f"{path}.{name}")
        elif isinstance(value, list):
            for item in value:
                yield from self.strange(item, schema["items"], path + "[]")
        elif not isinstance(value, {"string": str, "integer": int, "boolean": bool}[schema["type"]]):
            yield f"{path} is no {schema['type']}"

    def names(self, schema):
        for name, part in schema.get("properties", {}).items():
            yield name
            yield from self.names(part)
        if "items" in schema:
            yield from self.names(schema["items"])

    def test_every_member_that_the_codec_writes_is_in_the_schema(self):
        crds = [yaml.load((ROOT / "crds" / f"lepton.dev_{kind}.yaml").read_text(), LOADER) for kind in ("invocations", "workspaces")]
        known = {n for c in crds for n in self.names(c["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"])}
        folder = ROOT / "controller" / "invocation"
        code = "".join((folder / f"codec_{part}.cc").read_text() for part in ("status", "resolved", "printable"))
        written = set(re.findall(r"""(?:\bput\w*\(\w+, |(?:object|item)\[)"(\w+)\"""", code))
        self.assertGreater(len(written), 40)
        self.assertEqual(written - known, set())

    def test_a_status_fits_its_schema(self):
        crd = yaml.load((ROOT / "crds" / "lepton.dev_invocations.yaml").read_text(), LOADER)
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        world = self.world("--ready-delay", "300ms", "--run-delay", "2s", "--storage-api", "absent", "--delete-delay", "2s")
        world.start()
        world.apply(refusals.text(refusals.base("nim", "run")))
        seen = []
        world.until("its job runs", lambda: world.status().get("counts", {}).get("running"))
        seen.append(world.object()["status"])
        world.until_phase("Succeeded")
        seen.append(world.object()["status"])
        world.remove()
        world.until("its cleanup runs", lambda: world.status().get("cleanup"))
        seen.append(world.object()["status"])
        world.until_gone()
        for status in seen:
            self.assertEqual(list(self.strange(json.loads(json.dumps(status, default=str)), schema, "status")), [])
        self.assertEqual(seen[0]["endpoints"], "1/1")
        self.assertEqual(seen[0]["progress"], "0/1")
        self.assertIn("all 1 tasks succeeded", seen[1]["message"])

    def test_the_crds_are_what_their_script_writes(self):
        done = subprocess.run([sys.executable, ROOT / "scripts" / "crds" / "generate.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    at_once.main()
