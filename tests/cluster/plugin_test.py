"""kubectl lepton on a real API server: every verb, and what each says when it cannot (Must show 5)."""
import json
import os
import signal
import subprocess

import yaml
from harness import ASSETS, BIN, GROUP, TOKEN, Case, Failed, alone, everything, existing, main, nim, wait

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/invocations.lepton.dev"
KEYED = [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "hf"}}}]


def without_rules(schema):
    """A CRD's schema without its CEL rules: they may speak of any field."""
    if isinstance(schema, list):
        return [without_rules(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: without_rules(value) for name, value in schema.items() if name != "x-kubernetes-validations"}


class Plugin(Case):
    @staticmethod
    def start(world, *flags):
        world.start("--namespace", world.namespace, "--poll-interval", "300ms", *flags)

    def plugin(self, world, *words, input=None, code=0, kubeconfig=None, token=None, **environment):
        """As kubectl calls it; `token`: of whom."""
        kubeconfig = kubeconfig or (self.of_user(world, token) if token else self.cluster.kubeconfig)
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "LANG": "C.UTF-8", **environment}
        done = subprocess.run([BIN / "kubectl-lepton", *map(str, words), "-n", world.namespace], env=environment, input=input, capture_output=True,
                              text=True, timeout=90, check=False)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done

    def refused(self, world, *words, code=3, says, hint="", **more):
        done = self.plugin(world, *words, code=code, **more)
        self.assertIn("kubectl-lepton: ", done.stderr)
        self.assertIn(says, done.stderr)
        self.assertIn(hint, done.stderr)
        return done

    def of_user(self, world, token):
        config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token}
        file = world.folder / "user.kubeconfig"
        file.write_text(yaml.safe_dump(config))
        return file

    def in_background(self, world, *words):
        """(the process, what says whether it has said something)"""
        path = world.folder / f"{words[0]}.log"
        log = open(path, "w+", encoding="utf-8")
        self.addCleanup(log.close)
        running = subprocess.Popen([str(BIN / "kubectl-lepton"), *map(str, words), "-n", world.namespace], stdout=log, stderr=log,
                                   env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)})
        self.addCleanup(lambda: running.poll() is None and running.kill())
        return running, lambda what="": what in path.read_text() and path.read_text()

    def file(self, world, text):
        path = world.folder / "manifest.yaml"
        path.write_text(text)
        return path

    def test_from_run_to_nothing_left(self):
        world = self.world("plugin", "--ready-delay", "500ms", "--run-delay", "2s", "--stream-logs")
        world.add_workspace()
        self.start(world, "--poll-interval-idle", "1s")
        manifest = self.file(world, nim(tasks=["hellaswag", "winogrande"]))
        self.assertEqual(self.plugin(world, "run", "-f", manifest, "--dry-run=client").stdout, "invocation.lepton.dev/run is valid (dry run)\n")
        self.assertEqual(self.plugin(world, "run", "-f", manifest, "--dry-run=server").stdout,
                         "invocation.lepton.dev/run created (server dry run)\n")
        self.assertIsNone(world.object(), "a dry run stores nothing")

        done = self.plugin(world, "run", "-f", manifest, "evaluation.config.config.params.limit_samples=3", "--wait")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "invocation.lepton.dev/run created")
        for told in ("run: endpoint ready task=hellaswag", "run: task succeeded", "phase=Succeeded", "run Succeeded: 2 of 2 tasks succeeded"):
            self.assertTrue(any(told in line for line in lines), f"{told} is not in\n{done.stdout}")
        managers = {m["manager"]: m["operation"] for m in world.object()["metadata"]["managedFields"] if not m.get("subresource")}
        self.assertEqual(managers.get("kubectl-lepton"), "Apply")

        # The same columns as kubectl's own.
        table = [line.split()[:5] for line in self.plugin(world, "status").stdout.splitlines()]
        self.assertEqual(table, [line.split()[:5] for line in world.kubectl("get", "inv").splitlines()])
        wide = self.plugin(world, "status", "run", "-o", "wide").stdout
        for word in (world.status()["invocationId"], "ENDPOINT NAME", "hellaswag", "Complete (TasksSucceeded)"):
            self.assertIn(word, wide)
        self.assertEqual(json.loads(self.plugin(world, "status", "inv/run", "-o", "json").stdout), world.object())
        self.assertEqual(yaml.safe_load(self.plugin(world, "status", "run", "-o", "yaml").stdout), world.object())
        self.assertEqual(len(json.loads(self.plugin(world, "status", "-o", "json").stdout)["items"]), 1)

        told = wait("the events are there", lambda: self.all_events(world), 20)
        self.assertRegex(told, r"Normal +EndpointReady +\S*.*hellaswag")
        self.assertEqual(self.plugin(world, "logs", "run", "--task", "hellaswag").stdout.splitlines()[-1], "done")
        self.assertIn("winogrande | ", self.plugin(world, "logs", "run", "--follow").stdout)
        self.assertEqual(self.plugin(world, "logs", "run", "--task", "hellaswag", "--tail", "1").stdout, "done\n")

        # The object itself, as the API server has it, is enough to tell what was made of it.
        stored = self.plugin(world, "status", "run", "-o", "yaml").stdout
        printed = json.loads(self.plugin(world, "render", "-f", "-", "--output", "json", input=stored).stdout)["requests"]
        dump = world.simulator.dump()
        made = {one["metadata"]["name"] for kind in ("deployments", "jobs") for one in everything(dump, kind)}
        self.assertEqual({r["body"]["metadata"]["name"] for r in printed if r["path"] in ("/deployments", "/jobs")}, made)
        self.assertEqual(len(made), 4)

        self.assertIn("no fault found in Workspace plugin/default\n", self.plugin(world, "workspace", "check").stdout)
        self.assertIn("no fault found in Workspace plugin/default\n", self.plugin(world, "workspace", "check", "-f", manifest).stdout)
        wrong = self.plugin(world, "workspace", "check", "-f", manifest, "-o", "deployment.nodeGroup=h200-us", code=1).stdout
        self.assertIn('plugin/run: spec.deployment.nodeGroup: there is no node group "h200-us"; did you mean h200-eu?', wrong)

        self.assertIn("run unchanged", self.plugin(world, "run", "-f", manifest, "evaluation.config.config.params.limit_samples=3").stdout)
        self.refused(world, "run", "-f", manifest, "deployment.image=nvcr.io/nim/meta/other:1", code=2, says="cannot change any more",
                     hint="--name runs it as another Invocation")

        gone = self.plugin(world, "delete", "run", "--wait").stdout.splitlines()
        self.assertEqual((gone[0], gone[-1]), ("invocation.lepton.dev/run deleted", "plugin/run is gone, and nothing of it is left in Lepton"))
        self.assert_nothing_left(world)
        self.assertEqual(self.plugin(world, "status").stderr, "No Invocations in namespace plugin.\n")

    def all_events(self, world):
        told = self.plugin(world, "events", "run").stdout
        return "TaskSucceeded" in told and "EndpointReady" in told and told

    def test_a_failure_is_exit_code_1_and_no_token_is_ever_told(self):
        world = self.world("plugin-fails", "--run-delay", "300ms", "--scenario", self.scenario())
        world.add_workspace()
        self.start(world)
        done = self.plugin(world, "run", "-f", self.file(world, existing(tasks=["hellaswag", "winogrande"])), "--wait", code=1)
        self.assertIn("run Failed: 1 of 2 tasks succeeded", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  winogrande Failed: .+")
        said = [done] + [self.plugin(world, *words) for words in (["status", "run", "-o", "yaml"], ["events", "run"], ["logs", "run"])]
        world.kubectl("patch", "secret", "lepton", "--type=merge", "-p", '{"stringData": {"credentials": "ws-sim:wrong-token-17"}}')
        said.append(self.refused(world, "logs", "run", says="401"))
        said.append(self.plugin(world, "workspace", "check", code=1))
        self.assertRegex(said[-1].stdout, r"fault +credentials +lepton refuses the token .*\(401\)\n +to do +make a new token .* the Secret that the Workspace")
        told = "".join(done.stdout + done.stderr for done in said)
        self.assertEqual([secret for secret in (TOKEN, "wrong-token-17") if secret in told], [])

    def scenario(self):
        file = self.cluster.folder / "scenario.yaml"
        file.write_text("rules: [{match: winogrande, kind: job, outcome: fail, exit-code: 3}]")
        return file

    @alone
    def test_waiting_outlives_an_api_server_that_goes_and_comes_back(self):
        world = self.world("plugin-away", "--run-delay", "10m")
        world.add_workspace()
        self.start(world)
        manifest = self.file(world, existing(tasks=["hellaswag"]))
        running, said = self.in_background(world, "run", "-f", manifest, "--wait")
        world.until("it runs", lambda: said("task running"))
        self.cluster.stop_apiserver()
        wait("it says that it is without", lambda: said("the API server"), 30)
        self.cluster.start_apiserver()
        self.assertIsNone(running.poll(), "it waits on")
        [task] = world.status()["tasks"]
        world.simulator.call("set", {"job": task["job"]["id"], "state": "Completed"})
        wait("it ends", lambda: running.poll() is not None, 60)
        self.assertEqual(running.returncode, 0, said())

    def test_ctrl_c_leaves_all_as_it_is(self):
        world = self.world("plugin-interrupted", "--run-delay", "10m")
        world.add_workspace()
        self.start(world)
        running, said = self.in_background(world, "run", "-f", self.file(world, existing(tasks=["hellaswag"])), "--wait")
        watching, seen = self.in_background(world, "status", "--watch")
        world.until("both see it run", lambda: said("task running") and seen("Running"))
        for process, code in ((running, 130), (watching, 0)):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(20), code, said() or seen())
        self.assertIn(f"run goes on in the cluster https://127.0.0.1:{self.cluster.port}.\n", said())
        self.assertIn("`kubectl lepton status run --watch -n plugin-interrupted`", said())
        self.assertIn("`kubectl lepton delete run -n plugin-interrupted`", said())
        self.assertEqual((world.status()["phase"], world.object()["metadata"].get("deletionTimestamp")), ("Running", None))
        self.assertEqual(world.simulator.requests("DELETE"), [])

    def test_what_cannot_be_is_told(self):
        world = self.world("plugin-errors", "--run-delay", "10m")
        manifest = self.file(world, existing(tasks=["hellaswag"]))
        for words in (["status", "nothing"], ["events", "nothing"], ["logs", "nothing"], ["delete", "nothing"], ["suspend", "nothing"],
                      ["resume", "nothing"], ["retry", "nothing", "--task", "t"]):
            self.refused(world, *words, says='"nothing" not found', hint="kubectl lepton status")
        self.plugin(world, "run", "-f", manifest)
        self.refused(world, "retry", "run", "--task", "helaswag", says='has no task "helaswag"', hint="did you mean hellaswag?")
        self.refused(world, "logs", "run", says="there is no Workspace plugin-errors/default", hint="workspace check")
        self.assertIn("there is no Workspace plugin-errors/default", self.plugin(world, "workspace", "check", code=1).stdout)
        self.assertEqual(self.plugin(world, "events", "run").stderr, "No events of run: a cluster keeps them for an hour.\n")

        # Somebody else's field.
        world.kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-",
                      input=existing(tasks=["hellaswag"], execution={"timeout": "2h"}))
        self.refused(world, "run", "-f", manifest, "execution.timeout=3h", says="conflict with \"other\"", hint="--force-conflicts takes these fields over")
        self.assertIn("configured", self.plugin(world, "run", "-f", manifest, "execution.timeout=3h", "--force-conflicts").stdout)

        # Somebody who may not.
        account = ["create", "serviceaccount", "guest", "-n", world.namespace]
        self.cluster.kubectl(*account)
        guest = self.cluster.kubectl("create", "token", "guest", "-n", world.namespace).strip()
        for words in (["status"], ["status", "run"], ["run", "-f", manifest], ["delete", "run"], ["events", "run"], ["logs", "run"], ["suspend", "run"],
                      ["resume", "run"], ["retry", "run", "--task", "hellaswag"], ["workspace", "check"]):
            self.refused(world, *words, token=guest, says="forbidden", hint="kubectl auth can-i --list")
        self.refused(world, "status", token="nobody-knows-this-one", says="Unauthorized", hint="kubectl auth whoami")
        self.refused(world, "status", code=2, kubeconfig="/none", says="/none", hint="name a cluster")
        self.refused(world, "run", "-f", self.file(world, existing(namespace="elsewhere")), code=2, says="elsewhere")

        # One who may look at everything but one Secret.
        world.add_workspace()
        self.cluster.apply(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "guest", "namespace": world.namespace},
             "rules": [{"apiGroups": ["lepton.dev"], "resources": ["invocations", "workspaces"], "verbs": ["get", "list"]},
                       {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["lepton"], "verbs": ["get"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "guest", "namespace": world.namespace},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "guest"},
             "subjects": [{"kind": "ServiceAccount", "name": "guest", "namespace": world.namespace}]})
        keyed = self.file(world, existing(execution={"envs": KEYED}))
        told = self.plugin(world, "workspace", "check", "-f", keyed, "--output", "json", token=guest).stdout
        [unknown] = [f for f in json.loads(told)["findings"] if f["part"] == "Kubernetes Secrets"]
        self.assertEqual((unknown["health"], unknown["remedy"]), ("unknown", "see that you may read it"))
        self.assertIn('secrets "keys" is forbidden', unknown["what"])
        self.refused(world, "suspend", "run", token=guest, says="forbidden", hint="kubectl auth can-i --list")
        world.kubectl("delete", "inv", "run", "--wait=false")

    def test_suspend_resume_and_retry(self):
        world = self.world("plugin-again", "--run-delay", "10m")
        world.add_workspace()
        self.start(world)
        self.plugin(world, "run", "-f", self.file(world, existing(tasks=["winogrande", "hellaswag"])))
        jobs = [self.running_job(world, "hellaswag")]

        self.assertEqual(self.plugin(world, "suspend", "run").stdout, "invocation.lepton.dev/run suspended\n")
        world.until_phase("Suspended")
        self.assertIn("is suspended already", self.plugin(world, "suspend", "run").stdout)
        self.assertEqual(self.plugin(world, "resume", "run").stdout, "invocation.lepton.dev/run resumed\n")
        jobs.append(self.running_job(world, "hellaswag"))
        for task in ("hellaswag", "winogrande"):
            world.simulator.call("set", {"job": self.running_job(world, task), "state": "Completed"})
        world.until_phase("Succeeded")
        self.assertEqual(self.plugin(world, "retry", "run", "--task", "hellaswag").stdout, "invocation.lepton.dev/run: hellaswag runs again (run 1)\n")
        jobs.append(self.running_job(world, "hellaswag"))
        self.assertEqual(len(set(jobs)), 3, f"three attempts: {jobs}")
        self.refused(world, "status", "run", "--task", "x", code=2, says="--task: unknown flag")

    @staticmethod
    def running_job(world, task):
        def found():
            return next((t["job"]["id"] for t in world.status().get("tasks", []) if t["name"] == task and t["job"].get("state") == "Running"), None)
        return world.until(f"the job of {task} runs", found)

    @alone
    def test_crds_that_are_older_or_not_there_are_told(self):
        self.addCleanup(self.install_crds)
        world = self.world("plugin-crds")
        manifest = self.file(world, existing(tasks=["hellaswag"]))
        self.plugin(world, "run", "-f", manifest)
        crd = self.cluster.api("GET", CRD)
        crd["spec"] = without_rules(crd["spec"])
        spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        del spec["suspend"], spec["evaluation"]["properties"]["tasks"]["items"]["properties"]["run"]
        self.cluster.api("PUT", CRD, crd)
        patch = {"spec": {"suspend": True}}
        wait("the field is dropped",
             lambda: "suspend" not in self.cluster.api("PATCH", world.path("run"), patch, kind="application/merge-patch+json")["spec"])
        self.refused(world, "suspend", "run", says="the cluster's CRDs do not know spec.suspend yet: they are of an older operator", hint="kubectl get crd")
        self.refused(world, "retry", "run", "--task", "hellaswag", says="CRDs do not know spec.evaluation.tasks[].run yet", hint="kubectl get crd")

        suspended = self.file(world, existing("other", tasks=["hellaswag"], suspend=True))
        self.refused(world, "run", "-f", suspended, says="the cluster's CRDs do not know spec.suspend yet", hint="kubectl get crd")
        self.assertIsNone(world.object("other"), "it is not run without what it says")

        self.cluster.api("DELETE", CRD)
        wait("they are gone", lambda: self.listing(world.namespace) == 404)
        for words in (["status"], ["status", "run"], ["status", "--watch"], ["run", "-f", manifest], ["run", "-f", manifest, "--dry-run=server"],
                      ["delete", "run"], ["events", "run"], ["logs", "run"], ["suspend", "run"], ["retry", "run", "--task", "hellaswag"],
                      ["workspace", "check"]):
            self.refused(world, *words, says="the cluster does not serve lepton.dev/v1alpha1: install the operator's CRDs", hint="kubectl get crd")

    def install_crds(self):
        self.cluster.install()
        wait("they are served", lambda: self.listing("default") == 200)

    def listing(self, namespace):
        """The status of its answer."""
        try:
            self.cluster.api("GET", f"{GROUP}/namespaces/{namespace}/invocations")
            return 200
        except Failed as failure:
            return failure.status

    def test_kubectl_finds_it(self):
        world = self.world("plugin-found")
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": str(self.cluster.kubeconfig)}
        done = subprocess.run([ASSETS / "kubectl", "lepton", "status", "-n", world.namespace], env=environment, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, f"No Invocations in namespace {world.namespace}.\n"))


if __name__ == "__main__":
    main(many=3)
