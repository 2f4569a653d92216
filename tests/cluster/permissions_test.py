"""An operator that starts while the API server does: for some seconds that knows no roles, and forbids what it will soon allow.

The soak (tests/soak) found an operator that ended there. Its requests are forbidden on purpose, so rbac_test.py does not read of them.
"""
import os
import tempfile

os.environ["LEPTON_OPERATOR_AUDIT"] = tempfile.mkdtemp(prefix="lepton-operator-audit-")

import shutil

import harness
from harness import Case, main, shipped, wait


class Permissions(Case):
    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(harness.AUDIT, ignore_errors=True)

    def test_an_operator_that_is_forbidden_its_own_secrets_waits_until_its_role_is_known(self):
        world = self.world("early")
        system = self.cluster.system_namespace
        roles = [o for o in shipped() if o["kind"] == "Role" and o["metadata"]["namespace"] == system]
        self.assertTrue(roles)
        for role in roles:
            self.cluster.kubectl("-n", system, "delete", "role", role["metadata"]["name"])
        operator = harness.Operator(world.folder / "operator-0.log", self.cluster.operator_kubeconfig(world.token_file))
        world.operators.append(operator)
        wait("it is forbidden its own Secrets", lambda: "cannot be read yet" in operator.text() and "forbidden" in operator.text(), 60, [operator])
        self.cluster.apply(*roles)
        wait("the operator is ready", operator.ready, 90, [operator])


if __name__ == "__main__":
    main()
