#!/usr/bin/env python3
"""Checks that includes point only where the design's arrows do: app -> reconcile, store, metrics -> kube, lepton, invocation -> base;
cli stands beside app and sees all but metrics.

    check_includes.py ROOT              prints each violation with file and line; exit code 1 if there is any
    check_includes.py --self-test ROOT  first plants one violation of each rule in a copy, and fails if one is not caught
"""
import pathlib
import re
import sys
import tempfile

# Folder -> folders whose headers it may include, besides its own.
ARROWS = {
    "base": set(),
    "kube": {"base"},
    "lepton": {"base"},
    "invocation": {"base", "lepton"},
    "store": {"base", "kube", "lepton", "invocation"},
    "reconcile": {"base", "kube", "lepton", "invocation", "store"},
    "metrics": {"base", "kube", "lepton", "invocation"},
    "app": {"base", "kube", "lepton", "invocation", "store", "reconcile", "metrics"},
    "main": {"app", "base"},
    "cli": {"app", "base", "kube", "lepton", "invocation", "store", "reconcile"},
    "simulator": {"base"},
}

# The domain has no I/O, no clock and no threads: these are all that it may see of others.
INVOCATION_HEADERS = {
    "lepton/types.h", "lepton/view.h", "lepton/codec.h",
    "base/hash.h", "base/json.h", "base/result.h", "base/shared_json.h", "base/strings.h", "base/time.h", "base/yaml.h",
}
NOT_IN_INVOCATION = re.compile(
    r"(atomic|barrier|condition_variable|csignal|cstdio|ctime|filesystem|fstream|future|iostream|latch|mutex|random|semaphore|shared_mutex"
    r"|stdio\.h|stop_token|thread|time\.h|unistd\.h|(cpprest|pplx|boost/asio|boost/beast|spdlog|yaml-cpp|openssl|prometheus|sys)/.*"
    r"|boost/asio\.hpp)")

# Heavy headers stay in sources; base has private headers around its adaptors.
HEAVY = re.compile(r"(cpprest/(http_client|http_listener)\.h|yaml-cpp/.*|spdlog/.*|boost/asio\.hpp|CLI/.*|CivetServer\.h)")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path, root):
    parts = path.relative_to(root).parts
    if parts[0] in ("simulator", "cli"):
        return parts[0]
    return parts[1] if len(parts) > 2 else "main"


def complaint(folder, path, quoted, header):
    """What is wrong with one include, or None."""
    if HEAVY.fullmatch(header) and path.suffix == ".h" and folder != "base":
        return f"a header may not include {header}: it belongs into a source"
    if folder == "invocation" and NOT_IN_INVOCATION.fullmatch(header):
        return f"invocation may not include {header}: the domain has no I/O, no clock and no threads"
    if not quoted or "/" not in header:
        return None
    target = header.split("/")[0]
    if target == folder or (target not in ARROWS and folder in ("simulator", "app")):
        return None
    if target not in ARROWS[folder]:
        return f"{folder} may not include {header}: arrows point to {', '.join(sorted(ARROWS[folder])) or 'nothing'}"
    if folder == "invocation" and header not in INVOCATION_HEADERS:
        return f"invocation may not include {header}: of other folders only {', '.join(sorted(INVOCATION_HEADERS))}"
    return None


def violations(root):
    found = []
    for top in ("controller", "simulator", "cli"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            folder = folder_of(path, root)
            if folder not in ARROWS:
                found.append(f"{path.relative_to(root)}: unknown folder; say in tests/check_includes.py what it may include")
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                wrong = match and complaint(folder, path, match[1] == '"', match[2])
                if wrong:
                    found.append(f"{path.relative_to(root)}:{number}: {wrong}")
    return found


PLANTED = [  # file, include, whether it is a violation
    ("controller/base/planted.h", '"lepton/types.h"', True),
    ("controller/kube/planted.h", '"lepton/types.h"', True),
    ("controller/lepton/planted.h", '"kube/work_queue.h"', True),
    ("controller/lepton/planted.h", '"invocation/object.h"', True),
    ("controller/invocation/planted.h", '"lepton/client.h"', True),
    ("controller/invocation/planted.h", '"lepton/view.h"', False),
    ("controller/invocation/planted.cc", '"base/clock.h"', True),
    ("controller/invocation/planted.cc", '"base/http.h"', True),
    ("controller/invocation/planted.cc", '"base/json.h"', False),
    ("controller/invocation/planted.cc", "<thread>", True),
    ("controller/invocation/planted.cc", "<mutex>", True),
    ("controller/invocation/planted.cc", "<fstream>", True),
    ("controller/invocation/planted.cc", "<iostream>", True),
    ("controller/invocation/planted.cc", "<cpprest/json.h>", True),
    ("controller/invocation/planted.cc", "<boost/asio/awaitable.hpp>", True),
    ("controller/invocation/planted.cc", "<map>", False),
    ("controller/store/planted.h", '"metrics/metrics.h"', True),
    ("controller/store/planted.h", '"reconcile/operator.h"', True),
    ("controller/reconcile/planted.h", '"metrics/metrics.h"', True),
    ("controller/reconcile/planted.h", '"store/object_store.h"', False),
    ("controller/metrics/planted.h", '"store/object_store.h"', True),
    ("controller/app/planted.h", '"metrics/metrics.h"', False),
    ("controller/app/planted.h", "<CLI/CLI.hpp>", True),
    ("controller/main.cc", '"reconcile/operator.h"', True),
    ("controller/app/planted.h", '"cli/verb.h"', True),
    ("cli/planted.h", '"metrics/metrics.h"', True),
    ("cli/planted.h", '"store/object_store.h"', False),
    ("cli/planted.h", "<CLI/CLI.hpp>", True),
    ("simulator/core/planted.h", '"lepton/types.h"', True),
    ("simulator/core/planted.h", '"base/json.h"', False),
    ("simulator/core/planted.h", '"core/world.h"', False),
]


def self_test():
    for file, include, expected in PLANTED:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / file
            path.parent.mkdir(parents=True)
            path.write_text(f"// planted\n  #  include {include}  // planted\n", encoding="utf-8")
            found = violations(pathlib.Path(directory))
            if expected != (len(found) == 1 and found[0].startswith(f"{file}:2: ")):
                sys.exit(f"check_includes: self-test: #include {include} in {file}: {'not caught' if expected else found}")


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        self_test()
        arguments = arguments[1:]
    if len(arguments) != 1:
        sys.exit(__doc__)
    root = pathlib.Path(arguments[0])
    if not (root / "controller" / "base").is_dir():
        sys.exit(f"check_includes: {root} is not the repository")
    found = violations(root)
    print("\n".join(found) if found else "check_includes: all includes follow the arrows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
