"""What stands between the operator and a server: remembers who asked what and when, and can end every watch after a second.

Over TLS, with a certificate of its own, in front of an API server; without TLS as the HTTP proxy (absolute request lines) of one operator, so
that its requests to Lepton can be told from another's. While the server is away the client's connection is closed without an answer.
"""
import http.client
import http.server
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time


class Proxy:
    def __init__(self, server, folder=None, ca=None):
        """`server` is (host, port); with `folder` (for its certificate) and `ca` (of the server) both sides are TLS."""
        self.server, self.records, self.watch_seconds = server, [], None
        self.is_cut, self.upstreams = False, set()
        self.upstream_tls = ssl.create_default_context(cafile=ca) if ca else None
        self.listener = Listener(("127.0.0.1", 0), type("Bound", (Handler,), {"proxy": self}))
        if folder:
            self.certificate, key = folder / "proxy.crt", folder / "proxy.key"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=proxy",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
            self.listener.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.listener.context.load_cert_chain(self.certificate, key)
        self.url = f"http{'s' if folder else ''}://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def since(self, moment, path=None):
        """Records of requests that arrived after `moment` (time.monotonic())."""
        return [r for r in list(self.records) if r["at"] >= moment and (path is None or re.search(path, r["path"]))]

    def cut(self):
        """From now on nothing gets through, not even what is on its way."""
        self.is_cut = True
        for upstream in list(self.upstreams):
            try:
                upstream.sock.shutdown(socket.SHUT_RDWR)
            except (OSError, AttributeError):
                pass

    def mend(self):
        self.is_cut = False

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()


class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context = None

    def finish_request(self, request, client_address):  # in the connection's own thread: a handshake must not hold the others up
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, request, client_address):
        pass  # a client that went away


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream = None

    def log_message(self, *_):
        pass

    def serve(self):
        path = re.sub(r"^http://[^/]+", "", self.path)
        watch = "watch=" in path
        record = {"at": time.monotonic(), "method": self.command, "path": path, "watch": watch, "status": None, "gone": False}
        if watch and self.proxy.watch_seconds:
            path = re.sub(r"timeoutSeconds=\d+", f"timeoutSeconds={self.proxy.watch_seconds}", path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # its sender stopped before the end: that is no request, and nobody gets it
            self.close_connection = True
            return
        self.proxy.records.append(record)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "proxy-connection", "accept-encoding")}
        try:
            if self.proxy.is_cut:
                raise OSError("cut")
            reply = self.ask(path, body, headers)
            record["status"] = reply.status
            self.pass_on(reply, record)
        except (OSError, http.client.HTTPException, ValueError):
            self.close_connection = True
            self.drop()

    def ask(self, path, body, headers):
        for fresh in (False, True):
            if self.upstream is None or fresh:
                self.drop()
                tls = self.proxy.upstream_tls
                self.upstream = (http.client.HTTPSConnection(*self.proxy.server, context=tls, timeout=900) if tls
                                 else http.client.HTTPConnection(*self.proxy.server, timeout=900))
                self.proxy.upstreams.add(self.upstream)
            kept = self.upstream.sock is not None
            try:
                self.upstream.request(self.command, path, body, headers)
                return self.upstream.getresponse()
            except (OSError, http.client.HTTPException):
                if not kept or self.command != "GET":  # a kept connection may have died meanwhile
                    raise
        raise OSError("no answer")

    def pass_on(self, reply, record):
        self.send_response_only(reply.status, reply.reason)
        length = reply.getheader("Content-Length")
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        bare = self.command == "HEAD" or reply.status in (204, 304)
        chunked = length is None and not bare
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bare:
            part = reply.read1(65536)
            if not part:
                break
            record["gone"] = record["gone"] or b'"code":410' in part
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
            self.wfile.flush()
        if chunked:  # a server that went away in mid-reply is an exception before this
            self.wfile.write(b"0\r\n\r\n")
        if bare:
            reply.read()

    def drop(self):
        if self.upstream:
            self.proxy.upstreams.discard(self.upstream)
            self.upstream.close()
        self.upstream = None

    def finish(self):
        self.drop()
        super().finish()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve
