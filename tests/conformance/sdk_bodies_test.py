"""Every body that the operator sends is one that the vendor's own SDK (leptonai 0.47.1) would send: nothing unknown, nothing changed.

The operator runs as a process against lepton-sim of either API family, on Invocations of all four types in which any two optional fields of the
CRD meet set and unset (invocations.py). All bodies in the simulator's log are checked, the cleanup jobs' and those that put a stopped endpoint back included.
"""
import json
import pathlib
import subprocess
import sys
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "simulator")]
import harness  # noqa: E402
import invocations  # noqa: E402
from venv import locked, run, venv  # noqa: E402

SECRETS = ["HF_TOKEN", "LLM_API_KEY"]
# Jobs outlive the test, so that a stopped endpoint is one that is needed; the bucket is wide, since this is no test of it.
JOBS_LAST = ("--ready-delay", "0s", "--start-delay", "0s", "--run-delay", "1h")
EVERY = 0.5  # seconds: the log is a megabyte
OBJECTS = [
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "workspace"}, "stringData": {"credentials": f"{harness.WORKSPACE}:{harness.TOKEN}"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kubernetes-secret"}, "stringData": {"key": "of Kubernetes"}},
]


def workspace(url):
    return {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default"},
            "spec": {"credentialsSecretRef": {"name": "workspace"}, "url": url, "limits": {"requestsPerSecond": 2000, "burst": 4000}}}


def manifest(name, spec):
    return {"apiVersion": "lepton.dev/v1alpha1", "kind": "Invocation", "metadata": {"name": name}, "spec": spec}


def needs_cleanup_job(spec):
    storage = spec.get("storage", {})
    return storage.get("cleanup") == "Job" and storage.get("deletionPolicy") != "Retain"


