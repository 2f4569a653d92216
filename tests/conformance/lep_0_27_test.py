"""lep 0.27.3 (the newest that nemo-evaluator-launcher 0.2.6 works with) against lepton-sim. Rows as in lep.py."""
from lep import TOKEN, WORKSPACE, Lep, main, run
from lep_rows import GROUP, GROUPS, LIST, NODES, SMALL, job_pages

LOGIN = ["GET /", "GET /tokens", "GET /workspace"]


class Old(Lep):
    VERSION, LOGIN = "0.27.3", LOGIN

    def test_login(self):
        self.login()
        self.lep("workspace status", wire=["GET /workspace"], says=[f"id: {WORKSPACE}", "WorkspaceState.Normal", "photons: 0"])
        self.lep("workspace list", says=["Current workspace: " + WORKSPACE], silent=[TOKEN])
        self.lep("workspace id", says=[WORKSPACE])
        self.lep("workspace url", says=[self.sim.url])

    def test_a_wrong_token_is_asked_twenty_times_three_seconds_apart(self):
        self.lep("login", f"-c {WORKSPACE}:wrong-token-9 -u {self.sim.url}", code=1, hurry=True, says=["Invalid Workspace Access Detected"],
                 wire=["GET / -> 401", "GET /tokens -> 401", *20 * ["GET /workspace -> 401"]])
        self.assertIn("wrong-token-9", (self.cache / "workspace_info.yaml").read_text(), "0.27.3 keeps a login before it has tried it")

    def test_a_wrong_workspace_id_is_asked_once(self):
        nobody = "/api/v2/workspaces/nobody"
        self.lep("login", f"-c nobody:{TOKEN} -u {self.sim.url.replace(WORKSPACE, 'nobody')}", code=1,
                 wire=[f"GET {nobody} -> 404", f"GET {nobody}/tokens -> 404", f"GET {nobody}/workspace -> 404"])

    def test_the_origin_is_sent_as_it_was_given(self):
        origin = f"https://dashboard.example:8443/workspace/{WORKSPACE}"
        self.lep("login", f"-c {WORKSPACE}:{TOKEN} -u {self.sim.url} -o {origin}", wire=LOGIN)
        self.requests()
        self.start(["secret", "list"])
        self.assertEqual([each.get("origin") for each in self.requests()], [origin])

    def test_secrets_and_node_groups(self):
        self.logged_in()
        self.lep("secret create", "-n HF_TOKEN -v x",
                 wire=["GET /usersecrets", ("POST /usersecrets", [{"name": "HF_TOKEN", "value": "x", "visibility": "private"}])])
        self.lep("secret list", wire=["GET /usersecrets"], says=["HF_TOKEN │ │ sim-user │ private"])
        self.lep("secret remove", "-n HF_TOKEN", wire=["GET /usersecrets", "DELETE /usersecrets/HF_TOKEN"], says=["deleted successfully"])
        self.lep("node list", "-ng h200", wire=[GROUPS, NODES.format(GROUP)], says=["h200-eu │ " + GROUP + " │ 3/3"])
        self.lep("node list", "-d -ng h200", wire=[GROUPS, NODES.format(GROUP)], says=["node-h200-0, .amd64, NVIDIA-H200, Ready, Idle"])
        self.lep("node resource-shape", "-ng cpu", wire=[GROUPS, "GET /shapes?node_groups=cpu-eu-0f1e2d3c"], says=["cpu.small"], silent=["none"])

    def test_endpoints(self):
        self.logged_in()
        spec = {"container": {"image": "img:1", "command": ["/bin/bash", "-c", "serve"], "ports": [{"container_port": 8000}]},
                "resource_requirement": {"resource_shape": "gpu.1xh200", "min_replicas": 1, "max_replicas": 1,
                                         "affinity": {"allowed_dedicated_node_groups": [GROUP]}},
                "auto_scaler": {"scale_down": {"no_traffic_timeout": 600}}, "api_tokens": [{"value": "tok-1"}], "envs": [{"name": "A", "value": "1"}],
                "mounts": [{"path": "/a", "from": "node-nfs:lepton-shared-fs", "mount_path": "/mnt/a"}], "image_pull_secrets": []}
        create = ("-n full --container-image img:1 --container-port 8000 --container-command serve -rs gpu.1xh200 --mount"
                  " /a:/mnt/a:node-nfs:lepton-shared-fs -e A=1 --tokens tok-1 -ad 1,600s -ng h200-eu")
        self.lep("endpoint create", create, says=["Endpoint Created Successfully"],
                 wire=[LIST, GROUPS, ("POST /deployments", {"metadata": {"id": "full", "name": "full"}, "spec": spec})])
        self.lep("endpoint create", "-n full --container-image img:1", code=1, wire=[LIST], says=["already exists"])
        self.lep("endpoint list", wire=[LIST], says=["full", "Starting", "gpu.1xh200 : 1"])
        self.lep("endpoint get", "-n full", wire=["GET /deployments/full"], says=['"external_endpoint"'], silent=["tok-1"])
        self.passes()
        look = "GET /deployments/full"
        self.lep("endpoint status", "-n full", wire=[look, look + "/readiness", look + "/termination"],
                 says=["LeptonDeploymentState.Ready", "1 out of 1 replicas ready"])
        self.lep("endpoint events", "-n full", wire=[look + "/events"], says=["Normal │ Ready"])
        self.learn_replica("/deployments/full")
        self.lep("endpoint log", "-n full", wire=[look + "/replicas", look + "/replicas/$replica/log"], says=["serving"])
        change = {"metadata": {"id": "full", "name": "full"}, "spec": {
            "resource_requirement": {"min_replicas": 2, "max_replicas": 2},
            "auto_scaler": {"scale_down": {"no_traffic_timeout": 0}, "target_gpu_utilization_percentage": 0, "target_throughput": {"qpm": 0}}}}
        self.lep("endpoint update", "-n full -r 2", says=["full updated"],
                 wire=[look, ("PATCH /deployments/full?dryrun=true", change), look + "/replicas", ("PATCH /deployments/full", change)])
        self.lep("endpoint restart", "-n full", wire=["PUT /deployments/full/restart"], says=["restart"])
        self.lep("endpoint stop", "-n full", wire=[look, ("PATCH /deployments/full", {"spec": {"resource_requirement": {"min_replicas": 0}}})],
                 says=["stopped successfully"])
        self.passes()
        self.lep("endpoint stop", "-n full", wire=[look], says=["No action taken"])
        self.lep("endpoint remove", "-n full", wire=["DELETE /deployments/full"], says=["deleted successfully"])
        self.passes()
        self.lep("endpoint list", wire=[LIST], says=["No endpoints found"])
        self.lep("endpoint status", "-n full", code=1, wire=[look + " -> 404"], says=["404"])

    def test_jobs(self):
        self.logged_in()
        self.lep("job create", "-n short --container-image img:1 --command true -rs cpu.small", says=["Job Created Successfully"],
                 wire=[("POST /jobs", {"metadata": {"id": "short"}, "spec": SMALL})])
        self.lep("job create", "-n grouped --container-image img:1 --command true -rs gpu.1xh200 -ng h200-eu",
                 wire=[GROUPS, ("POST /jobs", {"metadata": {"id": "grouped"}, "spec": {
                     **SMALL, "resource_shape": "gpu.1xh200", "affinity": {"allowed_dedicated_node_groups": [GROUP]}}})])
        self.lep("job list", wire=job_pages(1), says=["$short", "$grouped", "2 jobs", "Starting"])
        self.passes()
        self.lep("job list", "-s run -ng h200", wire=[GROUPS, *job_pages(1, node_groups="h200", status="run")], says=["$grouped"], silent=["short"])
        self.lep("job get", "-n short", wire=job_pages(1, q="short"), says=['"state": "Running"'])
        self.lep("job get", "-i $short", wire=["GET /jobs/$short?job_query_mode=alive_only"], says=['"id": "$short"'])
        replicas = "GET /jobs/$short/replicas?job_query_mode=alive_and_archive"
        self.lep("job replicas", "-i $short", wire=[replicas], says=["$short-0 │ node-"])
        self.lep("job log", "-i $short", wire=[replicas, "GET /jobs/$short/replicas/$short-0/log"], says=["running short"])
        self.lep("job events", "-i $short", wire=["GET /jobs/$short/events"], says=["Normal │ Running"])
        look = "GET /jobs/$short?job_query_mode=alive_and_archive"
        self.lep("job stop", "-i $short", wire=[look, ("PATCH /jobs/$short", {"spec": {"stopped": True}})], says=["stopped successfully"])
        self.passes()
        self.lep("job start", "-i $short", wire=[look, ("PATCH /jobs/$short", {"spec": {"stopped": False}})], says=["started successfully"])
        self.lep("job remove", "-n short", wire=[*job_pages(1, q="short"), "DELETE /jobs/$short?job_query_mode=alive_only"], says=["deleted"])
        self.lep("job remove", "-i $grouped", wire=["DELETE /jobs/$grouped?job_query_mode=alive_only"], says=["deleted"])
        self.passes()
        self.lep("job list", wire=job_pages(0), silent=["short", "grouped"])

    def test_storage(self):
        self.logged_in()
        (self.folder / "f.txt").write_text("results\n")
        self.lep("storage ls-file-system", wire=["GET /storage"], says=["default", "lepton-shared-fs"])
        self.lep("storage ls", "/", wire=["HEAD /storage/default/", "GET /storage/default/"], says=["0 directories, 0 files"])
        self.lep("storage mkdir", "/a/b", wire=["PUT /storage/default/a/b"], says=["Created directory"])
        self.lep("storage ls", "/a", wire=["HEAD /storage/default/a", "GET /storage/default/a"], says=["b/", "1 directory, 0 files"])
        self.uploaded()
        self.lep("storage download", "/a/b/f.txt got.txt", says=["Downloaded"],
                 wire=["HEAD /storage/default/a/b/f.txt", "GET /storage/default/a/b", "GET /storage/default/a/b/f.txt"])
        self.assertEqual((self.folder / "got.txt").read_text(), "results\n")
        self.lep("storage rmdir", "/a/b", code=1, wire=["HEAD /storage/default/a/b", "GET /storage/default/a", "DELETE /storage/default/a/b -> 400"],
                 says=["not empty"])
        self.lep("storage rm", "/a/b/f.txt", says=["Deleted"],
                 wire=["HEAD /storage/default/a/b/f.txt", "GET /storage/default/a/b", "DELETE /storage/default/a/b/f.txt"])
        self.lep("storage rmdir", "/a/b", wire=["HEAD /storage/default/a/b", "GET /storage/default/a", "DELETE /storage/default/a/b"], says=["Deleted"])
        self.lep("storage rmdir", "/nothere", code=1, wire=["HEAD /storage/default/nothere -> 404"], says=["not found"])
        self.lep("storage du", wire=["GET /storage/du"], says=["Total disk usage"])
        self.lep("storage mkdir", "/x -fs lepton-shared-fs", wire=["PUT /storage/lepton-shared-fs/x"])
        self.lep("storage ls", "/x -fs lepton-shared-fs", wire=["HEAD /storage/lepton-shared-fs/x", "GET /storage/lepton-shared-fs/x"])

    def uploaded(self):
        """The body is multipart, with a boundary by chance: what counts is what arrived."""
        self.requests()
        code, text = self.start(["storage", "upload", "f.txt", "/a/b/f.txt"])
        [request] = self.requests()
        self.assertEqual((code, request["method"], request["path"], request["status"]), (0, "POST", "/storage/default/a/b/f.txt", 200), text)
        self.assertIn('name="file"; filename="f.txt"\r\n', request["body"])
        self.assertIn("/a/b/f.txt", self.sim.dump()["storage"]["default"])
        type(self).distinct.add(("storage upload",))


class OldWithoutStorage(Lep):
    """A workspace whose server has no storage API: the client cannot tell that from a path that is not there."""
    VERSION, LOGIN, FLAGS = "0.27.3", LOGIN, [*Lep.FLAGS, "--storage-api", "absent"]

    def test_storage(self):
        self.logged_in()
        self.lep("storage ls", "/", code=1, wire=["HEAD /storage/default/ -> 404"], says=["not found"])
        self.lep("storage ls-file-system", code=1, wire=["GET /storage -> 404"], says=["404"])


if __name__ == "__main__":
    run(lambda: main(Old, OldWithoutStorage, at_least=35))
