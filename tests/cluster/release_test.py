"""What the chart asks of the operator's program beside its work: the default Workspace, the guard before it goes, the trial of `helm test`.

With the roles that the chart renders for them, a real API server, and tokens of the accounts that they have in a release.
"""
import itertools
import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml
from chart_test import CHART, helm
from harness import BIN, TOKEN, WORKSPACE, Case, Operator, main, nim, wait

TRIAL = "lepton-operator-trial"


class Start(unittest.TestCase):
    def test_a_wrong_default_workspace_stops_it_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig, file = pathlib.Path(folder) / "kubeconfig", pathlib.Path(folder) / "wrong.yaml"
            kubeconfig.write_text(yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {"token": "unused"}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
            file.write_text("apiVersion: lepton.dev/v1alpha1\nkind: Workspace\nmetadata: {name: a, namespace: b}\nspec: {credentialSecretRef: {name: x}}\n")
            done = subprocess.run([BIN / "lepton-operator", "--kubeconfig", kubeconfig, "--default-workspace", file],
                                  capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"--default-workspace: {file}:4: spec.credentialSecretRef: unknown field; did you mean credentialsSecretRef?", done.stderr)


class Release(Case):
    numbers = itertools.count()

    def setUp(self):
        super().setUp()
        self.namespace = f"release-{next(self.numbers)}"  # one that goes takes no new content
        self.team = self.world(self.namespace, "--ready-delay=200ms", "--run-delay=500ms")

    def rendered(self, template, **values):
        """As a release of the name and namespace that the cluster's roles are for."""
        values = {"serviceAccount": {"create": False, "name": self.cluster.account}, **values}
        text = helm("template", "lepton-operator", CHART, "--namespace", self.cluster.system_namespace, "--show-only", f"templates/{template}",
                    values=values).stdout
        return list(filter(None, yaml.safe_load_all(text)))

    def default_workspace(self, **spec):
        """(file for the operator, objects that allow it) of the values."""
        spec = {"credentialsSecretRef": {"name": "lepton"}, "url": self.team.simulator.url, **spec}
        objects = self.rendered("workspace.yaml", defaultWorkspace={"enabled": True, "name": "shared", "namespace": self.namespace, "spec": spec})
        file = self.team.folder / "workspace.yaml"
        file.write_text(next(o for o in objects if o["kind"] == "ConfigMap")["data"]["workspace.yaml"])
        return file, [o for o in objects if o["kind"] != "ConfigMap"]

    def allow(self, objects):
        self.cluster.apply(*objects)
        may = f"--as={self.cluster.user}"
        wait("the role is in force", lambda: self.cluster.kubectl("auth", "can-i", "patch", "workspaces.lepton.dev/shared", "-n", self.namespace, may,
                                                                  check=False).stdout.strip() == "yes")

    def workspace(self):
        return self.cluster.find(f"/apis/lepton.dev/v1alpha1/namespaces/{self.namespace}/workspaces/shared")

    def program(self, *words, token=None, check=True):
        """The operator's program as the chart's hooks run it, with the token of an account."""
        file = self.team.folder / f"{words[0]}.token"
        file.write_text(token or self.cluster.token())
        done = subprocess.run([BIN / "lepton-operator", words[0], "--kubeconfig", self.cluster.operator_kubeconfig(file), *words[1:]],
                              capture_output=True, text=True, check=False, timeout=120, env=os.environ)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    # --- the default Workspace

    def test_it_is_applied_once_the_crd_is_served_and_we_may(self):
        self.team.kubectl("create", "secret", "generic", "lepton", "--from-literal=credentials=trial:trial")
        file, roles = self.default_workspace()
        self.cluster.remove_crds("invocations.lepton.dev", "workspaces.lepton.dev")
        operator = Operator(self.team.folder / "early.log", self.cluster.operator_kubeconfig(self.team.token_file), "--default-workspace", file)
        self.team.operators.append(operator)
        wait("it serves its ports", lambda: operator.address("health"), 20, [operator])
        self.assertIsNone(self.workspace())
        self.cluster.install()
        wait("it says that it may not yet", lambda: "default workspace not applied yet" in operator.text(), 60, [operator])
        self.assertIsNone(self.workspace())
        self.cluster.apply(*roles)
        wait("it is applied", self.workspace, 60, [operator])
        ours = [m for m in self.workspace()["metadata"]["managedFields"] if m["manager"] == "lepton-operator" and m["operation"] == "Apply"]
        self.assertEqual(len(ours), 1)
        wait("it is told", lambda: "default workspace applied" in operator.text(), 10, [operator])

    def test_what_a_person_changed_stays_theirs(self):
        file, roles = self.default_workspace()
        self.allow(roles)
        first = self.team.start("--default-workspace", file)
        wait("it is applied", self.workspace, 30, [first])
        first.kill()
        first.expected_to_end = True

        self.team.kubectl("patch", "workspace.lepton.dev/shared", "--type=merge", "--field-manager=someone",
                          "-p", '{"spec": {"url": "https://gateway.example/api"}, "metadata": {"annotations": {"note": "theirs"}}}')
        second = self.team.start("--default-workspace", file)
        wait("it says so", lambda: "default workspace left as it is" in second.text(), 30, [second])
        self.assertEqual(self.workspace()["spec"]["url"], "https://gateway.example/api")
        self.assertIn('conflict with \\"someone\\"', second.text())
        self.assertIn(".spec.url", second.text())
        wait("an event says so, too", lambda: "DefaultWorkspaceLeftAlone" in self.team.kubectl("events", "--for", "workspace.lepton.dev/shared"), 30)
        second.kill()
        second.expected_to_end = True

        # Put back, the configuration's changes are applied again, and what is beside them stays.
        self.team.kubectl("patch", "workspace.lepton.dev/shared", "--type=merge", "--field-manager=someone",
                          "-p", f'{{"spec": {{"url": "{self.team.simulator.url}"}}}}')
        file, _ = self.default_workspace(limits={"requestsPerSecond": 7, "burst": 9})
        third = self.team.start("--default-workspace", file)
        wait("the change is applied", lambda: self.workspace()["spec"].get("limits", {}).get("requestsPerSecond") == 7, 30, [third])
        self.assertEqual(self.workspace()["metadata"]["annotations"], {"note": "theirs"})
        self.assertEqual(third.text().count("default workspace"), 1)

    # --- before the operator goes

    def test_the_guard_names_what_still_needs_the_operator(self):
        self.assertIn("no Invocation is left", self.program("guard").stdout)
        self.team.add_workspace()
        operator = self.team.start()
        for name in ("one", "two"):
            self.team.apply(nim(name=name, tasks=["gpqa_diamond"]))
        self.team.until_phase("Succeeded", "one")
        done = self.program("guard", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"2 Invocations still exist: {self.namespace}/one (Succeeded), {self.namespace}/two (", done.stderr)
        self.assertIn("helm uninstall --no-hooks", done.stderr)
        self.assertIn("no Invocation is left", self.program("guard", "--namespace=default", "--namespace=kube-system").stdout)
        self.team.kubectl("delete", "inv", "--all", "--timeout=60s")
        self.assertIn("no Invocation is left", self.program("guard").stdout)
        self.assertIsNone(operator.popen.poll())

    # --- helm test

    def trial(self, simulator):
        """(token of the trial's account, arguments), with all that the chart's hooks make for it, as Helm would in their order."""
        values = {"simulator": {"enabled": simulator}, "watchNamespaces": [self.namespace]}
        objects = sorted(self.rendered("tests/trial.yaml", **values), key=lambda o: int(o["metadata"]["annotations"].get("helm.sh/hook-weight", 0)))
        for one in objects:
            if one["kind"] == "Workspace":
                one["spec"]["url"] = self.team.simulator.url
            if one["kind"] == "Secret":
                one["stringData"]["credentials"] = f"{WORKSPACE}:{TOKEN}"
        self.cluster.apply(*(o for o in objects if o["kind"] != "Pod"))
        manifest = self.team.folder / "invocation.yaml"
        manifest.write_text(next(o for o in objects if o["kind"] == "ConfigMap")["data"]["invocation.yaml"])
        words = next(o for o in objects if o["kind"] == "Pod")["spec"]["containers"][0]["args"]
        self.assertEqual(words[:2], ["trial", "--manifest=/etc/trial/invocation.yaml"])
        token = self.cluster.kubectl("create", "token", TRIAL, "-n", self.cluster.system_namespace).strip()
        can = f"--as=system:serviceaccount:{self.cluster.system_namespace}:{TRIAL}"
        wait("its role is in force", lambda: self.cluster.kubectl("auth", "can-i", "delete", f"invocations.lepton.dev/{TRIAL}", "-n", self.namespace, can,
                                                                  check=False).stdout.strip() == "yes")
        return token, ["trial", f"--manifest={manifest}", *words[2:]]

    def test_the_trial_sees_an_invocation_through_on_the_simulator(self):
        self.team.start()
        token, words = self.trial(simulator=True)
        told = self.program(*words, token=token).stdout
        for line in (f"Invocation {self.namespace}/{TRIAL} created", "Complete is True, TasksSucceeded", f"Invocation {self.namespace}/{TRIAL} is gone"):
            self.assertIn(line, told)
        self.assert_nothing_left(self.team)
        self.assert_nothing_twice(self.team.simulator.dump())

    def test_without_the_simulator_it_asks_nothing_of_lepton(self):
        self.team.start()
        token, words = self.trial(simulator=False)
        self.assertIn("--until=WorkspaceReady=False", words)
        told = self.program(*words, token=token).stdout
        self.assertIn("WorkspaceReady is False, WorkspaceMissing", told)
        self.assertIsNone(self.team.object(TRIAL))

    def test_without_an_operator_it_fails_and_leaves_nothing(self):
        token, words = self.trial(simulator=False)
        done = self.program(*(w for w in words if not w.startswith("--timeout")), "--timeout=2s", token=token, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("did not come within 2s; its status says nothing: no operator has looked at it", done.stderr)
        self.assertIsNone(self.team.object(TRIAL))


if __name__ == "__main__":
    main()
