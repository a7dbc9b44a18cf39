"""A web server that does what the address says, and names that lead where they should not."""

import contextlib
import gzip
import http.server
import socket
import time
from dataclasses import replace
from urllib.parse import unquote

from dashboard.files.fetch import fetch
from dashboard.files.limits import FetchLimits

LOCAL = FetchLimits(size=50_000, seconds=5, allowed_networks=("127.0.0.1/32",))
STRICT = replace(LOCAL, allowed_networks=())
HURRIED = replace(LOCAL, seconds=0.3)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer what the path asks for."""

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        kind, _, rest = self.path.strip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"answer_{kind}")(rest)

    def log_message(self, *_):
        pass

    def start(self, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def answer_image(self, rest):
        self.start(Content_Length="5", Set_Cookie="a=b")
        self.wfile.write(b"bytes")

    def answer_echo(self, rest):
        self.start()
        self.wfile.write(rest.encode())

    def answer_size(self, rest):
        self.start(Content_Length=rest)
        self.wfile.write(bytes(int(rest)))

    def answer_endless(self, rest):
        self.start()
        while True:
            self.wfile.write(bytes(10_000))
            self.server.sent += 10_000  # type: ignore[attr-defined]

    def answer_detour(self, rest):
        """Lead to the image, with a body that does not end."""
        self.start(302, Location="/image")
        while True:
            self.wfile.write(bytes(10_000))
            self.server.sent += 10_000

    def answer_packed(self, rest):
        """Answer `layers/MB`: so many zeros, packed so many times over, and called an image."""
        layers, size = map(int, rest.split("/"))
        body = bytes(size << 20)
        for _ in range(layers):
            body = gzip.compress(body)
        encodings = ", ".join(["gzip"] * layers)
        self.start(Content_Length=str(len(body)), Content_Encoding=encodings)
        self.wfile.write(body)

    def answer_lie(self, rest):
        self.start(Content_Length=rest)
        self.wfile.write(bytes(60_000))

    def answer_short(self, rest):
        self.start(Content_Length="100")
        self.wfile.write(b"half")

    def answer_status(self, rest):
        self.start(int(rest), Content_Length="0")

    def answer_to(self, rest):
        self.start(302, Location=unquote(rest), Content_Length="0")

    def answer_hops(self, rest):
        where = f"/hops/{int(rest) - 1}" if int(rest) else "/image"
        self.start(302, Location=where, Content_Length="0", Set_Cookie="a=b")

    def answer_drip(self, rest):
        self.start(Content_Length="1000")
        self.drip()

    def answer_drip_open(self, rest):
        self.start()
        self.drip()

    def answer_drip_header(self, rest):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        self.drip()

    def answer_silence(self, rest):
        time.sleep(0.8)

    def drip(self):
        for _ in range(40):
            self.wfile.write(b"x")
            time.sleep(0.05)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.connections, self.sent = [], 0, 0

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.server_port}/{path}"


def fetched(server, path, limits=LOCAL):
    return fetch.fetch_image(server.url(path), limits)


@contextlib.contextmanager
def resolving(monkeypatch, *answers):
    """Let every host resolve to the answers, one after another; count how often it was asked."""
    asked = []
    real = socket.getaddrinfo

    def answer(host, port, *args, **options):
        asked.append(host)
        addresses = answers[min(len(asked), len(answers)) - 1]
        return [entry for one in addresses for entry in real(one, port, *args, **options)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        yield asked
