"""The Helm chart, with the real helm: linted, rendered with many values, taken by a real API server, refused where a value is wrong."""
import os
import subprocess
import unittest

import yaml
from harness import ASSETS, DUMPER, LOADER, ROOT, Case, main, say_that_it_cannot_run, shipped, wait

CHART = ROOT / "helm" / "lepton-operator"
RELEASE, NAMESPACE = "trial", "chart-trial"

# Every switch and every section is turned at least once.
VALUE_SETS = {
    "nothing": {},
    "three replicas": {"replicas": 3, "podDisruptionBudget": {"maxUnavailable": "34%"}},
    "no leader election": {"leaderElection": {"enabled": False}},
    "two namespaces": {"watchNamespaces": ["team-a", "team-b"]},
    "a catalogue of the release": {"catalogue": {"export": True}},
    "a catalogue and certificates from elsewhere": {"catalogue": {"configMap": "ours", "key": "c.yaml"}, "lepton": {"ca": {"configMap": "ca"}}},
    "an image by digest, pulled with a secret": {"image": {"repository": "registry.example/team/lepton-operator", "digest": "sha256:" + "ab" * 32,
                                                           "pullPolicy": "Always"}, "imagePullSecrets": ["pull"]},
    "an account of one's own, no roles": {"serviceAccount": {"create": False, "name": "mine"}, "rbac": {"create": False, "aggregate": False}},
    "watched by its Service": {"metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}, "service": {"port": 9090}},
    "watched by its Pods": {"metrics": {"podMonitor": {"enabled": True, "interval": "1m"}}},
    "a closed network": {"networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
                                           "egressPorts": [443]}},
    "where Pods go": {"nodeSelector": {"pool": "cpu"}, "tolerations": [{"key": "cpu", "operator": "Exists"}],
                      "priorityClassName": "system-cluster-critical", "podLabels": {"team": "eval"}, "podAnnotations": {"note": "x"},
                      "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]},
    "flags and variables": {"operator": {"workers": 4, "pollInterval": "500ms", "log": {"level": "debug", "format": "text"},
                                         "extraArgs": ["--poll-interval-idle=1m"], "extraEnv": [{"name": "NO_PROXY", "value": ".svc"}]}},
    "a trial": {"simulator": {"enabled": True, "extraArgs": ["--ready-delay=1s"], "clusterIP": "10.96.0.77"},
                "hostAliases": [{"ip": "10.96.0.77", "hostnames": ["trial-lepton-operator-simulator.chart-trial"]}]},
    "a default Workspace of the simulator": {"defaultWorkspace": {"enabled": True}, "simulator": {"enabled": True}},
    "a default Workspace of a team": {"watchNamespaces": ["default"], "defaultWorkspace": {"enabled": True, "name": "shared", "namespace": "default", "spec": {
        "credentialsSecretRef": {"name": "c"}, "url": "https://lepton.example/api", "defaults": {"execution": {"timeout": "12h"}},
        "limits": {"requestsPerSecond": 7}}}},
    "a closed network around a trial": {"networkPolicy": {"enabled": True}, "simulator": {"enabled": True}},
    "no guard": {"uninstall": {"guard": False}, "trial": {"timeout": "90s"}},
    "alerts and dashboards": {"metrics": {"prometheusRule": {"enabled": True, "runbooks": "https://example.com/runbooks"},
                                          "dashboards": {"enabled": True}}},
    "CRDs from elsewhere": {"crds": {"enabled": False}, "fullnameOverride": "evaluations"},
}

WRONG = {
    "replicas=two": "/replicas", "replicas=-1": "/replicas", "image.pullPolicy=Sometimes": "/image/pullPolicy", "image.digest=abc": "/image/digest",
    "imagee.tag=1": "imagee", "operator.log.level=loud": "/operator/log/level", "operator.log.format=xml": "/operator/log/format",
    "operator.workers=0": "/operator/workers", "operator.workers=1000": "/operator/workers", "operator.pollInterval=fast": "/operator/pollInterval",
    "operator.extraArgs={leader}": "/operator/extraArgs/0", "watchNamespaces={A_B}": "/watchNamespaces/0", "service.port=99999": "/service/port",
    "networkPolicy.egressPorts={0}": "/networkPolicy/egressPorts/0", "crds.keep=maybe": "/crds/keep", "crds.kep=true": "kep",
    "terminationGracePeriodSeconds=1": "/terminationGracePeriodSeconds", "podDisruptionBudget.maxUnavailable=half": "/podDisruptionBudget",
    "defaultWorkspace.enabled=yes": "/defaultWorkspace/enabled", "defaultWorkspace.spec.ulr=x": "ulr", "defaultWorkspace.spec.url=lepton": "/defaultWorkspace/spec/url",
    "defaultWorkspace.namespace=Team": "/defaultWorkspace/namespace", "uninstall.force=true": "force", "trial.timeout=long": "/trial/timeout",
    "simulator.clusterIP=simulator": "/simulator/clusterIP",
    # what no schema can say
    "defaultWorkspace.enabled=true,watchNamespaces={team}": "defaultWorkspace.namespace: default is not one of watchNamespaces",
    "metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true": "each Pod would be scraped twice",
    "catalogue.configMap=ours,catalogue.export=true": "catalogue: configMap names one that is there, export makes one",
    "replicas=2,leaderElection.enabled=false": "replicas: more than one need leaderElection.enabled=true",
    "serviceAccount.create=false": "serviceAccount.name: with serviceAccount.create=false, name one that exists",
}


def helm(*words, values=None, kubeconfig=None, check=True):
    if not (ASSETS / "helm").exists():
        say_that_it_cannot_run(f"{ASSETS} has no helm")
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig or os.devnull)}
    done = subprocess.run([ASSETS / "helm", *map(str, words), *(["--values", "-"] if values is not None else [])], env=environment, check=False,
                          input=yaml.safe_dump(values) if values is not None else "", capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"helm {' '.join(map(str, words))} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done


def rendered(values, hooks=False):
    text = helm("template", RELEASE, CHART, "--namespace", NAMESPACE, "--kube-version", "1.29.0", *([] if hooks else ["--no-hooks"]),
                values=values).stdout
    return list(filter(None, yaml.load_all(text, LOADER)))


def one(objects, kind):
    found = [o for o in objects if o["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


class Rendered(unittest.TestCase):
    def test_lint_has_nothing_to_say(self):
        self.assertIn("0 chart(s) failed", helm("lint", "--strict", CHART).stdout)

    def test_a_wrong_value_is_refused_with_its_place(self):
        for setting, sentence in WRONG.items():
            with self.subTest(setting):
                done = helm("template", RELEASE, CHART, "--set", setting, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(sentence, done.stderr)

    def test_the_crds_are_those_of_the_repository(self):
        ours = {(o := yaml.load(file.read_text(), LOADER))["metadata"]["name"]: o["spec"] for file in (ROOT / "crds").glob("*.yaml")}
        crds = [o for o in rendered({}) if o["kind"] == "CustomResourceDefinition"]
        self.assertEqual({o["metadata"]["name"]: o["spec"] for o in crds}, ours)
        for crd in crds:
            self.assertEqual(crd["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
        loose = [o for o in rendered({"crds": {"keep": False}}) if o["kind"] == "CustomResourceDefinition"]
        self.assertEqual([o["metadata"].get("annotations") for o in loose], [None, None])

    def test_the_permissions_are_those_of_the_repository(self):
        objects = rendered({"rbac": {"aggregate": False}, "serviceAccount": {"name": "who"}})
        for kind in ("ClusterRole", "Role"):
            self.assertEqual(one(objects, kind)["rules"], one(shipped(), kind)["rules"])
        for kind, role in (("ClusterRoleBinding", "ClusterRole"), ("RoleBinding", "Role")):
            binding = one(objects, kind)
            self.assertEqual(binding["roleRef"]["name"], one(objects, role)["metadata"]["name"])
            self.assertEqual(binding["subjects"], [{"kind": "ServiceAccount", "name": "who", "namespace": NAMESPACE}])

    def test_the_default_workspace_reaches_the_operator_and_no_role_beyond_it(self):
        values = {"defaultWorkspace": {"enabled": True, "namespace": "team"}, "simulator": {"enabled": True}, "rbac": {"aggregate": False}}
        objects = rendered(values)
        file = next(o for o in objects if o["kind"] == "ConfigMap" and "workspace.yaml" in o["data"])
        workspace = yaml.safe_load(file["data"]["workspace.yaml"])
        self.assertEqual(workspace["metadata"], {"name": "default", "namespace": "team"})
        self.assertEqual(workspace["spec"], {"credentialsSecretRef": {"name": "lepton"},
                                             "url": f"http://{RELEASE}-lepton-operator-simulator.{NAMESPACE}:8080/api/v2/workspaces/trial"})
        deployment = next(o for o in objects if o["kind"] == "Deployment" and "simulator" not in o["metadata"]["name"])
        pod = deployment["spec"]["template"]["spec"]
        self.assertIn("--default-workspace=/etc/lepton-operator/workspace/workspace.yaml", pod["containers"][0]["args"])
        self.assertEqual(pod["volumes"], [{"name": "workspace", "configMap": {"name": file["metadata"]["name"]}}])
        here = next(o for o in objects if o["kind"] == "Role" and o["metadata"]["namespace"] == "team")
        self.assertEqual(here["rules"], [{"apiGroups": ["lepton.dev"], "resources": ["workspaces"], "resourceNames": ["default"],
                                          "verbs": ["create", "patch"]}])

        def print_of(values):
            found = [o for o in rendered(values) if o["kind"] == "Deployment"][0]
            return found["spec"]["template"]["metadata"]["annotations"]["checksum/workspace"]
        other = {"defaultWorkspace": {"enabled": True, "spec": {"origin": "https://gateway.example"}}}
        self.assertNotEqual(print_of({"defaultWorkspace": {"enabled": True}}), print_of(other), "a change must reach the Pods")

    def test_no_service_or_policy_takes_the_hooks_for_the_operator(self):
        objects = rendered({"simulator": {"enabled": True}, "networkPolicy": {"enabled": True}, "replicas": 2}, hooks=True)
        hooks = [o for o in objects if "helm.sh/hook" in o["metadata"].get("annotations", {})]
        pods = [o["spec"]["template"]["metadata"] if o["kind"] == "Job" else o["metadata"] for o in hooks if o["kind"] in ("Job", "Pod")]
        self.assertEqual(len(pods), 2)
        selectors = [o["spec"].get("podSelector", o["spec"].get("selector")) for o in objects
                     if o["kind"] in ("Service", "NetworkPolicy", "PodDisruptionBudget", "Deployment")]
        self.assertEqual(len(selectors), 6)
        for selector in selectors:
            wanted = selector.get("matchLabels", selector).items()
            for pod in pods:
                self.assertFalse(wanted <= pod["labels"].items(), f"{dict(wanted)} selects {pod['labels']}")

    def test_two_releases_do_not_share_a_cluster_wide_name(self):
        def names(namespace):
            text = helm("template", RELEASE, CHART, "--namespace", namespace).stdout
            return {o["metadata"]["name"] for o in yaml.load_all(text, LOADER) if o and o["kind"].startswith("ClusterRole")}
        self.assertEqual(names("one") & names("two"), set())

    def test_values_reach_the_operator(self):
        objects = rendered(VALUE_SETS["flags and variables"] | {"watchNamespaces": ["a", "b"], "lepton": {"ca": {"configMap": "ca"}}})
        pod = one(objects, "Deployment")["spec"]["template"]["spec"]
        container = pod["containers"][0]
        self.assertEqual(container["args"], [
            "--leader-elect", "--namespace=a", "--namespace=b", "--metrics-address=0.0.0.0:8080", "--health-address=0.0.0.0:8081", "--workers=4",
            "--poll-interval=500ms", "--poll-interval-idle=30s", "--orphan-sweep=delete", "--log-level=debug", "--log-format=text",
            "--lepton-ca-file=/etc/lepton-operator/ca/ca.crt", "--poll-interval-idle=1m"])
        self.assertEqual(container["env"], [{"name": "NO_PROXY", "value": ".svc"}])
        self.assertEqual(pod["volumes"], [{"name": "ca", "configMap": {"name": "ca"}}])


class OnARealApiServer(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for plural, kind in (("servicemonitors", "ServiceMonitor"), ("podmonitors", "PodMonitor"), ("prometheusrules", "PrometheusRule")):  # only so that the kinds are known
            anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            cls.cluster.apply({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.monitoring.coreos.com"},
                "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                         "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}]}})
            cls.cluster.until_served(f"{plural}.monitoring.coreos.com")
        cls.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})

    def test_it_takes_what_any_of_the_values_make(self):
        made = {name: rendered(values, hooks=True) for name, values in VALUE_SETS.items()}
        # Nothing is admitted into a namespace that is not there, and no Pod without its account, also in a dry run.
        namespaces = {o["metadata"].get("namespace", NAMESPACE) for objects in made.values() for o in objects}
        accounts = {o["metadata"]["name"]: o for objects in made.values() for o in objects
                    if o["kind"] == "ServiceAccount" and o["metadata"]["name"].endswith("-trial")}
        self.cluster.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces - {NAMESPACE, "default"}),
                           *accounts.values())
        distinct = list({yaml.dump(o, Dumper=DUMPER): o for objects in made.values() for o in objects}.values())  # the CRDs are in nearly all
        taken = self.taken(distinct)
        if taken.returncode != 0:  # whose they are
            for name, objects in made.items():
                with self.subTest(name):
                    alone = self.taken(objects)
                    self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        self.assertEqual(len(taken.stdout.splitlines()), len(distinct), taken.stdout)

    def taken(self, objects):
        return self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-",
                                    input=yaml.dump_all(objects, Dumper=DUMPER), check=False)

    def test_a_release_comes_and_goes_and_leaves_the_crds(self):
        kubectl, kubeconfig = self.cluster.kubectl, self.cluster.kubeconfig
        self.cluster.remove_crds("invocations.lepton.dev", "workspaces.lepton.dev")  # the release brings its own
        told = helm("install", RELEASE, CHART, "--namespace", NAMESPACE, kubeconfig=kubeconfig).stdout
        self.assertIn("Next, a Workspace and its token", told)

        def pods():
            return self.cluster.api("GET", f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
        # Made at all: so it passed the admission of the namespace's label "restricted".
        self.assertEqual(len(wait("the Pod is made", pods, 30)), 1)

        may = f"--as=system:serviceaccount:{NAMESPACE}:{RELEASE}-lepton-operator"
        for words in (("patch", "invocations.lepton.dev", "-A"), ("create", "leases", "-n", NAMESPACE)):  # the API server learns of a role a moment later
            wait(f"it may {' '.join(words)}", lambda asked=words: kubectl("auth", "can-i", *asked, may, check=False).stdout.strip() == "yes")
        self.assertEqual(kubectl("auth", "can-i", "list", "secrets", "-A", may, check=False).stdout.strip(), "no")
        self.cluster.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "someone"},
                            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
                            "subjects": [{"kind": "User", "name": "someone", "apiGroup": "rbac.authorization.k8s.io"}]})
        wait("who may edit may create Invocations", lambda: kubectl(
            "auth", "can-i", "create", "invocations.lepton.dev", "--as=someone", check=False).stdout.strip() == "yes", 30)

        helm("upgrade", RELEASE, CHART, "--namespace", NAMESPACE, "--set", "replicas=2", kubeconfig=kubeconfig)
        self.assertEqual(len(wait("the second Pod is made", lambda: pods()[1:], 30)), 1)

        helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--no-hooks", kubeconfig=kubeconfig)  # no node runs the guard
        kinds = "deploy,svc,sa,role,rolebinding,pdb,cm,secret"
        names = kubectl("-n", NAMESPACE, "get", kinds, "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "name").split()
        self.assertEqual(names, [])
        self.assertEqual(kubectl("get", "clusterrole,clusterrolebinding", "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "name").split(), [])
        self.assertEqual(len(kubectl("get", "crd", "invocations.lepton.dev", "workspaces.lepton.dev", "-o", "name").split()), 2)


if __name__ == "__main__":
    main()
