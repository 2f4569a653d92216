"""lep 0.47.1 against lepton-sim: endpoints, the legacy family (/deployments). Rows as in lep.py."""
import json

from lep import Lep, main, run
from lep_rows import FLAG, GROUP, GROUPS, LIST, LOGIN, NODES

IMAGE = {"image": "img:1"}


def made(name, spec, **metadata):
    return "POST /deployments", {"metadata": {"id": name, "name": name, **metadata}, "spec": {"container": IMAGE, "image_pull_secrets": [], **spec}}


def replicas(least=1, most=None, shape="cpu.small", **more):
    return {"resource_requirement": {"resource_shape": shape, "min_replicas": least, **({} if most is None else {"max_replicas": most}), **more}}


def changed(name, spec, **metadata):
    return {"metadata": {"id": name, "name": name, **metadata}, "spec": spec}


def patched(name, body):
    """An update is tried dry before it is sent: does it restart replicas?"""
    return [(f"PATCH /deployments/{name}?dryrun=true", body), (f"PATCH /deployments/{name}", body)]


TOKEN = {"api_tokens": [{"value": "tok-1"}]}
HOUR = {"auto_scaler": {"scale_down": {"no_traffic_timeout": 3600}}}
STATIC = {"auto_scaler": {"scale_down": {"no_traffic_timeout": 0}, "target_gpu_utilization_percentage": 0, "target_throughput": {"qpm": 0}}}


