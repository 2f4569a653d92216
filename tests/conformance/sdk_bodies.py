"""Runs in leptonai's own environment: is each body one that the SDK itself would send?

Reads lists of {method, path, body} from stdin, paths below the workspace. A body is parsed into the type that the SDK has for that call,
checked as the SDK checks it before sending, and serialized as the SDK serializes it (`safe_json`). What comes out must be the body again,
member by member: a field that the SDK does not know, a value that it would turn into another, or one that it would add, is a finding.
Prints for each list the findings and how often each call was seen, as JSON.
"""
import json
import re
import sys

from leptonai.api.v2 import translation
from leptonai.api.v2.api_resource import APIResourse
from leptonai.api.v2.deployment import normalize_endpoint_authentication_payload
from leptonai.api.v2.job_validation import validate_job_create
from leptonai.api.v2.types.deployment import LeptonDeployment
from leptonai.api.v2.types.job import LeptonJob
from leptonai.api.v2.types.secret import SecretItem


def secrets(body):
    return [SecretItem.model_validate(item) for item in body]


def job(body):
    parsed = LeptonJob.model_validate(body)
    validate_job_create(parsed)
    return parsed


def components(body):
    """An endpoint in the form of /endpoints, for which the SDK has no type of its own: read, checked and written again by its translation."""
    legacy = translation.http_endpoint_to_legacy({"metadata": {"name": "of-the-path"}, **body})  # a PATCH does not name its endpoint
    sent = normalize_endpoint_authentication_payload(APIResourse.safe_json(None, LeptonDeployment.model_validate(legacy)))
    again = translation.legacy_to_http_endpoint(json.loads(json.dumps(sent)))
    return {part: again[part] for part in body}


CALLS = {  # the calls of ours that have a body: name, method, path, what the SDK makes of it
    "create endpoint": ("POST", r"/deployments", LeptonDeployment.model_validate),
    "scale endpoint": ("PATCH", r"/deployments/[^/]+", LeptonDeployment.model_validate),
    "create components": ("POST", r"/endpoints", components),
    "replace components": ("PATCH", r"/endpoints/[^/]+", components),
    "create job": ("POST", r"/jobs", job),
    "create secrets": ("POST", r"/usersecrets", secrets),
}


def kind(value):
    return "number" if type(value) in (int, float) else type(value).__name__  # JSON has one kind of number


def differences(ours, theirs, at):
    if kind(ours) != kind(theirs):
        return [f"{at}: {ours!r} here, {theirs!r} as the SDK has it"]
    if isinstance(ours, dict):
        return [f for key in sorted(ours.keys() | theirs.keys())
                for f in ([f"{at}.{key}: unknown to the SDK"] if key not in theirs else [f"{at}.{key}: not here, the SDK adds {theirs[key]!r}"]
                          if key not in ours else differences(ours[key], theirs[key], f"{at}.{key}"))]
    if isinstance(ours, list) and len(ours) == len(theirs):
        return [f for i, pair in enumerate(zip(ours, theirs)) for f in differences(*pair, f"{at}[{i}]")]
    return [] if ours == theirs else [f"{at}: {ours!r} here, {theirs!r} as the SDK has it"]


def check(request):
    """(the call's name, findings)"""
    for name, (method, path, parse) in CALLS.items():
        if method == request["method"] and re.fullmatch(path, request["path"]):
            try:
                parsed = parse(request["body"])
            except ValueError as error:  # pydantic's ValidationError is one
                return name, [f"{name}: refused by the SDK: {error}"]
            sdk = parsed if isinstance(parsed, dict) else json.loads(json.dumps(APIResourse.safe_json(None, parsed)))
            return name, differences(request["body"], sdk, name)
    return None, [f"{request['method']} {request['path']}: a body for which this test has no type"]


def judged(requests):
    seen, findings = {}, []
    for request in requests:
        name, found = check(request)
        seen[name] = seen.get(name, 0) + 1
        findings += [f"{finding} [{json.dumps(request['body'])[:2000]}]" for finding in found]
    return {"seen": seen, "findings": findings}


if __name__ == "__main__":
    json.dump([judged(requests) for requests in json.load(sys.stdin)], sys.stdout)
