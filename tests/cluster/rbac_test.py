"""The shipped roles are exactly what the operator needs (issue "Kubernetes", Must show 6).

Every other test of this folder ran it under those roles with a real token of its service account, and left an audit log. Missing is what was
forbidden; superfluous is what nobody ever used.
"""
import unittest

import audit
from harness import AUDIT, account, main, say_that_it_cannot_run, shipped

OTHERS = ("conflict", "disturbance", "leader", "namespace_deletion", "orphans", "story")


class Rbac(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = [name for name in OTHERS if not (AUDIT / f"{name}.log").exists()]
        if missing:
            say_that_it_cannot_run(f"it needs the audit logs of the whole suite, missing: {', '.join(missing)} (ctest -L cluster)")
        cls.system_namespace, _, user = account()
        cls.asked = [r for file in sorted(AUDIT.glob("*.log")) for r in audit.requests(file, user)]

    def test_something_was_asked(self):
        self.assertGreater(len(self.asked), 500)

    def test_no_needed_verb_is_missing(self):
        def asked(allowed):
            return {(r.group, r.resource, r.verb, r.namespace == self.system_namespace) for r in self.asked if r.allowed == allowed}

        # An API server that has just started forbids for a moment what it will allow.
        missing = sorted(asked(allowed=False) - asked(allowed=True))
        self.assertEqual(missing, [], "(group, resource, verb, in the operator's own namespace) that the roles do not allow")

    def test_no_granted_verb_is_unused(self):
        unused = []
        for role in (o for o in shipped() if o["kind"] in ("ClusterRole", "Role")):
            here = role["metadata"].get("namespace") if role["kind"] == "Role" else None
            if role.get("aggregationRule") or any(k.startswith("rbac.authorization.k8s.io/aggregate-to") for k in role["metadata"].get("labels", {})):
                continue  # for people
            used = {(r.group, r.resource, r.verb) for r in self.asked if r.allowed and here in (None, r.namespace)}
            for rule in role["rules"]:
                for group in rule["apiGroups"]:
                    unused += [(role["kind"], group, resource, verb) for resource in rule["resources"] for verb in rule["verbs"]
                               if (group, resource, verb) not in used]
        self.assertEqual(unused, [])

    def test_nothing_is_granted_by_a_wildcard(self):
        for role in (o for o in shipped() if o["kind"] in ("ClusterRole", "Role")):
            for rule in role["rules"]:
                self.assertNotIn("*", rule["apiGroups"] + rule["resources"] + rule["verbs"])


if __name__ == "__main__":
    main()
