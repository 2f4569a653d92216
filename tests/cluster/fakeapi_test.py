"""The API server in memory (tests/fakeapi) is asked what the real one is asked, word for word, and both have to answer alike.

What the tests under faults stand on is compared: status codes and reasons, generations, when a resourceVersion changes, finalizers, deletion,
what a write leaves alone, lists in pages, and the events of a watch in their order. Not compared: sentences for people, managed fields,
UIDs and versions themselves (but which are equal, and which are newer).
"""
import http.client
import json
import re
import ssl
import subprocess
import urllib.parse

import harness

NAMESPACE = "alike"
GROUP = f"/apis/lepton.dev/v1alpha1/namespaces/{NAMESPACE}"
INVOCATIONS, WORKSPACES = f"{GROUP}/invocations", f"{GROUP}/workspaces"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
SPEC = {"deployment": {"type": "none"}, "target": {"url": "https://models.example/v1", "modelId": "m"},
        "evaluation": {"tasks": [{"name": "gpqa_diamond"}]}}


class Real:
    def __init__(self, cluster):
        context = ssl.create_default_context(cafile=cluster.folder / "certs" / "apiserver.crt")
        self.connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=60)

    def ask(self, method, path, query, kind, body):
        self.connection.request(method, path + ("?" + urllib.parse.urlencode(query) if query else ""),
                                None if body is None else json.dumps(body),
                                {"Authorization": f"Bearer {harness.ADMIN}", "Accept": "application/json", **({"Content-Type": kind} if body is not None else {})})
        reply = self.connection.getresponse()
        text = reply.read().decode()
        if "watch" in query and reply.status == 200:
            return 200, [json.loads(line) for line in text.splitlines()]
        return reply.status, json.loads(text)

    def wait_until_served(self, path):
        """A resource that was defined a moment ago is answered by 429 for a while."""
        harness.wait(f"{path} is served", lambda: self.ask("GET", path, {}, "", None)[0] == 200)

    def close(self):
        self.connection.close()