class OfDeployments(harness.Case):
    """A workspace of the legacy family."""

    FLAGS, ENDPOINTS = (), "/deployments"
    CREATED, PUT_BACK = "create endpoint", "scale endpoint"
    FAULTS = {  # in an endpoint's body: what the finding says of it
        "spec.enable_rdma: unknown to the SDK": lambda b: b["spec"].update(enable_rdma=False),
        "spec.resource_requirement.resource_shape: 'GPU.1x'": lambda b: b["spec"]["resource_requirement"].update(resource_shape="GPU.1x"),
        "Value error, Invalid port number": lambda b: b["spec"]["container"]["ports"][0].update(container_port=0),
    }

    def setUp(self):
        self.made = invocations.generate()
        self.w = self.world(*JOBS_LAST, *self.FLAGS)
        self.w.simulator.make_secrets(SECRETS)
        self.w.start("--poll-interval", "300ms")
        self.w.apply(yaml.safe_dump_all([*OBJECTS, workspace(self.w.simulator.url)]), "workspace.yaml")

    def apply_all(self):
        self.w.apply(yaml.safe_dump_all([manifest(*each) for each in self.made]), "invocations.yaml")
        self.w.until("every Invocation has its job", lambda: len(self.w.simulator.requests("POST", "/jobs")) >= len(self.made), 120, EVERY)

    def stop_an_endpoint_of_each_type(self):
        names = {r["body"]["metadata"]["name"].split("-")[0]: r["body"]["metadata"]["name"] for r in self.w.simulator.requests("POST", self.ENDPOINTS)}
        self.assertEqual(sorted(names), sorted(invocations.SERVED))
        for name in names.values():
            self.w.simulator.call("set", {"deployment": name, "state": "Stopped"})
        self.w.until("stopped endpoints are put back", lambda: {r["below"].split("/")[-1] for r in self.w.simulator.requests("PATCH")} >= set(names.values()), 30,
                     EVERY)

    def remove_all(self):
        expected = sum(needs_cleanup_job(spec) for _, spec in self.made)
        self.assertGreater(expected, 3)
        self.w.remove("invocations.yaml")
        self.w.until(f"{expected} cleanup jobs are asked for", lambda: len(self.cleanup_jobs()) >= expected, 120, EVERY)

    def cleanup_jobs(self):
        return [r for r in self.w.simulator.requests("POST", "/jobs") if any(e["name"] == "CLEANUP_DIRECTORY" for e in r["body"]["spec"]["envs"])]

    def bodies(self):
        return [{"method": r["method"], "path": r["below"], "body": r["body"]} for r in self.w.simulator.requests() if "body" in r]

    def spoilt(self, bodies):
        """Bodies of the operator with one fault each, of our own making: {what the finding says of it: request}."""
        def one(path, spoil, method="POST"):
            request = json.loads(json.dumps(next(b for b in bodies if b["method"] == "POST" and b["path"] == path)))
            spoil(request["body"])
            return {**request, "method": method}
        return {
            **{fault: one(self.ENDPOINTS, spoil) for fault, spoil in self.FAULTS.items()},
            "spec.completions: not here, the SDK adds 1": one("/jobs", lambda b: b["spec"].pop("completions")),
            "spec.parallelism: '1' here, 1 as the SDK has it": one("/jobs", lambda b: b["spec"].update(parallelism="1")),
            "Job name must be at most 36": one("/jobs", lambda b: b["metadata"].update(name="a" * 37)),
            "[0].value: unknown to the SDK": one("/usersecrets", lambda b: b[0].update(value=None)),
            "for which this test has no type": one("/jobs", lambda b: None, "PUT"),
        }

    def judged(self, *lists):
        """By one process, for the SDK takes 2 s to load."""
        done = subprocess.run([str(venv("leptonai-0.47.1", locked("leptonai-0.47.1"))), str(HERE / "sdk_bodies.py")], input=json.dumps(lists),
                              stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def assert_faults_are_found(self, spoilt, found):
        """A check that cannot fail shows nothing."""
        self.assertEqual([fault for fault in spoilt if not any(fault in finding for finding in found)], [], "\n".join(found))

    def test_every_body_is_one_that_the_sdk_would_send(self):
        forgotten, always = invocations.unwritten(self.made)
        self.assertEqual(forgotten, set(), "fields of the CRD that no Invocation here writes: add them to invocations.FIELDS")
        self.assertEqual(always, {"deployment.type", "evaluation.tasks[].name"}, "fields that every Invocation here writes")
        self.apply_all()
        self.stop_an_endpoint_of_each_type()
        self.remove_all()
        bodies = self.bodies()
        spoilt = self.spoilt(bodies)
        result, of_spoilt = self.judged(bodies, list(spoilt.values()))
        self.assertFalse(result["findings"], "\n".join(result["findings"][:20]))
        self.assert_faults_are_found(spoilt, of_spoilt["findings"])
        served = sum(spec["deployment"]["type"] != "none" for _, spec in self.made)
        # The operator's own requests; the secrets that the test made for itself are one body more.
        self.assertGreaterEqual(result["seen"][self.CREATED], served)
        self.assertGreaterEqual(result["seen"]["create job"], len(self.made) + 4)
        self.assertGreaterEqual(result["seen"][self.PUT_BACK], 3)
        self.assertGreaterEqual(result["seen"]["create secrets"], served // 2)
        print(f"{len(self.made)} Invocations; bodies: {result['seen']}")


class OfComponents(OfDeployments):
    """A workspace of the second family."""

    FLAGS, ENDPOINTS = ("--api-family", "endpoints"), "/endpoints"
    CREATED, PUT_BACK = "create components", "replace components"
    FAULTS = {
        "spec.enable_rdma: unknown to the SDK": lambda b: b["spec"].update(enable_rdma=False),
        "components[0].volumes: unknown to the SDK": lambda b: b["spec"]["components"][0].update(volumes=[]),
        "spec.components[0].resource_shape: 'GPU.1x'": lambda b: b["spec"]["components"][0].update(resource_shape="GPU.1x"),
        "Value error, Invalid port number": lambda b: b["spec"]["components"][0]["ports"][0].update(container_port=0),
    }


def main():
    venv("leptonai-0.47.1", locked("leptonai-0.47.1"))  # before anything else, for it may end the test with 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    run(main)
