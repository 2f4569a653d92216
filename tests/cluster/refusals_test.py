"""What the API server refuses by our schema and CEL, and how it says so to a user of kubectl: the table of refusals.yaml."""
import json
import pathlib
import re
import tempfile

import harness
import refusals
import yaml

NAMESPACE = "refusals"
FINALIZER = "lepton.dev/cleanup"


class Refusals(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kubectl("create", "namespace", NAMESPACE, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.kubectl("delete", "inv,lws", "--all", "--wait=false")
        cls.kubectl("delete", "namespace", NAMESPACE, "--wait=false")

    @classmethod
    def kubectl(cls, *words, check=False, **more):
        return cls.cluster.kubectl("-n", NAMESPACE, *words, check=check, **more)

    @classmethod
    def apply(cls, manifest):
        return cls.kubectl("apply", "-f", "-", input=refusals.text(manifest))

    def apply_all(self, manifests):
        """By one kubectl, for most of its time is its start: for each manifest what it says of its refusal, or None."""
        with tempfile.TemporaryDirectory() as folder:
            files = [pathlib.Path(folder, f"{i:03}.yaml") for i in range(len(manifests))]
            for file, manifest in zip(files, manifests):
                file.write_text(refusals.text(manifest))
            done = self.kubectl("apply", "-f", folder)
        told = dict(re.findall(r'error when (?:creating|patching) "([^"]+)": (.*?)(?=\n(?:Error|error)\b|\Z)', done.stderr, re.DOTALL))
        taken = re.findall(r"^\S+/\S+ (?:created|configured|unchanged)$", done.stdout, re.MULTILINE)
        self.assertEqual(len(taken) + len(told), len(manifests), f"not all are told of:\n{done.stdout}{done.stderr}")
        return [told.get(str(file)) for file in files]

    def judge(self, cases):
        for case, refusal in zip(cases, self.apply_all([case.manifest for case in cases])):
            with self.subTest(str(case)):
                if case.says is None:
                    self.assertIsNone(refusal)
                    continue
                self.assertIsNotNone(refusal, "was taken")
                self.assertTrue(case.said_in(refusal), f"{case.says!r} is not in\n{refusal}")
        first = next(case for case in cases if case.says)
        with self.subTest(f"{first}, alone"):
            done = self.apply(first.manifest)
            self.assertNotEqual(done.returncode, 0, "was taken")
            self.assertTrue(first.said_in(done.stderr), done.stderr)
        verdicts = [case.says is not None for case in cases]
        print(f"refused by the API server: {sum(verdicts)} of {len(cases)}", flush=True)

    def names(self):
        return {item["metadata"]["name"] for item in json.loads(self.kubectl("get", "inv,lws", "-o", "json", check=True))["items"]}

    def test_manifests(self):
        cases = refusals.creations("api")
        self.judge(cases)
        known = {case.name for case in cases}
        self.assertEqual(self.names() & known, {case.name for case in cases if case.says is None}, "what is refused is not there")

    def test_updates(self):
        cases = refusals.updates("api")
        self.kubectl("apply", "-f", "-", input=refusals.text(*[case.before for case in cases]), check=True)
        finished = '{"status": {"phase": "Succeeded"}}'
        for case in cases:
            if case.finished:
                self.kubectl("patch", "inv", case.name, "--subresource=status", "--type=merge", "-p", finished, check=True)
        self.judge(cases)

    def test_what_we_show_is_accepted(self):
        shown = refusals.examples()
        self.assertGreaterEqual(len(shown), 6)
        for (file, manifest), refusal in zip(shown, self.apply_all([manifest for _, manifest in shown])):
            with self.subTest(f"{file.name} {manifest['metadata']['name']}"):
                self.assertIsNone(refusal)

    def test_an_object_in_deletion_stays_patchable(self):
        manifest = refusals.base("long", "going")
        manifest["metadata"]["finalizers"] = [FINALIZER]
        self.kubectl("apply", "-f", "-", input=refusals.text(manifest), check=True)
        self.kubectl("patch", "inv", "going", "--subresource=status", "--type=merge", "-p", '{"status": {"phase": "Succeeded"}}', check=True)
        self.kubectl("delete", "inv", "going", "--wait=false", check=True)
        self.kubectl("annotate", "inv", "going", "lepton.dev/abandon=the workspace is gone", check=True)
        self.kubectl("label", "inv", "going", "a=b", check=True)
        self.kubectl("patch", "inv", "going", "--subresource=status", "--type=merge", "-p", '{"status": {"phase": "Deleting"}}', check=True)
        refused = self.kubectl("patch", "inv", "going", "--type=merge", "-p", '{"spec": {"deployment": {"image": "x"}}}')
        self.assertIn("cannot change any more", refused.stderr)
        self.assertIn("going", self.names())
        self.kubectl("patch", "inv", "going", "--type=merge", "-p", '{"metadata": {"finalizers": null}}', check=True)
        self.assertNotIn("going", self.names())

    def test_an_object_of_an_older_schema_stays_patchable(self):
        """An upgrade may bring a rule that a stored object breaks; its finalizer must fall all the same."""
        crd = yaml.safe_load((harness.ROOT / "crds" / "lepton.dev_invocations.yaml").read_text())
        spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        spec["execution"]["properties"]["timeout"].pop("x-kubernetes-validations")
        spec["deployment"]["properties"]["priorityClass"].pop("enum")
        old = refusals.changed(refusals.base("nim", "old"), {"set": {"spec.execution": {"timeout": "soon"}, "spec.deployment.priorityClass": "urgent"}})
        old["metadata"]["finalizers"] = [FINALIZER]
        loose = self.apply_crd(crd)
        try:
            harness.wait("the old schema is in force", lambda: self.apply(old).returncode == 0, 30)
        finally:
            self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", harness.ROOT / "crds")
        self.assertIn("serverside-applied", loose)
        probe = refusals.changed(old, {"set": {"metadata.name": "probe"}})

        def refused():
            done = self.kubectl("apply", "--dry-run=server", "-f", "-", input=refusals.text(probe))
            return "supported values" in done.stderr
        harness.wait("the new schema is in force", refused, 30)
        self.kubectl("delete", "inv", "old", "--wait=false", check=True)
        self.kubectl("annotate", "inv", "old", "lepton.dev/abandon=x", check=True)
        self.kubectl("patch", "inv", "old", "--type=merge", "-p", '{"metadata": {"finalizers": null}}', check=True)
        self.assertNotIn("old", self.names())

    def apply_crd(self, crd):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(crd, file)
            file.flush()
            return self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", file.name)


class Schema(harness.Case):
    def described(self, kind):
        crd = self.cluster.find(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind}.lepton.dev")
        conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
        self.assertEqual(conditions.get("Established"), "True")
        self.assertNotIn("NonStructuralSchema", conditions)
        return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def undescribed(self, schema, path):
        if path not in ("", ".metadata", ".metadata.name") and not schema.get("description") and not path.endswith("[]"):
            yield path
        for name, part in schema.get("properties", {}).items():
            yield from self.undescribed(part, f"{path}.{name}")
        if "items" in schema:
            yield from self.undescribed(schema["items"], path + "[]")

    def test_every_field_is_described(self):
        for kind in ("invocations", "workspaces"):
            self.assertEqual(list(self.undescribed(self.described(kind), "")), [])

    def test_explain_teaches(self):
        for field, words in (("invocation.spec.deployment", "one endpoint for each task"), ("inv.spec.evaluation.tasks.task", "The benchmark"),
                             ("lws.spec.credentialsSecretRef", "<workspace id>:<token>"), ("inv.spec", "status.resolved shows the result"),
                             ("inv.status.endpoints", "e.g. 3/3")):
            with self.subTest(field):
                self.assertIn(words, " ".join(self.cluster.kubectl("explain", field).split()))

    def test_nothing_but_the_workspace_and_the_key_has_a_default(self):
        found = []

        def walk(schema, path):
            if "default" in schema:
                found.append(path)
            for name, part in schema.get("properties", {}).items():
                walk(part, f"{path}.{name}")
            if "items" in schema:
                walk(schema["items"], path + "[]")
        for kind in ("invocations", "workspaces"):
            walk(self.described(kind), kind)
        self.assertCountEqual(found, ["invocations.spec.workspaceRef", "invocations.spec.evaluation.apiKeyName"])


if __name__ == "__main__":
    harness.main()
