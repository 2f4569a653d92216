"""TLS and proxies with the operator's own binary: whom it trusts, what it says when it does not, and that it tells nobody the token then."""
import base64
import re

import at_once
import yaml
from harness import TOKEN, WORKSPACE, Case, existing
from wires import Authority, ConnectProxy, TlsListener

PASSWORD = "proxy/Pass+word-7Q"
QUOTED = "proxy%2FPass%2Bword-7Q"


class Tls(Case):
    def setUp(self):
        self.sim = self.world("--run-delay", "300ms", "--start-delay", "50ms")
        self.authority = Authority(self.sim.folder)
        self.port = int(re.search(r":(\d+)/", self.sim.simulator.url)[1])

    def listener(self, alternatives, days=2, authority=None):
        listener = TlsListener(self.port, *(authority or self.authority).issue("server", alternatives, days))
        self.addCleanup(listener.close)
        return listener

    def proxy(self, table, *credentials):
        proxy = ConnectProxy(table, *credentials)
        self.addCleanup(proxy.close)
        return proxy

    def start(self, authority, *flags, ca=None, **environment):
        """An operator whose Workspace object has this host and port."""
        url = f"https://{authority}/api/v2/workspaces/{WORKSPACE}"
        workspace = {"apiVersion": "lepton.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": "default"},
                     "spec": {"credentialsSecretRef": {"name": "lepton"}, "url": url}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lepton"}, "stringData": {"workspaceId": WORKSPACE, "token": TOKEN}}
        self.sim.apply(yaml.safe_dump_all([workspace, secret]), "workspace.yaml")
        ca_file = [] if ca is False else ["--lepton-ca-file", ca or self.authority.file]
        no_proxy = {name: "" for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")}
        self.sim.start(*ca_file, *flags, "--poll-interval", "200ms", "--poll-interval-idle", "1s", LEPTON_CACHE_DIR=str(self.sim.folder / "none"), **{**no_proxy, **environment})

    def ready(self):
        file = self.sim.state / "default" / "workspaces" / "default.yaml"
        conditions = (yaml.safe_load(file.read_text()) or {}).get("status", {}).get("conditions", []) if file.exists() else []
        return next((c for c in conditions if c["type"] == "Ready"), None)

    def runs_to_the_end(self):
        self.sim.apply(existing(tasks=["hellaswag"]))
        self.sim.until_phase("Succeeded")
        self.assertEqual(self.ready()["status"], "True")
        self.sim.remove()
        self.sim.until_gone()
        self.assert_nothing_left(self.sim)

    def refused(self, says, listener=None):
        condition = self.sim.until("the workspace is not reached", lambda: self.ready() if (self.ready() or {}).get("status") == "False" else None)
        self.assertEqual(condition["reason"], "Unreachable")
        self.assertRegex(condition["message"], says)
        if listener:
            self.assertEqual(listener.handshakes, 0, "nothing may be sent to somebody who is not trusted")
        self.assertEqual(self.sim.simulator.requests(), [])
        self.assertNotIn(TOKEN, self.sim.operator.text())

    def test_the_right_ca_and_an_address_in_the_certificate_serve_a_whole_life(self):
        listener = self.listener("IP:127.0.0.1")
        self.start(f"127.0.0.1:{listener.port}")
        self.runs_to_the_end()
        self.assertGreater(listener.handshakes, 0)
        self.assertEqual(set(listener.names), {None}, "an address is not sent as a name")

    def test_another_ca_is_not_trusted(self):
        listener = self.listener("IP:127.0.0.1", authority=Authority(self.sim.folder, "other"))
        self.start(f"127.0.0.1:{listener.port}")
        self.refused("the certificate of 127.0.0.1:.* is not trusted: unable to get local issuer certificate", listener)

    def test_a_ca_of_ones_own_is_not_trusted_without_the_flag(self):
        listener = self.listener("IP:127.0.0.1")
        self.start(f"127.0.0.1:{listener.port}", ca=False)
        self.refused("is not trusted: unable to get local issuer certificate", listener)

    def test_a_certificate_for_another_address_or_name_is_not_trusted(self):
        listener = self.listener("IP:127.0.0.2,DNS:localhost,DNS:127.0.0.1")
        self.start(f"127.0.0.1:{listener.port}")
        self.refused("is not trusted: IP address mismatch", listener)

    def test_an_expired_certificate_is_not_trusted_and_the_sentence_says_so(self):
        listener = self.listener("IP:127.0.0.1", days=-1)
        self.start(f"127.0.0.1:{listener.port}")
        self.refused("is not trusted: certificate has expired", listener)

    # --- proxies. The name lepton.test exists for the proxy alone.

    def test_a_proxy_that_wants_a_password_carries_a_whole_life_and_is_told_nobody(self):
        listener = self.listener("DNS:lepton.test")
        proxy = self.proxy({"lepton.test:8443": listener.port}, "me", PASSWORD)
        self.start("lepton.test:8443", "--log-level", "debug", HTTPS_PROXY=f"http://me:{QUOTED}@127.0.0.1:{proxy.port}")
        self.runs_to_the_end()
        self.assertEqual(set(proxy.heads), {"CONNECT lepton.test:8443 HTTP/1.1"})
        self.assertEqual(set(listener.names), {"lepton.test"})
        self.no_password_anywhere()

    def test_a_proxy_that_refuses_is_named_as_the_one_who_does(self):
        proxy = self.proxy({}, "me", "another")
        self.start("lepton.test:8443", "--log-level", "debug", HTTPS_PROXY=f"http://me:{QUOTED}@127.0.0.1:{proxy.port}")
        self.refused("the proxy refuses to connect to lepton.test:8443")
        self.assertTrue(proxy.asked)
        self.no_password_anywhere()

    def test_a_proxy_that_cannot_be_used_is_said_without_its_password(self):
        self.start("lepton.test:8443", HTTPS_PROXY=f"socks5://me:{QUOTED}@127.0.0.1:1")
        condition = self.sim.until("it is refused", lambda: self.ready() if (self.ready() or {}).get("status") == "False" else None)
        self.assertIn("HTTPS_PROXY: only a proxy of the form http://host:port", condition["message"])
        self.no_password_anywhere()

    def test_whom_no_proxy_names_is_reached_directly(self):
        listener = self.listener("IP:0.0.0.0")
        proxy = self.proxy({})
        # The address of this machine that does not look like one; any loopback address is reached directly anyway.
        self.start(f"0.0.0.0:{listener.port}", HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY="other.test,0.0.0.0")
        self.runs_to_the_end()
        self.assertEqual(proxy.asked, [])

    def no_password_anywhere(self):
        written = self.sim.operator.text() + "".join(p.read_text() for p in self.sim.state.rglob("*") if p.is_file())
        self.assertIn("127.0.0.1", written)
        for form in (PASSWORD, QUOTED, base64.b64encode(PASSWORD.encode()).decode(), base64.b64encode(f"me:{PASSWORD}".encode()).decode()):
            self.assertNotIn(form, written)


if __name__ == "__main__":
    at_once.main()
