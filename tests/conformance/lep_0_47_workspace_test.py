"""lep 0.47.1 against lepton-sim: the workspace, secrets, node groups, and what 0.47.1 no longer has."""
import os
import re

import yaml

from lep import TOKEN, WORKSPACE, Lep, main, run, shown
from lep_rows import GROUPS, LOGIN, NODES


class Workspace(Lep):
    VERSION, LOGIN = "0.47.1", LOGIN

    def record(self):
        return yaml.safe_load((self.cache / "workspace_info.yaml").read_text())

    def test_login_writes_the_file_that_the_operator_reads(self):
        self.login()
        record = self.record()
        self.assertEqual(record["current_workspace"], WORKSPACE)
        mine = record["workspaces"][WORKSPACE]
        self.assertEqual((mine["id"], mine["url"], mine["auth_token"], mine["workspace_origin_url"]), (WORKSPACE, self.sim.url, TOKEN, None))
        self.assertEqual(mine["display_name"], f"simulated workspace {WORKSPACE}")
        self.assertGreater(mine["token_expires_at"], 1_700_000_000_000, "Unix milliseconds, matched by the token's ends in GET /tokens")

        self.lep("workspace list", says=["Current workspace: " + WORKSPACE, "days left", re.escape(self.sim.url)], silent=[TOKEN])
        self.lep("workspace status", wire=["GET /workspace"],
                 says=[f"id: {WORKSPACE}", "WorkspaceState.Normal", "tier: enterprise", "version: 1.0.0", "deployments: 0", "jobs: 0", "gpu"])
        self.lep("workspace id", says=[WORKSPACE])
        self.lep("workspace token", says=[TOKEN])
        self.lep("workspace url", says=[self.sim.url])
        self.lep("workspace login", f"-i {WORKSPACE} -t {TOKEN} --workspace-url {self.sim.url}", says=["Logged in to your workspace " + WORKSPACE],
                 wire=["GET /workspace", "GET /tokens"])  # the name is known
        self.lep("workspace logout", says=["Logged out"])
        self.assertIsNone(self.record()["current_workspace"])
        self.lep("workspace remove", f"-i {WORKSPACE}", says=["Successfully removed workspace"])
        self.assertEqual(self.record()["workspaces"], {})

    def test_login_into_a_cache_directory_of_ones_own(self):
        self.login(LEPTON_CACHE_DIR=str(self.cache))  # where the version check's file is already
        self.assertTrue((self.cache / "workspace_info.yaml").exists())

    def test_a_wrong_token_is_asked_twenty_times_three_seconds_apart(self):
        text = self.lep("login", f"-c {WORKSPACE}:wrong-token-9 -u {self.sim.url}", code=1, hurry=True, says=["Invalid Workspace Access Detected"],
                        silent=["wrong-token-9"], wire=20 * ["GET /workspace -> 401"])
        self.assertIn("Unauthorized access to the workspace", text)
        self.assertFalse((self.cache / "workspace_info.yaml").exists(), "nothing is kept of a login that failed")

    def test_a_wrong_workspace_id_is_asked_once(self):
        self.lep("login", f"-c nobody:{TOKEN} -u {self.sim.url.replace(WORKSPACE, 'nobody')}", code=1, says=["Workspace [Nn]ot [Ff]ound", "10 minutes"],
                 wire=["GET /api/v2/workspaces/nobody/workspace -> 404"])

    def test_the_environment_is_a_login_too_and_wins_over_none(self):
        self.lep("secret list", LEPTON_WORKSPACE_ID=WORKSPACE, LEPTON_WORKSPACE_TOKEN=TOKEN, LEPTON_WORKSPACE_URL=self.sim.url,
                 wire=["GET /usersecrets"])

    def test_the_origin_is_sent_as_scheme_host_and_port(self):
        origin = "https://dashboard.example:8443"
        self.lep("login", f"-c {WORKSPACE}:{TOKEN} -u {self.sim.url} -o {origin}/workspace/{WORKSPACE}", wire=LOGIN)
        self.requests()
        self.start(["secret", "list"])
        self.assertEqual([each.get("origin") for each in self.requests()], [origin])
        # Without -o, and with a URL that is not of DGXC; the name is known by now.
        self.lep("login", f"-c {WORKSPACE}:{TOKEN} -u {self.sim.url}", wire=["GET /workspace", "GET /tokens"])
        self.requests()
        self.start(["secret", "list"])
        self.assertEqual([each.get("origin") for each in self.requests()], [None])

    def test_secrets(self):
        self.logged_in()
        self.lep("secret create", "-n HF_TOKEN -v hf-value", says=["Secret created successfully: HF_TOKEN"], silent=["hf-value"],
                 wire=["GET /usersecrets", ("POST /usersecrets", [{"name": "HF_TOKEN", "value": "hf-value", "visibility": "private"}])])
        self.lep("secret create", "-n A -v 1 -n B -v 2 --public-key",
                 wire=["GET /usersecrets", ("POST /usersecrets", [{"name": "A", "value": "1", "visibility": "public"},
                                                                  {"name": "B", "value": "2", "visibility": "public"}])])
        self.lep("secret create", "-n HF_TOKEN -v other", code=1, says=["already exists"], wire=["GET /usersecrets"])
        self.lep("secret create", "-n LEPTON_WORKSPACE_ID -v x", code=1, says=["reserved secret name"])
        self.lep("secret list", says=["HF_TOKEN │ │ sim-user │ private", "A │ │ sim-user │ public"], wire=["GET /usersecrets"])
        self.lep("secret list", "-q hf --visibility private", says=["HF_TOKEN"], silent=["│ A │"], wire=["GET /usersecrets"])
        self.lep("secret list", "-u nobody", says=["No secrets match"], wire=["GET /usersecrets"])
        self.lep("secret remove", "-n A", says=["Secret A deleted successfully"], wire=["GET /usersecrets", "DELETE /usersecrets/A"])
        self.lep("secret remove", "-n A", says=["does not exist"], wire=["GET /usersecrets"])

    def test_node_groups_their_nodes_and_shapes(self):
        self.logged_in()
        nodes = [NODES.format("h200-eu-a1b2c3d4"), NODES.format("cpu-eu-0f1e2d3c")]
        text = self.lep_in_any_order("node list", "", [GROUPS, *nodes])
        self.assertRegex(text, "h200-eu │ - │ 3 / 0 / 3 │ 24 avail · 0/24 used")
        self.lep("node list", "-ng h200", says=["h200-eu"], silent=["cpu-eu"], wire=[GROUPS, nodes[0]])
        self.lep("node list-nodes", "-ng h200-eu", says=["node-h200-0", "8 avail · 0/8 used", "schedulable"],
                 wire=[GROUPS, nodes[0], "GET /dedicated-node-groups/h200-eu-a1b2c3d4/machines"])
        self.lep("node list-reservations", "h200-eu", wire=[GROUPS, "GET /dedicated-node-groups/h200-eu-a1b2c3d4/reservations"])
        self.lep("node resource-shape", says=["gpu.1xh200 │ cpu x 22, acc: NVIDIA-H200 x1", "pod endpoint job", "cpu.small"], silent=["none", "gpu.a10"],
                 wire=[GROUPS, "GET /shapes?node_groups=h200-eu-a1b2c3d4", "GET /shapes?node_groups=cpu-eu-0f1e2d3c"])
        self.lep("node resource-shape", "-ng cpu --purpose job", says=["cpu.small"], silent=["h200"],
                 wire=[GROUPS, "GET /shapes?node_groups=cpu-eu-0f1e2d3c&purpose=job"])
        self.lep("node storage", says=["lepton-shared-fs"], wire=[GROUPS])  # data sources are asked for where a group has object storage

    def lep_in_any_order(self, verb, options, wire):
        """Requests that the client sends from several threads."""
        self.requests()
        code, text = self.start([*verb.split(), *options.split()])
        self.assertEqual((code, sorted(shown(each)[0] for each in self.requests())), (0, sorted(wire)), text)
        type(self).distinct.add((verb,))
        return text

    def test_storage_is_gone_from_this_client(self):
        self.logged_in()
        self.lep("storage ls", "/", code=2, says=["No such command 'storage'"])


if __name__ == "__main__":
    run(lambda: main(Workspace, at_least=24))
