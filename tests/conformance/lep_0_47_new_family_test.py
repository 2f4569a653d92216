"""lep 0.47.1 against lepton-sim: endpoints, the second family (/endpoints, --api-family endpoints). Rows as in lep.py.

The commands and what they print are those of the legacy family; what goes over the wire is one component, and a PATCH replaces all of them:
the client reads, changes, and sends the whole.
"""
from lep import Lep, main, run, shown
from lep_rows import FLAG, GROUP, GROUPS, LOGIN, NODES

LIST, LOOK = "GET /endpoints", "GET /endpoints/plain"
PORT = {"ports": [{"container_port": 40000}]}  # the old server's default, sent by the client here
HOUR = {"autoscaling": {"scale_down": {"no_traffic_timeout": 3600}}}
TOKEN = {"api_tokens": [{"value": "tok-1"}]}
STATIC = {"autoscaling": {"scale_down": {"no_traffic_timeout": 0}, "target_gpu_utilization_percentage": 0, "target_throughput": {"qpm": 0}}}


def component(**fields):
    return {"name": "default", "image": "img:1", **PORT, "resource_shape": "cpu.small", "min_replicas": 1, **fields}


def made(name, parts, metadata=None, **level):
    return "POST /endpoints", {"metadata": {"name": name, **({"lepton_metadata": metadata} if metadata else {})},
                               "spec": {"components": [parts], "image_pull_secrets": [], **level}}


