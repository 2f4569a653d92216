"""`kubectl lepton workspace check` names the fault in each broken set-up, and what to do; in a sound one it finds none.

No operator runs: the check looks at a directory's manifests and at lepton-sim, as a person does who wonders why nothing works.  ~10 s.
"""
import http.server
import json
import re
import subprocess
import threading

import at_once
import yaml

from harness import BIN, TOKEN, WORKSPACE, Case, clean_environment, existing, nim
from wires import Authority, TlsListener


def workspace(url, secret="lepton", **spec):
    return {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default"},
            "spec": {"credentialsSecretRef": {"name": secret}, "url": url, **spec}}


def secret(**values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lepton"}, "stringData": values}


class NotLepton(http.server.BaseHTTPRequestHandler):
    """A captive portal: 200 and a page, whatever is asked."""

    def do_GET(self):
        body = b"<html>Please log in</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Check(Case):
    def setUp(self):
        self.sim = self.world()
        self.url = self.sim.simulator.url
        self.sim.state.mkdir()
        self.sim.simulator.make_secrets(["HF_TOKEN"])

    def check(self, *words, code=1, **environment):
        """The findings, by part; only those that are not well unless asked for."""
        done = subprocess.run([BIN / "kubectl-lepton", "workspace", "check", "--manifests", self.sim.manifests, "--state-dir", self.sim.state, *words,
                               "--output", "json"], text=True, capture_output=True,
                              env={**clean_environment(), "LEPTON_CACHE_DIR": str(self.sim.folder / "no-login"), **environment})
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        self.assertNotIn(TOKEN, done.stdout)
        return json.loads(done.stdout)["findings"]

    def environment(self, **changed):
        return {"LEPTON_WORKSPACE_ID": WORKSPACE, "LEPTON_WORKSPACE_TOKEN": TOKEN, "LEPTON_WORKSPACE_URL": self.url, **changed}

    def file(self, text):
        path = self.sim.folder / "invocation.yaml"
        path.write_text(text)
        return "-f", path

    def assert_only_fault(self, findings, part, says, remedy):
        faults = [f for f in findings if f["health"] == "fault"]
        self.assertEqual(len(faults), 1, faults)
        self.assertEqual(faults[0]["part"], part)
        self.assertRegex(faults[0]["what"], says)
        self.assertRegex(faults[0]["remedy"], remedy)

    # --- a sound one

    def test_a_sound_set_up_has_no_fault_and_every_part_was_looked_at(self):
        run = self.file(nim(deployment={"nodeGroup": "h200-eu"}, execution={"nodeGroup": "cpu-eu", "envs": [
            {"name": "HF_TOKEN", "valueFrom": {"leptonSecret": "HF_TOKEN"}}]}))
        findings = self.check(*run, code=0, **self.environment())
        self.assertEqual({f["health"] for f in findings}, {"ok"}, findings)
        self.assertEqual([f["part"] for f in findings], ["credentials", "workspace", "API family", "token", "node groups", "shapes", "volumes", "secrets",
                                                         "image pull secrets", "storage API", "manifests"])
        self.assertTrue(all(r["method"] in ("GET", "HEAD") for r in self.sim.simulator.requests() if r["below"] != "/usersecrets"))

    def test_the_api_family_in_use_is_told(self):
        self.sim.simulator.call("family", {"family": "endpoints"})
        family = next(f for f in self.check(code=0, **self.environment()) if f["part"] == "API family")
        self.assertIn("/endpoints", family["what"])

    # --- credentials

    def test_1_there_are_no_credentials_at_all(self):
        self.assert_only_fault(self.check(), "credentials", "there is no Workspace default/default", "<workspace id>:<token>")

    def test_2_the_secret_that_the_workspace_names_is_not_there(self):
        self.sim.apply(yaml.safe_dump(workspace(self.url)))
        self.assert_only_fault(self.check(), "credentials", "there is no Secret default/lepton", "credentials")

    def test_3_the_credential_has_no_colon(self):
        self.sim.apply(yaml.safe_dump_all([workspace(self.url), secret(credentials=TOKEN)]))
        self.assert_only_fault(self.check(), "credentials", "Secret default/lepton, key credentials", "lep login -c")

    def test_4_the_token_is_refused(self):
        self.assert_only_fault(self.check(**self.environment(LEPTON_WORKSPACE_TOKEN="wrong-token-1234")), "credentials", r"refuses the token .*\(401\)",
                               "make a new token")

    def test_5_a_name_stands_where_the_id_belongs(self):
        url = self.url.replace(WORKSPACE, "my-team")
        found = self.check(**self.environment(LEPTON_WORKSPACE_ID="my-team", LEPTON_WORKSPACE_URL=url))
        self.assert_only_fault(found, "credentials", r'no workspace "my-team" \(404\)', "ID .*not its name")

    def test_6_the_token_may_not_use_this_workspace(self):
        self.sim.simulator.call("fault", {"method": "GET", "path": "/workspace", "status": 403, "times": 0})
        self.assert_only_fault(self.check(**self.environment()), "credentials", r"valid, but may not use .*\(403\)", "ask its owner")

    # --- the way there

    def test_7_nobody_listens_there(self):
        url = f"http://127.0.0.1:1/api/v2/workspaces/{WORKSPACE}"
        self.assert_only_fault(self.check(**self.environment(LEPTON_WORKSPACE_URL=url)), "credentials", "127.0.0.1:1", "HTTPS_PROXY")

    def test_8_the_certificate_is_not_trusted(self):
        port = int(re.search(r":(\d+)/", self.url)[1])
        authority = Authority(self.sim.folder)
        listener = TlsListener(port, *authority.issue("server", "IP:127.0.0.1", 2))
        self.addCleanup(listener.close)
        url = f"https://127.0.0.1:{listener.port}/api/v2/workspaces/{WORKSPACE}"
        self.assert_only_fault(self.check(**self.environment(LEPTON_WORKSPACE_URL=url)), "credentials", "is not trusted", "--lepton-ca-file")
        self.assertNotIn("fault", {f["health"] for f in self.check("--lepton-ca-file", authority.file, code=0, **self.environment(LEPTON_WORKSPACE_URL=url))})

    def test_9_what_answers_is_not_lepton(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), NotLepton)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}/api/v2/workspaces/{WORKSPACE}"
        self.assert_only_fault(self.check(**self.environment(LEPTON_WORKSPACE_URL=url)), "credentials", "is not Lepton", "proxy")

    def test_10_the_url_is_another_workspaces(self):
        url = self.url.replace(WORKSPACE, "other")
        found = [f for f in self.check(**self.environment(LEPTON_WORKSPACE_URL=url)) if f["health"] == "fault"]
        self.assertIn('the URL is that of workspace "other"', found[0]["what"])

    def test_11_lepton_is_down(self):
        self.sim.simulator.call("fault", {"method": "*", "path": "*", "status": 503, "times": 0})
        self.assert_only_fault(self.check(**self.environment()), "credentials", "lepton is in trouble: .*503", "wait")

    # --- what is referred to

    def test_12_a_node_group_is_not_there(self):
        found = self.check(*self.file(nim(deployment={"nodeGroup": "h200-us"})), **self.environment())
        self.assert_only_fault(found, "node groups", 'default/run: spec.deployment.nodeGroup: there is no node group "h200-us"; did you mean h200-eu',
                               r"h200-eu \(h200-eu-a1b2c3d4\), cpu-eu")

    def test_13_a_shape_is_not_offered_in_that_group(self):
        found = self.check(*self.file(nim(deployment={"nodeGroup": "cpu-eu"})), **self.environment())
        self.assert_only_fault(found, "shapes", 'spec.deployment.resourceShape: node group cpu-eu offers no shape "gpu.1xh200"', "cpu.small")

    def test_14_a_volume_is_not_there(self):
        found = self.check(*self.file(nim(storage={"from": "node-nfs:lepton-shared"})), **self.environment())
        self.assert_only_fault(found, "volumes", 'spec.storage.from: no node group has the volume "node-nfs:lepton-shared"', "node-nfs:lepton-shared-fs")

    def test_15_a_lepton_secret_is_not_there(self):
        run = nim(execution={"envs": [{"name": "HF_TOKEN", "valueFrom": {"leptonSecret": "HF_TOKN"}}]})
        self.assert_only_fault(self.check(*self.file(run), **self.environment()), "secrets", 'no Lepton secret "HF_TOKN"; did you mean HF_TOKEN', "make it")

    def test_16_the_workspace_has_no_image_pull_secret(self):
        run = nim(deployment={"imagePullSecrets": ["nvcr-pull"]})
        self.assert_only_fault(self.check(*self.file(run), **self.environment()), "image pull secrets", '"nvcr-pull" is named', "dashboard")

    def test_17_a_kubernetes_secret_is_not_there_or_lacks_the_key(self):
        run = existing(execution={"envs": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "hf"}}}]})
        self.assert_only_fault(self.check(*self.file(run), **self.environment()), "Kubernetes Secrets", "there is no Secret default/keys", "create it")
        carried = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"other": "x"}}
        self.sim.apply(yaml.safe_dump(carried), "keys.yaml")
        self.assert_only_fault(self.check(*self.file(run), **self.environment()), "Kubernetes Secrets", "Secret default/keys has no key hf", "add it")
        whole = run + "---\n" + yaml.safe_dump({**carried, "stringData": {"hf": "x"}})
        self.check(*self.file(whole), code=0, **self.environment())

    def test_18_a_benchmark_is_unknown(self):
        self.assert_only_fault(self.check(*self.file(nim(tasks=["gpqa_diamnd"])), **self.environment()), "manifests", "default/run: .*gpqa_diamond", "correct")

    def test_19_storage_cannot_be_reached(self):
        self.sim.simulator.call("fault", {"method": "*", "path": "/storage*", "status": 500, "times": 0})
        self.assert_only_fault(self.check(**self.environment()), "storage API", "cannot be reached: .*500", "wait")

    # --- what is no fault, but worth a word

    def test_a_token_that_expires_soon_and_a_server_without_storage_are_noted(self):
        self.sim = self.world("--token-expires-in", "3h", "--storage-api", "absent")
        self.url = self.sim.simulator.url
        self.sim.state.mkdir()
        notes = {f["part"]: f for f in self.check(code=0, **self.environment()) if f["health"] != "ok"}
        self.assertEqual(sorted(notes), ["storage API", "token"])
        self.assertIn("expires at", notes["token"]["what"])

    # --- as people see it

    def test_people_are_told_in_lines_with_what_to_do_below(self):
        run = self.file(nim(deployment={"nodeGroup": "h200-us"}))
        done = subprocess.run([BIN / "kubectl-lepton", "workspace", "check", "--manifests", self.sim.manifests, "--state-dir", self.sim.state, *run],
                              text=True, capture_output=True, env={**clean_environment(), **self.environment()})
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "1 fault in Workspace default/default")
        at = next(i for i, line in enumerate(lines) if line.startswith("fault"))
        self.assertRegex(lines[at], r"^fault +node groups +default/run: spec.deployment.nodeGroup: ")
        self.assertRegex(lines[at + 1], r"^ +to do +the workspace has ")
        self.assertNotIn("\x1b", done.stdout)

    def test_a_workspace_of_another_name_is_looked_at_by_that_name(self):
        found = self.check("team", **self.environment())
        self.assertIn("there is no Workspace default/team", found[0]["what"])


if __name__ == "__main__":
    at_once.main()
