#!/usr/bin/env python3
"""The example controller: what the README shows is what is compiled, it is short, and it does its work on a server that this test plays.

    example_controller_test.py EXECUTABLE ROOT
"""
import http.server
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

EXECUTABLE, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
SOURCE = (ROOT / "examples/controller/main.cc").read_text(encoding="utf-8")


def config_map(version, annotations):
    return {"metadata": {"namespace": "shop", "name": "cart", "resourceVersion": version, "labels": {"team": "red"},
                         "annotations": annotations}}


class ApiServer(http.server.ThreadingHTTPServer):
    """One ConfigMap, a watch that stays open, and patches that change it and show in the watch."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = queue.Queue()
        self.events = queue.Queue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if "watch=true" not in self.path:
            self.server.requests.put(("LIST", self.path))
            return self.answer({"kind": "ConfigMapList", "metadata": {"resourceVersion": "5"}, "items": [config_map("4", {})]})
        self.server.requests.put(("WATCH", self.path))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            line = json.dumps(self.server.events.get()).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()

    def do_PATCH(self):
        patch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        changed = config_map("6", patch["metadata"]["annotations"])
        self.answer(changed)
        self.server.events.put({"type": "MODIFIED", "object": changed})
        # Told last, so that what the test lets happen next comes behind this event in the watch.
        self.server.requests.put(("PATCH", self.path, self.headers["Content-Type"], self.headers["Authorization"], patch))

    def log_message(self, *_):
        pass


class Example(unittest.TestCase):
    def test_readme_shows_exactly_the_file_that_is_compiled(self):
        readme = (ROOT / "controller/kube/README.md").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"```cpp\n(// Copies the label.*?)```", readme, re.DOTALL), [SOURCE])

    def test_is_at_most_forty_lines(self):
        self.assertLessEqual(len(SOURCE.splitlines()), 40)
        self.assertLessEqual(max(map(len, SOURCE.splitlines())), 140)

    def test_copies_the_label_once_and_ends_on_sigterm(self):
        server = ApiServer()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory() as directory:
            kubeconfig = pathlib.Path(directory) / "config"
            kubeconfig.write_text(json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "test", "user": {"token": "of-this-test"}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}), encoding="utf-8")
            environment = {k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_SERVICE")}
            controller = subprocess.Popen([EXECUTABLE], env=environment | {"KUBECONFIG": str(kubeconfig)})
            try:
                seen = {}
                while not {"LIST", "WATCH", "PATCH"} <= seen.keys():
                    request = server.requests.get(timeout=20)
                    self.assertNotIn(request[0], seen, "asked for the same twice")
                    seen[request[0]] = request
                self.assertIn("labelSelector=team", seen["LIST"][1])
                self.assertIn("resourceVersion=5", seen["WATCH"][1])
                self.assertEqual(seen["PATCH"][1:], ("/api/v1/namespaces/shop/configmaps/cart", "application/merge-patch+json",
                                                     "Bearer of-this-test", {"metadata": {"annotations": {"team": "red"}}}))
                # The next patch can only come from the next change: the one of our own write causes none.
                server.events.put({"type": "MODIFIED", "object": config_map("9", {"team": "blue"})})
                self.assertEqual(server.requests.get(timeout=20)[0], "PATCH")
                self.assertTrue(server.requests.empty())
                controller.send_signal(signal.SIGTERM)
                self.assertEqual(controller.wait(timeout=10), 0)
            finally:
                controller.kill()
                controller.wait()
                server.shutdown()

    def test_says_in_one_line_why_it_cannot_start(self):
        with tempfile.TemporaryDirectory() as directory:
            environment = {k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_SERVICE")}
            missing = str(pathlib.Path(directory) / "none")
            ended = subprocess.run([EXECUTABLE], env=environment | {"KUBECONFIG": missing}, capture_output=True, text=True, timeout=20)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(len(ended.stderr.splitlines()), 1)
        self.assertIn("level=error", ended.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
