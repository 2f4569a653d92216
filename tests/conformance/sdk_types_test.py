"""Every answer of lepton-sim parsed by the types of the SDK, 0.47.1 and 0.27.3: nothing refused, nothing unknown, nothing dropped."""
import json
import subprocess
import unittest

from lep import DIRECTORY, HERE, World, ask, locked, run, venv

ENDPOINT_STATES = ["Ready", "Not Ready", "Starting", "Updating", "Scaling", "Stopping", "Stopped", "Deleting"]
NEWER_ENDPOINT_STATES = ["Migrating", "Restarting", "Error"]  # 0.27.3 reads those as UNK; the contract says so, section 12
JOB_STATES = ["Starting", "Running", "Failed", "Completed", "Stopped", "Stopping", "Deleting", "Deleted", "Restarting", "Archived", "Queueing",
              "Awaiting", "PendingRetry"]
NEWER_JOB_STATES = ["Terminating"]
# What one version has and the other does not.
NEW_ONLY = [".features", ".status.phase", ".status.ready_replicas", ".metadata.semantic_version", ".spec.allow_unauthenticated_access",
            ".spec.ingress_enabled", ".spec.storage_attachments", ".spec.container.ports[].app_protocol", ".spec.provider"]
OLD_ONLY = [".service_quota", ".workloads.num_photons"]

EVERYTHING = {
    "container": {"image": "img:1", "command": ["serve"], "ports": [{"container_port": 8000, "protocol": "TCP", "app_protocol": "http"}]},
    "resource_requirement": {"resource_shape": "gpu.1xh200", "min_replicas": 2, "max_replicas": 3, "shared_memory_size": 64,
                             "affinity": {"allowed_dedicated_node_groups": ["h200-eu-a1b2c3d4"]}},
    "auto_scaler": {"scale_down": {"no_traffic_timeout": 3600}, "target_gpu_utilization_percentage": 50},
    "api_tokens": [{"value": "t"}, {"value_from": {"token_name_ref": "WORKSPACE_TOKEN"}}],
    "envs": [{"name": "A", "value": "1"}, {"name": "B", "value_from": {"secret_name_ref": "HF_TOKEN"}}],
    "mounts": [{"path": "/a", "from": "node-nfs:lepton-shared-fs", "mount_path": "/mnt/a", "mount_options": {"read_only": True}}],
    "storage_attachments": [{"data_source_name": "bucket", "attachments": [{"mode": "awsProfile", "attach_with": "object"}]}],
    "image_pull_secrets": ["pull"],
    "health": {"liveness": {"initial_delay_seconds": 60, "tcp": {"port": 8000}}, "readiness": {"require_approval": False}},
    "log": {"enable_collection": True}, "metrics": {"disable_pulling_from_replica": True},
    "queue_config": {"priority_class": "mid-4000", "can_be_preempted": True}, "reservation_config": {"reservation_id": "r"},
    "scheduling_policy": {"replica_spread": "Preferred"}, "auth_config": {"ip_allowlist": ["10.0.0.0/8"]}, "ingress_timeout_seconds": 600,
    "load_balance_config": {"least_request": {"choice_count": 2}}, "routing_policy": {"enable_header_based_replica_routing": True},
    "user_security_context": {"privileged": False}, "ingress_enabled": True,
}
JOB = {"resource_shape": "cpu.small", "container": {"image": "img:1", "command": ["true"]}, "completions": 2, "parallelism": 2, "stopped": False,
       "envs": [{"name": "EVAL_OUTPUT_DIR", "value": "/workspace/gpqa"}], "ttl_seconds_after_finished": 600, "max_failure_retry": 1,
       "mounts": [{"path": f"{DIRECTORY}/0123", "from": "node-nfs:lepton-shared-fs", "mount_path": "/workspace"}],
       "queue_config": {"priority_class": "low-1000"}, "log": {"save_termination_logs": True}, "time_schedule": {"start_at": 1}}