class Fake:
    def __init__(self):
        self.process = subprocess.Popen([harness.BIN / "fakeapi-conversation"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ask(self, method, path, query, kind, body):
        told = self.say({"method": method, "path": path, "query": query, **({"type": kind, "body": body} if body is not None else {})})
        return told["status"], told["body"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Side:
    """One of both, with what it was seen to have: `{uid:a}`, `{version:a}` and `{first:a}` in a request mean its own."""

    def __init__(self, server):
        self.server, self.uids, self.versions, self.firsts, self.names, self.list = server, {}, {}, {}, {}, "0"

    def filled(self, value):
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if not isinstance(value, str):
            return value
        known = {"uid": self.uids, "version": self.versions, "first": self.firsts}
        return re.sub(r"\{(uid|version|first):([a-z-]+)\}", lambda m: known[m[1]][m[2]], value).replace("{list}", self.list)

    def ask(self, method, path, query, kind, body):
        status, answer = self.server.ask(method, path, self.filled(query), kind, self.filled(body))
        if isinstance(answer, list):
            return status, [(event["type"], self.shown(event["object"], event["type"])) for event in answer]
        if "items" in answer:
            self.list = answer["metadata"]["resourceVersion"]
            about = {k: answer["metadata"][k] for k in ("remainingItemCount",) if k in answer["metadata"]}
            return status, {**about, "more": bool(answer["metadata"].get("continue")), "items": [self.shown(o) for o in answer["items"]]}, answer
        return status, self.shown(answer), answer

    def shown(self, thing, event=""):
        if thing.get("kind") == "Status" and "name" not in thing.get("metadata", {}):
            return {k: thing[k] for k in ("status", "reason", "code") if k in thing}
        about, name = thing["metadata"], thing["metadata"]["name"]
        uid, version = about["uid"], about["resourceVersion"]
        before = self.versions.get(name)
        same = self.uids.get(name) == uid
        if not event:  # a watch tells of what is known already
            self.uids[name], self.versions[name] = uid, version
            if not same:
                self.firsts[name] = version
        shown = {"name": name, "namespace": about.get("namespace"), "generation": about.get("generation"), "finalizers": about.get("finalizers"),
                 "labels": {k: v for k, v in about.get("labels", {}).items() if not k.startswith("kubernetes.io/")},
                 "deleting": "deletionTimestamp" in about, "data": thing.get("data"),
                 "suspend": thing.get("spec", {}).get("suspend"), "holder": thing.get("spec", {}).get("holderIdentity")}
        if about.get("namespace"):  # a namespace's own is what controllers make of it
            shown["status"] = thing.get("status")
        if not event:
            shown["version"] = "new object" if not same else "same" if before == version else "newer" if int(version) > int(before) else "older"
        return shown


class Fakeapi(harness.Case):
    def setUp(self):
        super().setUp()
        self.real, self.fake = Side(Real(self.cluster)), Side(Fake())
        self.addCleanup(self.real.server.close)
        self.addCleanup(self.fake.server.close)
        self.asked = 0

    def alike(self, method, path, body=None, kind="application/json", status=200, **query):
        """Asks both; the answer of the real one, which has to have `status`."""
        answers = [side.ask(method, path, query, kind, body) for side in (self.real, self.fake)]
        self.asked += 1
        with self.subTest(f"{method} {path} {query} {body}: the real one is first"):
            self.assertEqual(answers[0][:2], answers[1][:2])
        with self.subTest(f"{method} {path} {query} {body}: by the real one"):
            self.assertEqual(answers[0][0], status)
        return answers[0][1]

    def operations(self, path, *operations, status=200):
        return self.alike("PATCH", path, [dict(zip(("op", "path", "value"), o)) for o in operations], PATCH, status)

    def create(self, collection, name, code=201, **members):
        return self.alike("POST", collection, {**members, "metadata": {"name": name, **members.get("metadata", {})}}, status=code)

    def invocation(self, name, code=201, **members):
        return self.create(INVOCATIONS, name, code, apiVersion="lepton.dev/v1alpha1", kind="Invocation", spec=SPEC, **members)

    def delete_if(self, path, code, **preconditions):
        return self.alike("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}, status=code)

    def test_both_answer_alike(self):
        self.create("/api/v1/namespaces", NAMESPACE, apiVersion="v1", kind="Namespace")
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", NAMESPACE, "--wait=false")
        self.real.server.wait_until_served(INVOCATIONS)
        self.alike("GET", INVOCATIONS, status=200)  # its version is where the watch at the end begins
        begin = {"real": self.real.list, "fake": self.fake.list}
        self.objects()
        self.statuses()
        self.deletions()
        self.lists()
        self.secrets()
        self.leases()
        self.watches(begin)
        print(f"asked alike: {self.asked}", flush=True)
        self.assertGreaterEqual(self.asked, 60)

    def objects(self):
        self.alike("GET", f"{INVOCATIONS}/a", status=404)
        self.assertEqual(self.invocation("a", metadata={"labels": {"x": "1"}}, status={"phase": "Failed"})["status"], None)
        self.invocation("a", 409)
        self.alike("GET", f"{INVOCATIONS}/a", status=200)
        self.assertEqual(self.alike("PATCH", f"{INVOCATIONS}/a", {"spec": {"suspend": True}, "status": {"phase": "Failed"}}, MERGE, 200)["generation"], 2)
        self.alike("PATCH", f"{INVOCATIONS}/a", {"spec": {"suspend": True}}, MERGE, 200)
        self.alike("PATCH", f"{INVOCATIONS}/a", {"metadata": {"labels": {"y": "2", "x": None}}}, MERGE, 200)
        self.alike("PATCH", f"{INVOCATIONS}/a", {"metadata": {"resourceVersion": "{first:a}", "labels": {"z": "3"}}}, MERGE, 409)
        self.alike("PATCH", f"{INVOCATIONS}/a", {"metadata": {"resourceVersion": "{version:a}", "labels": {"z": "3"}}}, MERGE, 200)
        self.alike("PATCH", f"{INVOCATIONS}/a", {"metadata": {"uid": "another", "labels": {"z": "4"}}}, MERGE, 422)
        self.alike("PATCH", f"{INVOCATIONS}/nobody", {"metadata": {"labels": {"z": "3"}}}, MERGE, 404)
        self.operations(f"{INVOCATIONS}/a", ("test", "/metadata/uid", "another"), ("add", "/metadata/labels/z", "5"), status=422)
        self.operations(f"{INVOCATIONS}/a", ("test", "/metadata/uid", "{uid:a}"), ("add", "/metadata/labels/z", "5"))
        self.operations(f"{INVOCATIONS}/a", ("remove", "/metadata/labels/none"), status=422)
        self.operations(f"{INVOCATIONS}/a", ("remove", "/metadata/labels/z"))
        self.operations(f"{INVOCATIONS}/a", ("add", "/spec/suspend", False), ("add", "/status", {"phase": "Failed"}))

    def statuses(self):
        at = f"{INVOCATIONS}/a/status"
        absent, uid = ("test", "/status", None), ("test", "/metadata/uid", "{uid:a}")
        self.operations(at, uid, ("test", "/metadata/deletionTimestamp", None), absent, ("add", "/status", {"phase": "Running", "revision": 1}))
        self.operations(at, uid, absent, ("add", "/status", {"phase": "Failed", "revision": 1}), status=422)
        self.operations(at, ("test", "/status/revision", 1), ("add", "/status", {"phase": "Running", "revision": 1}))
        self.operations(at, ("test", "/status/revision", 1), ("add", "/status", {"phase": "Succeeded", "revision": 2}))
        self.operations(at, ("test", "/status/revision", 1), ("add", "/status", {"phase": "Failed", "revision": 2}), status=422)
        self.operations(at, ("add", "/spec/suspend", True), ("add", "/metadata/labels/w", "1"))
        self.alike("PATCH", at, {"status": {"progress": "1/1"}}, MERGE, 200)
        self.operations(f"{INVOCATIONS}/nobody/status", absent, status=404)
        self.create(WORKSPACES, "default", apiVersion="lepton.dev/v1alpha1", kind="Workspace", spec={"credentialsSecretRef": {"name": "x"}})
        self.operations(f"{WORKSPACES}/default/status", absent, ("add", "/status", {"workspaceName": "w", "revision": 1}))

    def deletions(self):
        one, at = "lepton.dev/cleanup", f"{INVOCATIONS}/b"
        self.invocation("b")
        self.operations(at, ("test", "/metadata/finalizers", None), ("add", "/metadata/finalizers", [one]))
        self.operations(at, ("test", "/metadata/finalizers", None), ("add", "/metadata/finalizers", ["x/y"]), status=422)
        self.operations(at, ("test", "/metadata/finalizers", [one]), ("add", "/metadata/finalizers/-", "x/y"))
        self.delete_if(at, 409, uid="another")
        self.delete_if(at, 409, uid="{uid:b}", resourceVersion="{first:b}")
        self.assertTrue(self.delete_if(at, 200, uid="{uid:b}", resourceVersion="{version:b}")["deleting"])
        self.alike("DELETE", at, status=200)
        self.operations(at, ("add", "/metadata/finalizers/-", "z/z"), status=422)
        self.operations(f"{at}/status", ("test", "/metadata/deletionTimestamp", None), ("add", "/status", {"phase": "Running"}), status=422)
        self.operations(f"{at}/status", ("add", "/status", {"phase": "Deleting", "revision": 1}))
        self.operations(at, ("test", "/metadata/finalizers/0", "x/y"), ("remove", "/metadata/finalizers/0"), status=422)
        self.operations(at, ("test", "/metadata/finalizers/1", "x/y"), ("remove", "/metadata/finalizers/1"))
        self.operations(at, ("test", "/metadata/finalizers/0", one), ("remove", "/metadata/finalizers/0"))
        self.alike("GET", at, status=404)
        self.alike("DELETE", at, status=404)
        self.invocation("b")  # made anew, with another UID
        self.alike("DELETE", at, status=200)
        self.alike("GET", at, status=404)

    def lists(self):
        for name in ("c", "d", "e"):
            self.invocation(name)
        self.alike("GET", INVOCATIONS, status=200)
        first = [side.ask("GET", INVOCATIONS, {"limit": "2"}, "", None) for side in (self.real, self.fake)]
        self.assertEqual(first[0][:2], first[1][:2])
        self.assertTrue(first[0][1]["more"])
        rest = [side.ask("GET", INVOCATIONS, {"limit": "2", "continue": answer[2]["metadata"]["continue"]}, "", None)
                for side, answer in zip((self.real, self.fake), first)]
        self.assertEqual(rest[0][:2], rest[1][:2])
        self.assertFalse(rest[0][1]["more"])
        self.assertEqual(self.alike("GET", "/apis/lepton.dev/v1alpha1/invocations", status=200)["items"][0]["name"], "a")
        self.assertEqual(len(self.alike("GET", "/api/v1/namespaces", fieldSelector=f"metadata.name={NAMESPACE}", status=200)["items"]), 1)

    def secrets(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}
        self.create(SECRETS, "keys", **secret, data={"a": "dmFsdWU=", "b": "dmFsdWU="})
        self.create(SECRETS, "keys", 409, **secret)
        self.assertEqual(self.alike("PATCH", f"{SECRETS}/keys", {"data": {"a": None, "c": "eA=="}}, MERGE, 200)["data"], {"b": "dmFsdWU=", "c": "eA=="})
        self.alike("PATCH", f"{SECRETS}/keys", {"metadata": {"resourceVersion": "{first:keys}"}, "data": {"b": None}}, MERGE, 409)
        self.alike("PATCH", f"{SECRETS}/none", {"data": {"b": None}}, MERGE, 404)
        self.alike("GET", f"{SECRETS}/keys", status=200)
        self.alike("DELETE", f"{SECRETS}/keys", status=200)
        self.alike("GET", f"{SECRETS}/keys", status=404)

    def leases(self):
        def lease(version, holder):
            about = {"name": "lead", "namespace": NAMESPACE, **({"resourceVersion": version} if version else {})}
            return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": about, "spec": {"holderIdentity": holder}}

        self.alike("PUT", f"{LEASES}/lead", lease(None, "x"), status=201)  # made, though it is not there
        self.alike("POST", LEASES, lease(None, "y"), status=409)
        self.alike("PUT", f"{LEASES}/lead", lease("{version:lead}", "y"), status=200)
        self.alike("PUT", f"{LEASES}/lead", lease("{first:lead}", "x"), status=409)
        self.alike("PUT", f"{LEASES}/lead", lease("{version:lead}", "y"), status=200)
        self.assertEqual(self.alike("GET", f"{LEASES}/lead", status=200)["holder"], "y")

    def watches(self, begin):
        events = {}
        for name, side in (("real", self.real), ("fake", self.fake)):
            query = {"watch": "true", "timeoutSeconds": "1", "resourceVersion": begin[name]}
            status, seen = side.ask("GET", INVOCATIONS, query, "", None)
            self.assertEqual(status, 200)
            events[name] = [(kind, {k: v for k, v in shown.items() if k != "version"}) for kind, shown in seen]
        self.assertEqual(events["real"], events["fake"])
        self.assertEqual([kind for kind, _ in events["real"]].count("DELETED"), 2)
        self.assertGreater(len(events["real"]), 20)
        self.fake.server.say({"compact": True})
        query = {"watch": "true", "timeoutSeconds": "1", "resourceVersion": "1"}
        ends = [side.ask("GET", INVOCATIONS, query, "", None) for side in (self.real, self.fake)]
        self.assertEqual(ends[0], ends[1])
        self.assertEqual((ends[0][1][0][0], ends[0][1][0][1]["code"]), ("ERROR", 410))


if __name__ == "__main__":
    harness.main()