class Endpoints(Lep):
    VERSION, LOGIN = "0.47.1", LOGIN

    def setUp(self):
        super().setUp()
        self.logged_in()

    def plain(self):
        self.lep("endpoint create", "-n plain --container-image img:1 --tokens tok-1", says=["Endpoint Created Successfully"], silent=["tok-1"],
                 wire=[FLAG, LIST, made("plain", {**replicas(), **TOKEN, **HOUR})])

    def test_create_with_every_option(self):
        self.post("/usersecrets", [{"name": "HF_TOKEN", "value": "x"}])
        self.lep("endpoint create", "-n full --container-image img:1 --container-port 8000:tcp --container-command 'serve --port 8000' -rs gpu.1xh200"
                 " --mount /a:/mnt/a:node-nfs:lepton-shared-fs --storage-attachment bucket:mscProfile -e A=1 -s HF_TOKEN -s X=HF_TOKEN"
                 " --ip-whitelist 10.0.0.0/8,192.168.1.1 --tokens tok-1 --tokens tok-2 --no-traffic-timeout 1200 --initial-delay-seconds 60"
                 " --image-pull-secrets pull -ng h200-eu -ni node-h200-0 --visibility private -lg true -qp 1 -cbp -cp --shared-memory-size 1024"
                 " --replica-spread r --ingress-timeout-seconds 600 --load-balance least-request --header-based-routing --privileged"
                 " --with-reservation r-1 --allow-burst-to-other-reservation",
                 says=["Endpoint Created Successfully"], silent=["tok-1", "tok-2"],
                 wire=[FLAG, LIST, GROUPS, NODES.format(GROUP), made("full", {
                     "container": {"image": "img:1", "command": ["/bin/bash", "-c", "serve --port 8000"],
                                   "ports": [{"container_port": 8000, "protocol": "TCP"}]},
                     **replicas(1, shape="gpu.1xh200", shared_memory_size=1024,
                                affinity={"allowed_dedicated_node_groups": [GROUP], "allowed_nodes_in_node_group": ["node-h200-0"]}),
                     "mounts": [{"path": "/a", "from": "node-nfs:lepton-shared-fs", "mount_path": "/mnt/a"}],
                     "storage_attachments": [{"data_source_name": "bucket", "attachments": [{"mode": "mscProfile"}]}],
                     "envs": [{"name": "A", "value": "1"}, {"name": "HF_TOKEN", "value_from": {"secret_name_ref": "HF_TOKEN"}},
                              {"name": "X", "value_from": {"secret_name_ref": "HF_TOKEN"}}],
                     "api_tokens": [{"value": "tok-1"}, {"value": "tok-2"}], "auth_config": {"ip_allowlist": ["10.0.0.0/8", "192.168.1.1"]},
                     "auto_scaler": {"scale_down": {"no_traffic_timeout": 1200}}, "health": {"liveness": {"initial_delay_seconds": 60}},
                     "image_pull_secrets": ["pull"], "log": {"enable_collection": True}, "user_security_context": {"privileged": True},
                     "queue_config": {"priority_class": "low-1000", "can_be_preempted": True, "can_preempt": True},
                     "scheduling_policy": {"replica_spread": "Required"}, "ingress_timeout_seconds": 600,
                     "load_balance_config": {"least_request": {}}, "routing_policy": {"enable_header_based_replica_routing": True},
                     "reservation_config": {"reservation_id": "r-1", "allow_burst_to_other_reservations": True}}, visibility="private")])

    def test_create_and_who_may_call_and_how_many_replicas(self):
        self.lep("endpoint create", "-n open --container-image img:1 --public", says=["default timeout of 1 hour", "publicly accessible endpoint"],
                 wire=[FLAG, LIST, made("open", {**replicas(), **HOUR, "api_tokens": [], "auth_config": {"ip_allowlist": []}})])
        self.lep("endpoint create", "-n optout --container-image img:1 --allow-unauthenticated-access --no-traffic-timeout 0",
                 wire=[FLAG, LIST, made("optout", {**replicas(), "api_tokens": [], "allow_unauthenticated_access": True,
                                                   "auto_scaler": {"scale_down": {"no_traffic_timeout": 0}}})])
        self.lep("endpoint create", "-n static --container-image img:1 --tokens tok-1 -r 2", wire=[FLAG, LIST, made("static", {**replicas(2, 2), **TOKEN})])
        self.lep("endpoint create", "-n down --container-image img:1 --tokens tok-1 -ad 1,600s", wire=[FLAG, LIST, made("down", {
            **replicas(1, 1), **TOKEN, "auto_scaler": {"scale_down": {"no_traffic_timeout": 600}}})])
        self.lep("endpoint create", "-n gpu --container-image img:1 --tokens tok-1 -agu 1,3,50%", wire=[FLAG, LIST, made("gpu", {
            **replicas(1, 3), **TOKEN, "auto_scaler": {"target_gpu_utilization_percentage": 50}})])
        self.lep("endpoint create", "-n qpm --container-image img:1 --tokens tok-1 -aq 1,3,2.5 --load-balance sticky-routing",
                 wire=[FLAG, LIST, made("qpm", {**replicas(1, 3), **TOKEN, "auto_scaler": {"target_throughput": {"qpm": 2.5}},
                                                "load_balance_config": {"maglev": {}}})])

    def test_what_is_refused(self):
        self.plain()
        self.lep("endpoint create", "-n plain --container-image img:1", code=1, wire=[FLAG, LIST], says=["already exists"])
        self.lep("endpoint create", "-n x --tokens t", code=1, wire=[FLAG, LIST], says=["have not provided a container image"])
        self.lep("endpoint create", "-n x --container-image i --tokens t -ng nowhere", code=1, wire=[FLAG, LIST, GROUPS], says=["Invalid node group: nowhere"])
        self.lep("endpoint create", "-n x --container-image i --tokens '***'", code=1, says=["redacted API-token placeholder"])
        self.lep("endpoint create", "-n x --container-image i --tokens t --mount /a:/b:node-nfs", code=1, wire=[FLAG, LIST], says=["Error parsing --mount"])
        # Posted at once after the DELETE: this server still has the name, and says so.
        self.lep("endpoint create", "-n plain --container-image img:2 --tokens tok-1 --rerun", code=1, says=["409"],
                 wire=[FLAG, LIST, "DELETE /deployments/plain",
                       ("POST /deployments -> 409", made("plain", {"container": {"image": "img:2"}, **replicas(), **TOKEN, **HOUR})[1])])

    def test_an_endpoint_to_its_file_and_back(self):
        self.plain()
        look = [FLAG, "GET /deployments/plain"]
        self.lep("endpoint get", "-n plain --path spec.json", wire=look, says=["Endpoint spec saved", '"value": "\\*\\*\\*"', '"semantic_version": "1.0"',
                                                                               '"external_endpoint": "https://'])
        self.lep("endpoint get", "-n plain --show-tokens", wire=look, silent=["tok-1"])  # the server itself hides them
        self.assertEqual(json.loads((self.folder / "spec.json").read_text())["container"]["image"], "img:1")
        self.lep("endpoint create", "-n again -f spec.json", code=1, says=["redacted API-token placeholder"])
        self.lep("endpoint create", "-n again -f spec.json --tokens tok-1", wire=[FLAG, LIST, made("again", {**replicas(), **TOKEN, **HOUR})])
        self.lep("endpoint get", "-n nothere", code=1, wire=[FLAG, "GET /deployments/nothere -> 404"], says=["Failed to fetch endpoint nothere", "404"])

    def test_list_and_its_filters(self):
        self.plain()
        self.lep("endpoint create", "-n grouped --container-image img:1 --tokens tok-1 -ng h200-eu",
                 wire=[FLAG, LIST, GROUPS, made("grouped", {**replicas(affinity={"allowed_dedicated_node_groups": [GROUP]}), **TOKEN, **HOUR})])
        self.lep("endpoint list", wire=[FLAG, LIST], says=["plain", "grouped", "2 endpoints", "Starting", "cpu.small : 2"])
        self.lep("endpoint list", "-n grou", wire=[FLAG, LIST], says=["grouped"], silent=["plain"])
        self.lep("endpoint list", "-q nothing", wire=[FLAG, LIST], says=["No endpoints match"])
        self.passes()
        self.lep("endpoint list", "-s ready -s starting -u sim -ng h200", wire=[FLAG, LIST], says=["grouped", "Ready"], silent=["plain"])
        self.lep("deployment list", wire=[FLAG, LIST], says=["plain", "grouped"])

    def test_status_events_and_logs(self):
        self.plain()
        state = [FLAG, *(f"GET /deployments/plain{part}" for part in ("", "/readiness", "/termination"))]
        self.lep("endpoint status", "-n plain", wire=state, says=["InProgress", "0 out of 1 replicas ready", "Version: 1.0", "Authentication: Enabled"])
        self.passes()
        self.lep("endpoint status", "-n plain -t -d", wire=state, says=["State: LeptonDeploymentState.Ready", "1 out of 1 replicas ready", "hidden by server"],
                 silent=["tok-1"])
        self.lep("endpoint events", "-n plain", wire=[FLAG, "GET /deployments/plain/events"], says=["Normal │ Starting", "Normal │ Ready", "'kind': 'Deployment'"])
        self.learn_replica("/deployments/plain")
        self.lep("endpoint log", "-n plain", says=["Selected replica plain-", "serving", "End of log"],
                 wire=[FLAG, "GET /deployments/plain/replicas", "GET /deployments/plain/replicas/$replica/log"])
        self.lep("endpoint log", "-n plain -r $replica", says=["serving"], wire=[FLAG, "GET /deployments/plain/replicas/$replica/log"])
        self.lep("log get", "-e plain --start yesterday", says=["starting plain", "total 2 lines"], wire=[FLAG, "GET /deployments/plain", self.logs()])
        self.sim.call("set", {"deployment": "plain", "state": "Error", "reason": "CUDA out of memory"})
        self.lep("endpoint status", "-n plain", wire=state, says=["LeptonDeploymentState.Error", "SystemError", "CUDA out of memory", "Error .1."])
        self.lep("endpoint events", "-n plain", wire=[FLAG, "GET /deployments/plain/events"], says=["Warning │ CUDA out of memory"])
        self.lep("endpoint events", "-n nothere", code=1, wire=[FLAG, "GET /deployments/nothere/events -> 404"])

    @staticmethod
    def logs():
        return "GET /logs?deployment=plain&direction=forward&end=NS&job_query_mode=alive_and_archive&limit=10000&q=&start=NS&timestamps=True"

    def update(self, options, spec, says=(), restarts=False, **metadata):
        looks = [FLAG, "GET /deployments/plain"]
        dry, real = patched("plain", changed("plain", spec, **metadata))
        self.lep("endpoint update", f"-n plain {options}", says=["Endpoint plain updated", *says, *(["Proceeding with the update"] if restarts else [])],
                 silent=[] if restarts else ["Proceeding"],
                 wire=[*looks, dry, *(["GET /deployments/plain/replicas"] if restarts else []), real])

    def test_update(self):
        self.plain()
        self.passes()
        self.update("--container-image img:2", {"container": {"image": "img:2"}}, restarts=True)
        self.update("--min-replicas 2", {"resource_requirement": {"min_replicas": 2}})
        self.update("--tokens tok-3", {"api_tokens": [{"value": "tok-3"}], "allow_unauthenticated_access": False}, restarts=True)
        self.update("-r 3 --load-balance sticky-routing --visibility public",
                    {"resource_requirement": {"min_replicas": 3, "max_replicas": 3}, **STATIC, "load_balance_config": {"least_request": None, "maglev": {}}},
                    restarts=True, visibility="public")
        self.update("--allow-unauthenticated-access", {"api_tokens": [], "allow_unauthenticated_access": True}, says=["disables API-token"], restarts=True)
        self.update("-rs gpu.1xh200 --shared-memory-size 64 -lg false --replica-spread p --ingress-timeout-seconds 300 --header-based-routing false",
                    {"resource_requirement": {"resource_shape": "gpu.1xh200", "shared_memory_size": 64}, "log": {"enable_collection": False},
                     "scheduling_policy": {"replica_spread": "Preferred"}, "ingress_timeout_seconds": 300,
                     "routing_policy": {"enable_header_based_replica_routing": False}}, restarts=True)
        same = changed("plain", {"resource_requirement": {"resource_shape": "gpu.1xh200"}})
        self.lep("endpoint update", "-n plain -rs gpu.1xh200", says=["No changes applied to endpoint plain"],
                 wire=[FLAG, "GET /deployments/plain", ("PATCH /deployments/plain?dryrun=true -> 400", same)])
        self.lep("endpoint update", "-n plain --remove-tokens", code=1, says=["no longer supported"])
        self.lep("endpoint update", "-n nothere -r 1", code=1, wire=[FLAG, "GET /deployments/nothere -> 404"])
        [now] = self.sim.dump()["deployments"]
        self.assertEqual((now["spec"]["container"]["image"], now["spec"]["load_balance_config"], now["spec"]["resource_requirement"]["max_replicas"]),
                         ("img:2", {"maglev": {}}, 3))

    def test_stop_start_restart_and_remove(self):
        self.plain()
        self.passes()
        look, patch = "GET /deployments/plain", "PATCH /deployments/plain"
        self.lep("endpoint restart", "-n plain", wire=[FLAG, "PUT /deployments/plain/restart"], says=["restart triggered"])
        self.passes()
        self.lep("endpoint stop", "-n plain", wire=[FLAG, look, (patch, {"spec": {"resource_requirement": {"min_replicas": 0}}})], says=["stopped successfully"])
        self.lep("endpoint stop", "-n plain", wire=[FLAG, look], says=["Stopping. No action taken"])
        self.passes()
        self.lep("endpoint stop", "-n plain", wire=[FLAG, look], says=["Stopped. No action taken"])
        self.lep("endpoint list", "-s stopped", wire=[FLAG, LIST], says=["plain", "Not Ready"])
        self.update("--min-replicas 1", {"resource_requirement": {"min_replicas": 1}})
        self.passes()
        self.lep("endpoint status", "-n plain", wire=[FLAG, look, look + "/readiness", look + "/termination"], says=["State: LeptonDeploymentState.Ready"])
        self.lep("endpoint remove", "-n plain", wire=[FLAG, "DELETE /deployments/plain"], says=["deleted successfully"])
        self.lep("endpoint list", wire=[FLAG, LIST], says=["Deleting"])
        self.passes()
        self.lep("endpoint list", wire=[FLAG, LIST], says=["No endpoints found"])
        self.lep("endpoint remove", "-n plain", code=1, wire=[FLAG, "DELETE /deployments/plain -> 404"], says=["404 Not Found"])
        self.lep("endpoint stop", "-n plain", code=1, wire=[FLAG, "GET /deployments/plain -> 404"])


if __name__ == "__main__":
    run(lambda: main(Endpoints, at_least=24))
