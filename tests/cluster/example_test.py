"""The example controller of kube/'s README, under no more rights than the page says that it needs (issue "Kubernetes", Must show 8)."""
import re
import unittest

import yaml
from harness import BIN, ROOT, Case, main, simulated, wait

RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch", "patch"]}]


class Example(unittest.TestCase):
    def test_it_is_the_text_of_the_page_and_at_most_40_lines(self):
        page = (ROOT / "controller" / "kube" / "README.md").read_text()
        source = (ROOT / "examples" / "controller" / "main.cc").read_text()
        self.assertIn(source.strip(), re.findall(r"```cpp\n(.*?)\n```", page, re.DOTALL))
        own = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith(("//", "#include"))]
        self.assertLessEqual(len(own), 40)


class Run(Case):
    def test_it_copies_labels_to_annotations(self):
        name = {"name": "example", "namespace": "default"}
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "example"}, "rules": RULES},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "example"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "example"},
             "subjects": [{"kind": "ServiceAccount", **name}]})
        config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": self.cluster.kubectl("create", "token", "example").strip()}
        file = self.cluster.folder / "example.kubeconfig"
        file.write_text(yaml.safe_dump(config))

        self.label("before", "red")
        example = simulated.Process([BIN / "example-controller"], self.cluster.folder / "example.log", KUBECONFIG=str(file))
        self.addCleanup(example.popen.kill)
        self.label("after", "blue")
        wait("both are copied", lambda: (self.copied("before"), self.copied("after")) == ("red", "blue"), 20, [example])
        self.label("before", "green")
        wait("a change is copied", lambda: self.copied("before") == "green", 20, [example])
        self.assertEqual(example.stop(), 0, example.text())

    def label(self, name, team):
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", "labels": {"team": team}}})

    def copied(self, name):
        return self.cluster.api("GET", f"/api/v1/namespaces/default/configmaps/{name}")["metadata"].get("annotations", {}).get("team")


if __name__ == "__main__":
    main()
