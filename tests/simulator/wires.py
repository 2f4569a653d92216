"""What stands between the operator and lepton-sim in the tests of TLS and proxies: certificates, a TLS listener, a CONNECT proxy."""
import base64
import contextlib
import select
import socket
import socketserver
import ssl
import subprocess
import threading


class Authority:
    """A certificate authority in a folder; certificates by the openssl command."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}.test",
                      "-days", "2", "-keyout", self._path("key"), "-out", self.file)

    def _path(self, suffix, name=None):
        return self.folder / f"{name or self.name}.{suffix}"

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)

    def issue(self, name, alternatives, days=2):
        """(certificate file, key file); with -1 days it has expired."""
        certificate, key, request, extension = (self._path(s, name) for s in ("crt", "key", "csr", "ext"))
        extension.write_text(f"subjectAltName={alternatives}\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._path("key"), "-days", days, "-extfile", extension,
                      "-out", certificate)
        return certificate, key


def join(one, other):
    """Carries bytes both ways until either side ends. One thread: a TLS connection is not for two."""
    peers = {one: other, other: one}
    while True:
        waiting = [s for s in peers if isinstance(s, ssl.SSLSocket) and s.pending()]
        for source in waiting or select.select(list(peers), [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            peers[source].sendall(data)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handle):
        super().__init__(("127.0.0.1", 0), type("Handler", (socketserver.BaseRequestHandler,), {"handle": lambda handler: handle(handler.request)}))
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that ended in the middle

    def close(self):
        self.shutdown()
        self.server_close()


class TlsListener(Server):
    """TLS in front of a port of this machine; counts the handshakes that its clients went through with."""

    def __init__(self, port, certificate, key):
        self.handshakes = 0
        self.names = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.sni_callback = lambda _, name, __: self.names.append(name)

        def serve(connection):
            with contextlib.suppress(OSError):  # a client that does not trust us
                with context.wrap_socket(connection, server_side=True) as inner, socket.create_connection(("127.0.0.1", port)) as outer:
                    first = inner.recv(65536)
                    if not first:
                        return
                    self.handshakes += 1
                    outer.sendall(first)
                    join(inner, outer)

        super().__init__(serve)


class ConnectProxy(Server):
    """Connects whom it is asked for, by a table of its own: the only resolver that knows these names."""

    def __init__(self, table, user=None, password=None):
        self.table, self.asked, self.heads = table, [], []
        self.wanted = None if user is None else "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__(self.serve)

    def serve(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(4096)
            if not part:
                return
            head += part
        lines = head.decode().split("\r\n")
        method, target = lines[0].split()[:2]
        fields = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if ":" in line)}
        self.heads.append(lines[0])
        self.asked.append(target)
        if self.wanted and fields.get("proxy-authorization") != self.wanted:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        if method != "CONNECT" or target not in self.table:
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.table[target])) as server:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            join(connection, server)
