"""The API server's own account of who asked what (audit-policy.yaml)."""
import collections
import json
from datetime import datetime

WRITES = ("create", "update", "patch", "delete", "deletecollection")
Request = collections.namedtuple("Request", "verb group resource namespace name status begin end allowed")


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def requests(file, user):
    """What `user` asked, once each, in the order of the log. `resource` has its subresource after a slash; of other paths it is the path.

    `allowed` is what the authorizer said: admission answers 403, too, e.g. for an event in a namespace that is going."""
    found = []
    for line in file.read_text().splitlines():
        if user not in line:
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # cut by the kill of a server
            continue
        if entry["user"]["username"] != user or entry["stage"] == "ResponseStarted" and entry["verb"] != "watch":
            continue
        if entry["verb"] == "watch" and entry["stage"] == "ResponseComplete" and entry["responseStatus"]["code"] == 200:
            continue  # counted when it began: of a killed server there is no end
        what = entry.get("objectRef", {})
        resource = "/".join(filter(None, [what.get("resource"), what.get("subresource")])) or entry["requestURI"].split("?")[0]
        found.append(Request(entry["verb"], what.get("apiGroup", ""), resource, what.get("namespace", ""), what.get("name", ""),
                             entry.get("responseStatus", {}).get("code", 0), seconds(entry["requestReceivedTimestamp"]),
                             seconds(entry["stageTimestamp"]), entry.get("annotations", {}).get("authorization.k8s.io/decision") != "forbid"))
    return found
