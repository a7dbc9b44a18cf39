"""A server that plays what it is told: recorded answers, faults, and a list that changes."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dashboard.remote import Limits, Server

TOKEN = "lw_a-secret-that-nobody-may-see"
LOCAL = ["127.0.0.1/32"]
# Quick, and without a rate: what a test waits for it says itself.
QUICK = Limits(
    connect_seconds=2,
    read_seconds=0.25,
    answer_seconds=1,
    answer_bytes=100_000,
    download_seconds=1,
    download_bytes=100_000,
    backoff_seconds=0.01,
    requests_per_second=None,
    page_size=3,
)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer, or a fault: silence before it, its bytes `drip` seconds apart, `short` too few."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    silence: float = 0
    drip: float = 0
    short: int = 0
    chunked: bool = False


CUT = None  # the connection ends without an answer
Player = Callable[[Asked], "Reply | None"]


def says(value: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | named)


class StandIn(ThreadingHTTPServer):
    """The server; `asked` has every request, `connections` counts what was opened."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.asked: list[Asked] = []
        self.connections = 0
        self.over = threading.Event()
        self._replies: list[Reply | None] = []
        self.player: Player | None = None

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_port}"

    def plays(self, *replies: Reply | None) -> None:
        """Answer these in turn; a request beyond them is a fault of the test."""
        self._replies += replies

    def answer(self, asked: Asked) -> Reply | None:
        self.asked.append(asked)
        if self.player is not None:
            return self.player(asked)
        return self._replies.pop(0) if self._replies else says({"detail": "No more."}, 418)

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        reply = self.server.answer(
            Asked(
                self.command,
                url.path,
                dict(parse_qsl(url.query)),
                dict(self.headers.items()),
                self.rfile.read(length),
            )
        )
        if reply is not CUT:
            self.server.over.wait(reply.silence)
            self._write(reply)
        if reply is CUT or reply.short:
            self.close_connection = True

    def _write(self, reply: Reply) -> None:
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif reply.status != 204:
                self.send_header("Content-Length", str(len(reply.body) + reply.short))
            self.end_headers()
            if reply.chunked:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(reply.body), reply.body))
                self.wfile.write(b"" if reply.short else b"0\r\n\r\n")
            else:
                self._drip(reply.body, reply.drip)
        except OSError:  # the client has gone, as it does when it is tired of waiting
            self.close_connection = True

    def _drip(self, body: bytes, seconds: float) -> None:
        if not seconds:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.server.over.wait(seconds)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def standing_in(host: str = "127.0.0.1") -> Iterator[StandIn]:
    server = StandIn(host)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def connected(stand_in: StandIn, limits: Limits = QUICK, **options: Any) -> Server:
    """Return a client of the stand-in that does not sleep; `slept` has what it would have."""
    slept: list[float] = []
    options = {"allow_private": LOCAL, "sleep": slept.append} | options
    server = Server(stand_in.url, TOKEN, limits=limits, **options)
    server.slept = slept  # type: ignore[attr-defined]
    return server


def page(*rows: dict[str, Any], count: int | None = None, following: str | None = None) -> Reply:
    return says(
        {
            "count": len(rows) if count is None else count,
            "next": following,
            "previous": None,
            "results": list(rows),
        }
    )


def named(number: int) -> dict[str, Any]:
    """Return a type as the least that a server may say of it."""
    return {"id": f"id-{number}", "name": f"Type {number}"}


GROUP = {"id": "g1", "name": "Red shoe", "type": {"id": "t1", "name": "Same product"}}
IMAGE = {"id": "i1", "img_path": "http://127.0.0.1/i1.jpg?key=1"}
KNOWN_ID = "5f3b1f0e-58f6-4f0e-9a59-0d5a3f3f7e10"
EXISTS = f"The image already exists in this workspace, image ID: {KNOWN_ID}"