class Types(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = World("--ready-delay", "1h", "--run-delay", "1h", "--start-delay", "1h", "--storage-api", "name")
        self.addCleanup(self.world.close)
        self.sim = self.world.simulator
        self.answers = []

    def parsed(self, path, kind, items=None):
        """Asks for `path` and has its answer parsed as `kind`; `items` takes the list out of it. What it answered."""
        answer = ask(self.sim, "GET", path)
        each = [answer] if items is None else items(answer)
        self.assertTrue(each, f"{path} answered nothing that could be parsed")
        self.answers += [{"path": path, "type": kind, "value": value} for value in each]
        return answer

    def fill(self):
        ask(self.sim, "POST", "/usersecrets", [{"name": "HF_TOKEN", "value": "x", "tags": ["mine"]}])
        ask(self.sim, "POST", "/deployments", {"metadata": {"name": "full", "labels": {"a": "b"}, "visibility": "private"}, "spec": EVERYTHING})
        self.job = ask(self.sim, "POST", "/jobs", {"metadata": {"name": "full", "labels": {"a": "b"}}, "spec": JOB})["metadata"]["id"]

    def endpoints(self, states):
        for state in states:
            self.sim.call("set", {"deployment": "full", "state": state})
            self.parsed("/deployments", "deployment.LeptonDeployment", list)
            self.parsed("/deployments/full", "deployment.LeptonDeployment")
            self.parsed("/deployments/full/readiness", "readiness.ReadinessIssue")
        self.sim.call("set", {"deployment": "full", "state": "Error", "reason": "NoCapacity"})
        self.parsed("/deployments/full/readiness", "readiness.ReadinessIssue")
        self.parsed("/deployments/full/termination", "termination.DeploymentTerminations")
        self.parsed("/deployments/full/replicas", "replica.Replica", list)
        self.parsed("/deployments/full/events", "events.LeptonEvent", list)

    def jobs(self, states):
        self.sim.call("advance", {"by": "61m"})  # runs, and has written
        for state in states:
            self.sim.call("set", {"job": self.job, "state": state})
            self.parsed("/jobs?job_query_mode=alive_and_archive", "job.LeptonJob", lambda answer: answer["jobs"])
            self.parsed(f"/jobs/{self.job}?job_query_mode=alive_and_archive", "job.LeptonJob")
        self.parsed(f"/jobs/{self.job}/replicas?job_query_mode=alive_and_archive", "replica.Replica", list)
        self.parsed(f"/jobs/{self.job}/events", "events.LeptonEvent", list)

    def common(self):
        self.parsed("/workspace", "workspace.WorkspaceInfo")
        for group in self.parsed("/dedicated-node-groups", "dedicated_node_group.DedicatedNodeGroup", list):
            path = f"/dedicated-node-groups/{group['metadata']['id']}"
            self.parsed(path, "dedicated_node_group.DedicatedNodeGroup")
            self.parsed(path + "/nodes", "dedicated_node_group.Node", list)

    def problems(self, version, package, ignored):
        python = venv(f"leptonai-{version}", locked(f"leptonai-{version}"))
        done = subprocess.run([str(python), str(HERE / "sdk_types.py")], stdout=subprocess.PIPE, text=True, check=True, timeout=120,
                              input=json.dumps({"package": package, "answers": self.answers, "ignored": ignored}))
        return json.loads(done.stdout)

    def assert_understood(self, *which):
        self.assertEqual(self.problems(*which), [], f"of {len(self.answers)} answers")

    def test_of_0_47_1(self):
        self.fill()
        self.common()
        self.endpoints(ENDPOINT_STATES + NEWER_ENDPOINT_STATES)
        self.jobs(JOB_STATES + NEWER_JOB_STATES)
        self.parsed("/usersecrets", "secret.SecretItem", list)
        self.parsed("/shapes?purpose=job", "shape.Shape", list)
        self.assert_understood("0.47.1", "leptonai.api.v2.types", OLD_ONLY)

    def test_of_0_27_3(self):
        self.fill()
        self.common()
        self.endpoints(ENDPOINT_STATES)
        self.jobs(JOB_STATES)
        self.parsed("/storage", "storage.FileSystem", list)
        self.parsed("/storage/du", "storage.FileSystem")
        self.parsed(f"/storage/lepton-shared-fs{DIRECTORY}/0123/gpqa", "storage.DirInfo", list)
        self.assert_understood("0.27.3", "leptonai.api.v1.types", NEW_ONLY)

    def test_that_0_27_3_does_not_know_the_newer_states(self):
        self.fill()
        for state in NEWER_ENDPOINT_STATES:
            self.sim.call("set", {"deployment": "full", "state": state})
            self.parsed("/deployments/full", "deployment.LeptonDeployment")
        unknown = "/deployments/full: LeptonDeployment.status.state: an enum value that the SDK does not know"
        self.assertEqual(self.problems("0.27.3", "leptonai.api.v1.types", NEW_ONLY), 3 * [unknown])


def every_test():
    for version in ("0.47.1", "0.27.3"):  # first of all: where they cannot be had, nothing here can run
        venv(f"leptonai-{version}", locked(f"leptonai-{version}"))
    return 0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    run(every_test)
