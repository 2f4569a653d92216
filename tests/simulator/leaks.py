"""The search for secrets in what was written."""
import base64
import json
import urllib.parse


def forms(secret):
    """How a value may stand in a text: as it is, in JSON, in a URL, and in Base64 at each of three offsets (less what its neighbours decide)."""
    raw = secret.encode()
    found = {secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret, safe="").lower(), urllib.parse.quote(secret)}
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        digits = digits[-(-8 * before // 6):8 * (before + len(raw)) // 6]
        found |= {digits, digits.replace("+", "-").replace("/", "_")}
    return found


def texts(value):
    """Every string of a parsed document, names included, one a line."""
    if isinstance(value, dict):
        return "\n".join(f"{name}\n{texts(member)}" for name, member in value.items())
    if isinstance(value, list):
        return "\n".join(map(texts, value))
    return str(value)


def hits(places, secrets):
    """(secret, place) for each that is found; places are texts by where they were."""
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    return sorted({(name, place) for place, seen in places.items() for text in seen for name, known in wanted.items()
                   if any(form in text for form in known)})
