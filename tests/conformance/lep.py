"""`lep` of PyPI against lepton-sim, command by command, each held to a row of a table.

    class Endpoints(Lep):
        VERSION = "0.47.1"
        def test_rows(self):
            self.lep("endpoint remove", "-n full", says=["deleted successfully"], wire=["GET /workspace", "DELETE /deployments/full"])

For each command: its exit code, what it prints, and exactly the requests that the simulator received for it, in order: method, path, query
and body, all fields. A request is written "METHOD PATH[?QUERY]", with " -> STATUS" when it is not answered by 2xx, and as a pair with its body
when it has one; bounds in nanoseconds are written NS. `$name` stands for the id of the newest job of that name. Whatever is printed may not hold a sign that the client did not
understand an answer: an item skipped, an unknown enum value, a traceback.

Time is the simulator's and driven: its delays are an hour each, and pass when a test says so.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "simulator"))

from harness import DIRECTORY, TOKEN, WORKSPACE, World  # noqa: E402,F401
from venv import CannotRun, locked, run, venv  # noqa: E402,F401

BASE = f"/api/v2/workspaces/{WORKSPACE}"
NOT_UNDERSTOOD = ["lepton-error", "UNK", "programming error", "Traceback", "Unexpected error", "Unknown"]
STILL = ["--ready-delay", "1h", "--start-delay", "1h", "--run-delay", "1h", "--delete-delay", "1h"]


def ask(sim, method, path, body=None):
    """As somebody else would: not by `lep`, and in no row. The answer, if it is JSON."""
    request = urllib.request.Request(sim.url + path, data=None if body is None else json.dumps(body).encode(), method=method,
                                     headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
        text = reply.read()
    return json.loads(text) if text.strip() else None


class Server:
    """The fork server of one version (lep_server.py)."""

    def __init__(self, version):
        python = venv(f"leptonai-{version}", locked(f"leptonai-{version}"))
        self.popen = subprocess.Popen([str(python), str(HERE / "lep_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def start(self, command):
        self.popen.stdin.write(json.dumps(command) + "\n")
        self.popen.stdin.flush()
        return self._answer()["code"]

    def _answer(self):
        line = self.popen.stdout.readline()
        if not line:
            raise AssertionError("the server of `lep` ended")
        return json.loads(line)

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(30)
        self.popen.stdout.close()


def shown(request):
    """A logged request as a row writes it, and its body."""
    path = "/" if request["path"] == BASE else request["path"]
    query = "&".join(f"{name}={value}" for name, values in sorted(request["query"].items()) for value in values)
    query = re.sub(r"\b(start|end)=\d{19}\b", r"\1=NS", query)  # the clock's
    status = request["status"]
    text = f"{request['method']} {path}" + (f"?{query}" if query else "") + ("" if 200 <= status < 300 else f" -> {status}")
    return text, request.get("body")


class Lep(unittest.TestCase):
    VERSION = None
    FLAGS = STILL
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.VERSION)
        cls.addClassCleanup(cls.server.close)
        cls.distinct = set()

    def setUp(self):
        self.world = World(*self.FLAGS)
        self.addCleanup(self.world.close)
        self.sim, self.folder = self.world.simulator, self.world.folder
        self.home = self.folder / "home"
        self.cache = self.home / ".cache" / "lepton"
        self.cache.mkdir(parents=True)
        # `lep` asks PyPI for a newer version once a day, and keeps here when it did.
        (self.cache / "latest_version_check").write_text(str(time.time()))
        self.ids, self.seen = {}, 0
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1",
                            "COLUMNS": "300", "NO_PROXY": "*", "TZ": "UTC"}

    # --- the simulator's side

    def passes(self, by="61m"):
        self.sim.call("advance", {"by": by})

    def requests(self):
        """Those since the last call."""
        log = self.sim.call("requests")
        fresh, self.seen = log[self.seen:], len(log)
        return fresh

    def post(self, path, body):
        return ask(self.sim, "POST", path, body)

    def learn_replica(self, path):
        """Its first one is `$replica` from here on."""
        self.ids["replica"] = ask(self.sim, "GET", path + "/replicas")[0]["metadata"]["id"]

    # --- a row

    def filled(self, value):
        if isinstance(value, str):
            return re.sub(r"\$(\w+)", lambda m: self.ids.get(m[1], m[0]), value)
        if isinstance(value, tuple):
            return tuple(self.filled(each) for each in value)
        return value

    def start(self, words, hurry=False, **environment):
        """Runs `lep WORDS`; its exit code and all that it printed, with runs of blanks as one."""
        out, error = self.folder / "out", self.folder / "error"
        code = self.server.start({"argv": words, "env": {**self.environment, **environment}, "cwd": str(self.folder), "out": str(out),
                                  "err": str(error), "in": os.devnull, "hurry": hurry})
        text = out.read_text(errors="replace") + error.read_text(errors="replace")
        return code, re.sub(r"\s+", " ", text)

    def lep(self, verb, options="", *, code=0, says=(), silent=(), wire=(), hurry=False, **environment):
        words = [*verb.split(), *shlex.split(self.filled(options))]
        self.requests()
        ended, text = self.start(words, hurry, **environment)
        with self.subTest("lep " + " ".join(words).replace(TOKEN, "TOKEN")):
            self.assertEqual(ended, code, text)
            for sentence in says:
                self.assertRegex(text, self.filled(sentence) if isinstance(sentence, str) else sentence)
            for sign in [*NOT_UNDERSTOOD, *silent]:
                self.assertNotIn(sign, text)
            received = [shown(each) for each in self.requests()]
            expected = [(self.filled(each), None) if isinstance(each, str) else self.filled(each) for each in wire]
            self.assertEqual(received, expected)
            type(self).distinct.add((verb, *sorted({word for word in words if word.startswith("-")})))
        made = re.search(r"Name: (\S+) ID: (\S+)", text)
        if made:
            self.ids[made[1]] = made[2]
        return text

    def logged_in(self):
        """As after login(): the file that it writes."""
        mine = {"id": WORKSPACE, "url": self.sim.url, "auth_token": TOKEN, "display_name": "a workspace", "token_expires_at": 4_070_908_800_000}
        self.cache.joinpath("workspace_info.yaml").write_text(json.dumps({"current_workspace": WORKSPACE, "workspaces": {WORKSPACE: mine}}))

    def login(self, **more):
        self.lep("login", f"-c {WORKSPACE}:{TOKEN} -u {self.sim.url}", says=[rf"Workspace: {WORKSPACE} "], wire=self.LOGIN, **more)


def main(*cases, at_least):
    """Runs the cases' tests; says how many distinct sets of verb and options they held to the contract, which must not get fewer."""
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    skipped = [reason for _, reason in result.errors if "CannotRun" in reason]
    if skipped:
        raise CannotRun(skipped[0].strip().splitlines()[-1].split("CannotRun: ")[-1])
    distinct = {(case.VERSION, *each) for case in cases for each in getattr(case, "distinct", ())}
    print(f"{len(distinct)} distinct sets of verb and options, of lep {', '.join(sorted({case.VERSION for case in cases}))}")
    if len(distinct) < at_least:
        print(f"at least {at_least} are expected")
        return 1
    return 0 if result.wasSuccessful() else 1
