"""Pieces of OpenAPI schema that generate.py builds from."""

ENV_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
ENV_NAME_SENTENCE = ("must be a variable's name: letters, digits and _, not beginning with a digit, LEPTON_ or LEPTONOP_, and not one that the "
                     "operator sets")
OBJECT_NAME = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
OBJECT_NAME_SENTENCE = "must be a name as Kubernetes takes it: lower-case letters, digits, - and ., at most 253"

# One part of a path: not empty, "." or "..", and without what could end a line.
_PART = r"(\\.{0,2}[^/.\\x00-\\x1f\\x7f][^/\\x00-\\x1f\\x7f]*|\\.{3,}[^/\\x00-\\x1f\\x7f]*)"
ABSOLUTE_PATH = f"^(/{_PART})+/?$"
RELATIVE_PATH = f"^{_PART}(/{_PART})*/?$"
ENDPOINT_TYPE_SENTENCE = "must be an endpoint type, e.g. chat, completions, embedding, ranking or vlm"
ABSOLUTE_PATH_SENTENCE = "must be an absolute path without empty, . or .. parts, e.g. /shared/data"
MOUNT_PATH_SENTENCE = ("must be an absolute path in the container, without empty, . or .. parts, and no directory of the system, e.g. "
                       "/workspace")
_SYSTEM = "bin|boot|dev|etc|lib|lib64|media|opt|proc|root|run|sbin|srv|sys|tmp|usr|usr/bin|usr/lib|usr/local|usr/sbin|var|var/lib|var/log|var/run"
_DURATION = r"^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h)(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h))*$"


def rule(expression, message, field_path=None):
    return {"rule": expression, "message": message, **({"fieldPath": field_path} if field_path else {})}


def text(description, most, *rules, least=1, pattern=None):
    return {"type": "string", "description": description, **({"minLength": least} if least else {}), "maxLength": most,
            **({"pattern": pattern} if pattern else {}), **({"x-kubernetes-validations": list(rules)} if rules else {})}


def whole(description, least, most):
    return {"type": "integer", "format": "int32", "description": description, "minimum": least, "maximum": most}


def number(description, least):
    """A rule, since the schema's own `minimum: 0.1` takes an integral 0."""
    return {"type": "number", "description": description,
            "x-kubernetes-validations": [rule(f"self >= {float(least)}", f"must be a number, at least {least}")]}


def choice(description, *values):
    return {"type": "string", "description": description, "enum": list(values)}


def moment(description):
    return {"type": "string", "format": "date-time", "description": description}


def timeout(description):
    return text(description, 32, rule(f"self.matches('{_DURATION}')", "must be a duration such as 20m, 90s or 1h30m"),
                rule(f"!self.matches('{_DURATION}') || duration(self) >= duration('1s')", "must be at least 1s"))


def seconds(description):
    """A duration, or a whole number of seconds."""
    return {"x-kubernetes-int-or-string": True, "description": description, "minimum": 0,
            "pattern": "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h)(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h))*$|^0$"}


def path(description):
    return text(description, 1024, rule(f"self.matches('{ABSOLUTE_PATH}')", ABSOLUTE_PATH_SENTENCE))


def mount_path(description):
    return text(description, 1024, rule(f"self.matches('{ABSOLUTE_PATH}') && !self.matches('^/({_SYSTEM})/?$')", MOUNT_PATH_SENTENCE))


def object_name(description):
    return text(description, 253, rule(f"self.matches('{OBJECT_NAME}')", OBJECT_NAME_SENTENCE))


def endpoint_type(description):
    return text(description, 63, rule("self.matches('^[a-z][-a-z0-9_]*$')", ENDPOINT_TYPE_SENTENCE))


def listed(description, item, most):
    return {"type": "array", "description": description, "maxItems": most, "x-kubernetes-list-type": "atomic", "items": item}


def mapping(description, value, most):
    return {"type": "object", "description": description, "maxProperties": most, "additionalProperties": value}


def free_object(description):
    return {"type": "object", "description": description, "x-kubernetes-preserve-unknown-fields": True}


def secret_key():
    """In a pattern, not in CEL: there may be very many."""
    return {"type": "object", "description": "A key of a Kubernetes Secret of the same namespace. It is carried as a Lepton secret that the operator makes "
                                             "and removes.",
            "required": ["name", "key"], "properties": {"name": text("Name of the Secret.", 253, pattern=OBJECT_NAME),
                                                        "key": text("Key of the Secret's data.", 253, pattern="^[-A-Za-z0-9_.]+$")}}


def envs(description, most, jobs):
    ours = " && self != 'EVAL_OUTPUT_DIR'" if jobs else ""
    value_from = {"type": "object", "description": "Where the value comes from.",
                  "properties": {"leptonSecret": text("Name of a secret in the Lepton workspace (dashboard, Secrets).", 253), "secretKeyRef": secret_key()},
                  "x-kubernetes-validations": [rule("has(self.leptonSecret) != has(self.secretKeyRef)",
                                                    "needs exactly one of leptonSecret and secretKeyRef")]}
    item = {"type": "object", "description": "A variable: a value, or where it comes from.", "required": ["name"], "properties": {
        "name": text("Name of the variable.", 128,
                     rule(f"self.matches('{ENV_NAME}') && !self.startsWith('LEPTON_') && !self.startsWith('LEPTONOP_'){ours}", ENV_NAME_SENTENCE)),
        "value": text("The value as it stands. Not for what is secret.", 65536, least=0), "valueFrom": value_from},
        "x-kubernetes-validations": [rule("has(self.value) != has(self.valueFrom)", "needs exactly one of value and valueFrom")]}
    return {"type": "array", "description": description, "maxItems": most, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": item}


def conditions(description):
    item = {"type": "object", "description": "One aspect of the object's state.", "required": ["type", "status"], "properties": {
        "type": {"type": "string", "description": "Which aspect."}, "status": choice("True, False or Unknown.", "True", "False", "Unknown"),
        "reason": {"type": "string", "description": "Why, in a word."}, "message": {"type": "string", "description": "Why, in a sentence."},
        "lastTransitionTime": moment("When the status changed last."),
        "observedGeneration": {"type": "integer", "format": "int64", "description": "metadata.generation that this belongs to."}}}
    return {"type": "array", "description": description, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"], "items": item}
