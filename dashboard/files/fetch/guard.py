"""Guard the connections to hosts that users name: check each IP address, and enforce a timeout."""

import socket
import threading
import time
from contextvars import ContextVar
from typing import Final, Self

import requests
from urllib3.connection import HTTPConnection

from dashboard.files.errors import AddressTooSlow, ForbiddenAddress
from dashboard.files.limits import FetchLimits
from dashboard.network.connections import GuardedSession, PrivateNetwork, connect

_HEADERS: Final = {
    "User-Agent": "Likewise",
    "Accept": "image/*",
    # Images are already compressed; a compressed response could unpack to too much.
    "Accept-Encoding": "identity",
}


def private_network(host: str) -> str:
    """Return why a host is not opened."""
    return (
        f"{host} is in a private network, which this server does not open. Upload the file "
        "itself, or ask your administrator to allow the network."
    )


class Guard:
    """Opens the connections of one fetch, checks every IP address, and enforces the timeout."""

    def __init__(self, url: str, limits: FetchLimits) -> None:
        self.url, self.limits = url, limits
        self._ends = time.monotonic() + limits.seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        # A server that sends a byte a second never triggers a socket's own timeout.
        self._alarm = threading.Timer(limits.seconds, self._cut_off)
        self._alarm.daemon = True

    def __enter__(self) -> Self:
        self._token = _guard.set(self)
        self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        _guard.reset(self._token)
        self._alarm.cancel()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def seconds_left(self) -> float:
        """Return how long this fetch may still take. Raises AddressTooSlow."""
        self.raise_if_late()
        return max(0.001, self._ends - time.monotonic())

    def raise_if_late(self) -> None:
        """Raise AddressTooSlow once the time is up."""
        if time.monotonic() >= self._ends:
            raise AddressTooSlow(self.url, self.limits.seconds)

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a socket to a checked IP address. Raises ForbiddenAddress and OSError."""
        try:
            connection = connect(host, port, self.limits.allowed_networks, self.seconds_left)
        except PrivateNetwork as error:
            raise ForbiddenAddress(private_network(host), url=self.url) from error
        return self._watched(connection)

    def _watched(self, connection: socket.socket) -> socket.socket:
        # TLS takes over the socket; a second handle on it still ends it, whatever it is doing.
        with self._lock:
            self._sockets.append(connection.dup())
        try:
            self.raise_if_late()
        except AddressTooSlow:
            connection.close()
            raise
        return connection

    def _cut_off(self) -> None:
        with self._lock:
            for connection in self._sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was faster
                    continue


# The guard of the fetch in this thread; without one no connection can be made.
_guard: ContextVar[Guard] = ContextVar("guard")


def _open(connection: HTTPConnection, host: str) -> socket.socket:
    return _guard.get().connect(host, connection.port)


def open_session() -> requests.Session:
    """Return a session that opens each connection by the guard of its thread.

    Proxies, cookies and stored passwords are not used.
    """
    http = GuardedSession(_open)
    http.headers.update(_HEADERS)
    return http
