"""lep 0.47.1 against lepton-sim: jobs. Rows as in lep.py."""
import json
import re

from lep import Lep, main, run
from lep_rows import GROUP, GROUPS, LOGIN, NODES, SMALL, job_pages

SHORT = '-n short --container-image img:1 --command true -rs cpu.small'


def body(name, spec, **metadata):
    return {"metadata": {"id": name, **metadata}, "spec": spec}


class Jobs(Lep):
    VERSION, LOGIN = "0.47.1", LOGIN

    def setUp(self):
        super().setUp()
        self.logged_in()

    def short(self, **spec):
        self.lep("job create", SHORT, says=["Job Created Successfully", "Name: short"], wire=[("POST /jobs", body("short", {**SMALL, **spec}))])

    def state(self):
        return {job["id"]: job["status"]["state"] for job in self.sim.dump()["jobs"]}[self.ids["short"]]

    def test_create_with_every_option(self):
        self.post("/usersecrets", [{"name": "HF_TOKEN", "value": "x"}])
        self.lep("job create", "-n full --container-image img:1 --container-port 8000:tcp --command 'run it' -rs gpu.1xh200 -w 4 --segment-count 2"
                 " --max-failure-retry 1 --max-job-failure-retry 2 -e A=1 -s HF_TOKEN -s X=HF_TOKEN --mount /a:/mnt/a:node-nfs:lepton-shared-fs"
                 " --storage-attachment bucket:awsProfile --image-pull-secrets pull --intra-job-communication true --privileged"
                 " --ttl-seconds-after-finished 60 -lg false -ng h200-eu -ni node-h200-0 -qp high -cbp -cp --visibility private"
                 " --shared-memory-size 64 --with-reservation r-1 --allow-burst-to-other-reservation --start-at '2099/01/01 00:00:00'",
                 says=["Job Created Successfully"],
                 wire=[GROUPS, NODES.format(GROUP), ("POST /jobs", body("full", {
                     "resource_shape": "gpu.1xh200",
                     "affinity": {"allowed_dedicated_node_groups": [GROUP], "allowed_nodes_in_node_group": ["node-h200-0"]},
                     "container": {"image": "img:1", "command": ["/bin/bash", "-c", "run it"],
                                   "ports": [{"container_port": 8000, "protocol": "TCP", "expose_strategies": []}]},
                     "completions": 4, "parallelism": 4, "segment_config": {"count_per_segment": 2}, "intra_job_communication": True,
                     "max_failure_retry": 1, "max_job_failure_retry": 2,
                     "envs": [{"name": "A", "value": "1"}, {"name": "HF_TOKEN", "value_from": {"secret_name_ref": "HF_TOKEN"}},
                              {"name": "X", "value_from": {"secret_name_ref": "HF_TOKEN"}}],
                     "mounts": [{"path": "/a", "from": "node-nfs:lepton-shared-fs", "mount_path": "/mnt/a"}],
                     "storage_attachments": [{"data_source_name": "bucket", "attachments": [{"mode": "awsProfile"}]}],
                     "image_pull_secrets": ["pull"], "user_security_context": {"privileged": True}, "ttl_seconds_after_finished": 60,
                     "log": {"enable_collection": False}, "shared_memory_size": 64, "time_schedule": {"start_at": 4070908800},
                     "queue_config": {"priority_class": "high-7000", "can_be_preempted": True, "can_preempt": True},
                     "reservation_config": {"reservation_id": "r-1", "allow_burst_to_other_reservations": True}}, visibility="private"))])
        self.passes()
        text = self.lep("job replicas", "-i $full", wire=[f"GET /jobs/$full/replicas?job_query_mode=alive_and_archive"], says=["node-h200-0"])
        self.assertEqual(len(re.findall(self.ids["full"] + r"-\d", text)), 4, "one for each worker")
        self.lep("job nodes", "-i $full", wire=["GET /jobs/$full/replicas?job_query_mode=alive_and_archive"], says=['"node-h200-0"'])

    def test_what_is_refused_before_anything_is_sent(self):
        self.lep("job create", "-n Bad_Name --container-image i --command true -rs cpu.small", code=1, says=["must start with a lowercase letter"])
        self.lep("job create", f"-n {'a' * 37} --container-image i --command true -rs cpu.small", code=1, says=["at most 36 characters"])
        self.lep("job create", "-n x-by-lepton --container-image i --command true -rs cpu.small", code=1, says=["cannot end with 'by-lepton'"])
        self.lep("job create", "-n x --container-image i --command true", code=1, says=["Missing option '--resource-shape'"])
        self.lep("job create", "-n x --container-image i --command true -rs cpu.small --mount /a:/etc:node-local", code=1, says=["reserved"])
        self.lep("job create", "-n x --container-image i --command true -rs cpu.small -ng nowhere", code=1, wire=[GROUPS],
                 says=["Invalid node group: nowhere .valid node groups: h200-eu, cpu-eu"])
        self.lep("job create", "-n x --container-image i --command true -rs cpu.small -ng cpu-eu -qp low", code=1, wire=[GROUPS],
                 says=["does not support queue_priority"])

    def test_from_a_job_to_its_file_and_back(self):
        self.short()
        text = self.lep("job get", "-i $short --path spec.json", wire=["GET /jobs/$short?job_query_mode=alive_only"], says=["Job spec saved"])
        self.assertIn('"state": "Starting"', text)
        self.assertEqual(json.loads((self.folder / "spec.json").read_text())["container"]["image"], "img:1")
        self.lep("job create", "-n again -f spec.json", wire=[("POST /jobs", body("again", SMALL))])
        self.lep("job clone", "-i $short", says=["cloned successfully"],
                 wire=["GET /jobs/$short?job_query_mode=alive_only", ("POST /jobs", body("short-clone", SMALL))])

    def test_list_and_its_filters(self):
        self.short()
        self.lep("job create", "-n grouped --container-image img:1 --command true -rs gpu.1xh200 -ng h200-eu",
                 wire=[GROUPS, ("POST /jobs", body("grouped", {**SMALL, "resource_shape": "gpu.1xh200",
                                                               "affinity": {"allowed_dedicated_node_groups": [GROUP]}}))])
        self.post("/jobs", {"metadata": {"name": "marked", "labels": {"team": "research"}}, "spec": {**SMALL, "stopped": False}})
        self.lep("job list", wire=job_pages(1), says=["$short", "$grouped", "marked", "3 jobs", "Starting", "sim-user", "cpu.small"])
        self.passes()
        self.lep("job list", "-s run -n SHORT", wire=job_pages(1, q="SHORT", status="run"), says=["$short", "Running"], silent=["grouped"])
        self.lep("job list", "-s fail", wire=job_pages(0, status="fail"), says=["No jobs match"])
        self.lep("job list", "-u sim", wire=job_pages(1, created_by="sim"), says=["$short", "$grouped"])
        self.lep("job list", "-u nobody", wire=job_pages(0, created_by="nobody"), says=["No jobs match"])
        self.lep("job list", "-ng H200", wire=[GROUPS, *job_pages(1, node_groups="H200")],
                 says=["$grouped", GROUP], silent=["$short"])
        self.lep("job list", "-l team=research", wire=job_pages(1, query="team=research"), says=["marked"], silent=["grouped"])
        self.lep("job list", "-l team", wire=job_pages(1, query="team"), says=["marked"], silent=["grouped"])
        self.lep("job get", "-n short", wire=job_pages(1, q="short"), says=['"id": "$short"', '"state": "Running"', '"creation_time"'])
        self.lep("job get", "-n nothere", code=1, wire=job_pages(0, q="nothere"), says=["No job found"])
        self.lep("job get", "-i short", code=1, wire=["GET /jobs/short?job_query_mode=alive_only -> 404"], says=["404 Not Found"])

    def test_stop_and_start(self):
        self.short()
        self.passes()
        look = "GET /jobs/$short?job_query_mode=alive_and_archive"
        self.lep("job start", "-i $short", wire=[look], says=["Running. No action"])
        self.lep("job stop", "-i $short", wire=[look, ("PATCH /jobs/$short", {"spec": {"stopped": True}})], says=["stopped successfully"])
        self.lep("job stop", "-i $short", wire=[look], says=["No action taken"])
        self.passes()
        self.assertEqual(self.state(), "Stopped")
        self.lep("job start", "-i $short", wire=[look, ("PATCH /jobs/$short", {"spec": {"stopped": False}})], says=["started successfully"])
        self.passes()
        self.assertEqual(self.state(), "Running")

    def test_events_and_logs(self):
        self.short()
        self.lep("job log", "-i $short", code=1, wire=["GET /jobs/$short/replicas?job_query_mode=alive_and_archive"], says=["No replicas found"])
        self.passes()
        self.lep("job events", "-i $short", wire=["GET /jobs/$short/events"], says=["Normal │ Starting", "Normal │ Running", "'kind': 'Job'"])
        self.lep("job log", "-i $short", says=["Selected replica $short-0", "running short", "End of log"],
                 wire=["GET /jobs/$short/replicas?job_query_mode=alive_and_archive", "GET /jobs/$short/replicas/$short-0/log"])
        self.lep("job log", "-i $short -r $short-0", says=["running short"], wire=["GET /jobs/$short/replicas/$short-0/log"])
        whole = "GET /jobs/$short?job_query_mode=alive_and_archive"
        self.lep("log get", "-j $short", wire=[whole, whole, self.logs()], says=["running short", "total 1 lines"])
        self.lep("log get", "-jn short --query run", wire=[*job_pages(1, q="short"), whole, self.logs("run")], says=["running short"])
        self.lep("log get", "-j nothere", code=1, wire=["GET /jobs/nothere?job_query_mode=alive_and_archive -> 404"])
        self.lep("job events", "-i nothere", code=1, wire=["GET /jobs/nothere/events -> 404"], says=["404 Not Found"])

    @staticmethod
    def logs(query=""):
        return "GET /logs?direction=forward&end=NS&job=$short&job_query_mode=alive_and_archive&limit=10000&q=" + query + "&start=NS&timestamps=True"

    def test_a_finished_job_goes_to_the_archive_after_its_ttl_with_its_result(self):
        self.lep("job create", SHORT + " --ttl-seconds-after-finished 7200",
                 wire=[("POST /jobs", body("short", {**SMALL, "ttl_seconds_after_finished": 7200}))])
        self.passes()
        self.passes()
        self.lep("job list", wire=job_pages(1), says=["Completed"])
        self.passes("3h")
        self.lep("job list", wire=job_pages(0), silent=["short"])
        self.lep("job list", "-ia", wire=job_pages(1, "alive_and_archive"), says=["$short", "Completed"])
        self.lep("job get", "-i $short", code=1, wire=["GET /jobs/$short?job_query_mode=alive_only -> 404"])
        self.lep("job get", "-i $short -ia", wire=["GET /jobs/$short?job_query_mode=alive_and_archive"], says=['"succeeded": 1', '"completion_time"'])
        self.lep("job remove", "-i $short", code=1, wire=["DELETE /jobs/$short?job_query_mode=alive_only -> 404"])
        self.lep("job remove", "-i $short -ia", wire=["DELETE /jobs/$short?job_query_mode=alive_and_archive"], says=["deleted successfully"])

    def test_remove_by_name_takes_the_newest_of_several(self):
        self.short()
        older = self.ids["short"]
        self.short()
        self.lep("job remove", "-n short", wire=[*job_pages(1, q="short"), "DELETE /jobs/$short?job_query_mode=alive_only"], says=["Job $short deleted"])
        self.passes()
        self.assertEqual([job["id"] for job in self.sim.dump()["jobs"]], [older])
        self.lep("job remove", "-n nothere -ia", code=1, wire=job_pages(0, "alive_and_archive", q="nothere"), says=["No job found"])
        self.lep("job remove-all", "-u sim-user -n nothere", wire=job_pages(0, created_by="sim-user", q="nothere"), says=["No jobs matched"])
        self.lep("job stop-all", "-u sim-user -s fail", wire=job_pages(0, created_by="sim-user", status="fail"), says=["No jobs matched"])


class ManyJobs(Lep):
    """More jobs than a page of the client, from a server that gives smaller pages than it was asked for."""
    VERSION, LOGIN, FLAGS = "0.47.1", LOGIN, [*Lep.FLAGS, "--max-page-size", "100"]

    def test_all_of_them_are_listed(self):
        self.logged_in()
        for number in range(501):
            self.post("/jobs", {"metadata": {"name": f"job-{number}"}, "spec": SMALL})
        text = self.lep("job list", wire=job_pages(6), says=["501 jobs"])
        self.assertEqual(len({*re.findall(r"job-\d+-[0-9a-f]{4}", text)}), 501, "each once, none lost between two pages")
        self.lep("job get", "-n job-499", wire=job_pages(1, q="job-499"), says=['"name": "job-499"'])


if __name__ == "__main__":
    run(lambda: main(Jobs, ManyJobs, at_least=24))