class NewFamily(Lep):
    VERSION, LOGIN, FLAGS = "0.47.1", LOGIN, [*Lep.FLAGS, "--api-family", "endpoints"]

    def setUp(self):
        super().setUp()
        self.logged_in()

    def plain(self):
        self.lep("endpoint create", "-n plain --container-image img:1 --tokens tok-1", says=["Endpoint Created Successfully"], silent=["tok-1"],
                 wire=[FLAG, LIST, made("plain", component(**HOUR), **TOKEN)])

    def test_create_with_every_option(self):
        self.post("/usersecrets", [{"name": "HF_TOKEN", "value": "x"}])
        self.lep("endpoint create", "-n full --container-image img:1 --container-port 8000:tcp --container-command 'serve --port 8000' -rs gpu.1xh200"
                 " --mount /a:/mnt/a:node-nfs:lepton-shared-fs -e A=1 -s HF_TOKEN --ip-whitelist 10.0.0.0/8 --tokens tok-1 --no-traffic-timeout 1200"
                 " --initial-delay-seconds 60 --image-pull-secrets pull -ng h200-eu -ni node-h200-0 --visibility private -lg true -qp 1"
                 " --shared-memory-size 1024 --replica-spread r --ingress-timeout-seconds 600 --load-balance least-request --header-based-routing"
                 " --with-reservation r-1",
                 says=["Endpoint Created Successfully"],
                 wire=[FLAG, LIST, GROUPS, NODES.format(GROUP), made("full", component(
                     command=["/bin/bash", "-c", "serve --port 8000"], ports=[{"container_port": 8000, "protocol": "TCP"}], resource_shape="gpu.1xh200",
                     mounts=[{"path": "/a", "from": "node-nfs:lepton-shared-fs", "mount_path": "/mnt/a"}],
                     envs=[{"name": "A", "value": "1"}, {"name": "HF_TOKEN", "value_from": {"secret_name_ref": "HF_TOKEN"}}],
                     affinity={"allowed_dedicated_node_groups": [GROUP], "allowed_nodes_in_node_group": ["node-h200-0"]}, shared_memory_size=1024,
                     autoscaling={"scale_down": {"no_traffic_timeout": 1200}}, health={"liveness": {"initial_delay_seconds": 60}},
                     queue_config={"priority_class": "low-1000"}, scheduling_policy={"replica_spread": "Required"},
                     reservation_config={"reservation_id": "r-1"}), {"visibility": "private"}, **TOKEN, access_config={"ip_allowlist": ["10.0.0.0/8"]},
                     image_pull_secrets=["pull"], log={"enable_collection": True}, ingress_timeout_seconds=600, load_balancing={"least_request": {}},
                     routing_policy={"enable_header_based_replica_routing": True})])

    def test_a_taken_name_is_refused(self):
        self.plain()
        self.lep("endpoint create", "-n plain --container-image img:1", code=1, wire=[FLAG, LIST], says=["already exists"])

    def test_list_get_status_events_and_logs(self):
        self.plain()
        self.lep("endpoint list", wire=[FLAG, LIST], says=["plain", "Starting", "cpu.small : 1"])
        self.lep("endpoint get", "-n plain", wire=[FLAG, LOOK], says=['"external_endpoint": ""', '"state": "Starting"', '"container_port": 40000'],
                 silent=["tok-1"])
        self.lep("endpoint status", "-n plain", wire=[FLAG, LOOK], says=["Starting", "Readiness summary unavailable", "Authentication: Enabled"])
        self.passes()
        self.lep("endpoint status", "-n plain", wire=[FLAG, LOOK], says=["State: LeptonDeploymentState.Ready"])
        self.lep("endpoint get", "-n plain", wire=[FLAG, LOOK], says=['"external_endpoint": "https://', '"state": "Ready"'])
        self.lep("endpoint list", "-s ready", wire=[FLAG, LIST], says=["plain", "Ready"])
        self.lep("endpoint events", "-n plain", wire=[FLAG, LOOK + "/events"], says=["Normal │ Starting", "Normal │ Ready"])
        self.learn_replica("/endpoints/plain")
        self.lep("endpoint log", "-n plain", wire=[FLAG, LOOK + "/replicas", LOOK + "/replicas/$replica/log"], says=["serving"])
        self.lep("endpoint get", "-n nothere", code=1, wire=[FLAG, "GET /endpoints/nothere -> 404"], says=["404"])

    def update(self, options, parts, restarts=False, metadata=None, **level):
        body = {"metadata": {"lepton_metadata": metadata} if metadata else {}, "spec": {"components": [parts], **level}}
        self.lep("endpoint update", f"-n plain {options}", says=["Endpoint plain updated"],
                 wire=[FLAG, LOOK, LOOK, ("PATCH /endpoints/plain?dryrun=true", body), *([LOOK + "/replicas"] if restarts else []),
                       LOOK, ("PATCH /endpoints/plain", body)])

    def test_update_reads_changes_and_sends_every_component(self):
        self.plain()
        self.passes()
        self.update("--container-image img:2", component(image="img:2", **HOUR), restarts=True)
        self.update("--min-replicas 2", component(image="img:2", min_replicas=2, **HOUR))
        self.update("--tokens tok-3", component(image="img:2", min_replicas=2, **HOUR), restarts=True, api_tokens=[{"value": "tok-3"}],
                    allow_unauthenticated_access=False)
        self.update("-r 3 --load-balance sticky-routing --visibility public", component(image="img:2", min_replicas=3, max_replicas=3, **STATIC), restarts=True,
                    metadata={"visibility": "public"}, load_balancing={"maglev": {}, "least_request": None})

    def test_stop_start_restart_and_remove(self):
        self.plain()
        self.passes()
        self.lep("endpoint restart", "-n plain", wire=[FLAG, "PUT /endpoints/plain/restart"], says=["restart triggered"])
        self.passes()
        zero = {"metadata": {}, "spec": {"components": [component(**{**HOUR, "min_replicas": 0})]}}
        self.lep("endpoint stop", "-n plain", wire=[FLAG, LOOK, LOOK, ("PATCH /endpoints/plain", zero)], says=["stopped successfully"])
        self.passes()
        self.lep("endpoint stop", "-n plain", wire=[FLAG, LOOK], says=["Stopped. No action taken"])
        self.lep("endpoint list", "-s stopped", wire=[FLAG, LIST], says=["plain", "Not Ready"])
        self.update("--min-replicas 1", component(**HOUR))
        self.passes()
        self.lep("endpoint remove", "-n plain", wire=[FLAG, "DELETE /endpoints/plain"], says=["deleted successfully"])
        self.lep("endpoint list", wire=[FLAG, LIST], says=["Deleting"])
        self.passes()
        self.lep("endpoint list", wire=[FLAG, LIST], says=["No endpoints found"])
        self.lep("endpoint remove", "-n plain", code=1, wire=[FLAG, "DELETE /endpoints/plain -> 404"], says=["404 Not Found"])

    def test_an_endpoint_with_gpu_autoscaling_is_stopped_with_its_targets_at_zero(self):
        self.lep("endpoint create", "-n plain --container-image img:1 --tokens tok-1 -agu 1,3,50%",
                 wire=[FLAG, LIST, made("plain", component(max_replicas=3, autoscaling={"target_gpu_utilization_percentage": 50}), **TOKEN)])
        off = {"target_gpu_utilization_percentage": 0, "target_throughput": {"qpm": 0, "paths": [], "methods": []}, "scale_down": {"no_traffic_timeout": 0}}
        self.lep("endpoint stop", "-n plain", says=["stopped successfully"], wire=[FLAG, LOOK, LOOK, ("PATCH /endpoints/plain", {
            "metadata": {}, "spec": {"components": [component(min_replicas=0, max_replicas=3, autoscaling=off)]}})])


class Rerun(Lep):
    """Deletion takes a moment of real time: the client knows that, and asks until the name is free."""
    VERSION, LOGIN, FLAGS = "0.47.1", LOGIN, ["--ready-delay", "1h", "--delete-delay", "1s", "--api-family", "endpoints"]

    def test_the_same_name_again(self):
        self.logged_in()
        self.post("/endpoints", made("plain", component())[1])
        self.requests()
        code, text = self.start("endpoint create -n plain --container-image img:2 --tokens tok-1 --rerun".split())
        self.assertEqual(code, 0, text)
        self.assertIn("deletion to finish", text)
        body = made("plain", component(image="img:2", **HOUR), **TOKEN)
        *before, last = [shown(each) for each in self.requests()]
        self.assertEqual(before[:3], [(FLAG, None), (LIST, None), ("DELETE /endpoints/plain", None)])
        self.assertEqual(set(request for request, _ in before[3:]), {"POST /endpoints -> 409"})
        self.assertEqual(last, body)
        type(self).distinct.add(("endpoint create", "--rerun"))


if __name__ == "__main__":
    run(lambda: main(NewFamily, Rerun, at_least=15))
