"""Runs inside a virtual environment: parses answers of lepton-sim with the SDK's own types, more strictly than the SDK does.

stdin: {"package": "leptonai.api.v2.types", "answers": [{"path": ..., "type": "module.Class", "value": {...}}], "ignored": [member paths]};
stdout: the problems, a JSON list of sentences. A problem is what the type refuses, an enum value that it does not know (the SDK reads those as
UNK, silently), and a member that it does not have (the SDK drops those, silently: what we serve would be in no contract).
"""
import enum
import importlib
import json
import sys

from pydantic import BaseModel


def unknown_values(value, at):
    """Enum members that stand for "I do not know this"."""
    if isinstance(value, enum.Enum) and value.name == "Unknown":
        yield f"{at}: an enum value that the SDK does not know"
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from unknown_values(getattr(value, name), f"{at}.{name}")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from unknown_values(each, f"{at}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from unknown_values(each, f"{at}[]")


def dropped_members(sent, kept, at):
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, each in sent.items():
            if name in kept:
                yield from dropped_members(each, kept[name], f"{at}.{name}")
            else:
                yield f"{at}.{name}"
    elif isinstance(sent, list) and isinstance(kept, list):
        for one, other in zip(sent, kept):
            yield from dropped_members(one, other, f"{at}[]")


def problems(package, answer, ignored):
    module, name = answer["type"].rsplit(".", 1)
    wanted = getattr(importlib.import_module(f"{package}.{module}"), name)
    sent, where = answer["value"], f"{answer['path']}: {name}"
    try:
        model = wanted.model_validate(sent)
    except ValueError as error:
        return [f"{where}: {error}"]
    kept = model.model_dump(by_alias=True, exclude_unset=True, mode="json")
    found = list(unknown_values(model, where))
    found += [f"{where}{at}: a member that the SDK does not have" for at in dropped_members(sent, kept, "") if at not in ignored]
    return found


def main():
    asked = json.load(sys.stdin)
    found = [each for answer in asked["answers"] for each in problems(asked["package"], answer, asked["ignored"])]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
