"""Connections to addresses that strangers name: judged one by one, and cut off in time.

A host name is resolved once, every address that it gives is judged, and the very address that was
judged is connected to. So neither redirects nor name servers that change their mind lead inside.
"""

import socket
import threading
import time
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from dashboard.files.errors import AddressTooSlow, ForbiddenAddress
from dashboard.files.fetch.addresses import is_allowed, resolve
from dashboard.files.limits import FetchLimits

_HEADERS: Final = {
    "User-Agent": "Likewise",
    "Accept": "image/*",
    # An image is packed already; a reply that unpacks to more is nothing that we want.
    "Accept-Encoding": "identity",
}


def private_network(host: str) -> str:
    """Say why a host is not opened."""
    return (
        f"{host} is in a private network, which this server does not open. Upload the file "
        "itself, or ask your administrator to allow the network."
    )


class Guard:
    """Make the connections of one fetch: judge every address, and cut off what takes too long."""

    def __init__(self, url: str, limits: FetchLimits) -> None:
        self.url, self.limits = url, limits
        self._ends = time.monotonic() + limits.seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        # A server that sends a byte a second never trips a socket's own timeout.
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
        """Return a socket to a judged address of the host. Raises ForbiddenAddress, OSError."""
        addresses = resolve(host, port, self.seconds_left())
        # One forbidden address among public ones is a trick or a mistake; neither is followed.
        if not all(is_allowed(address, self.limits.allowed_networks) for address in addresses):
            raise ForbiddenAddress(private_network(host), url=self.url)
        return self._watched(self._connect_first(addresses, port))

    def _connect_first(self, addresses: list[str], port: int) -> socket.socket:
        failure: OSError = OSError("the host has no IP address")
        for address in addresses:
            try:
                return _connected(address, port, self.seconds_left())
            except OSError as error:
                failure = error
        raise failure

    def _watched(self, connection: socket.socket) -> socket.socket:
        # TLS takes the socket over; a second handle on it still ends it, whatever it is doing.
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
                except OSError:  # the other side was quicker
                    continue


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    # Not socket.create_connection, which would resolve again.
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(seconds)
        connection.connect((address, port))
    except OSError:
        connection.close()
        raise
    return connection


# The guard of the fetch that runs in this thread; without one no connection can be made.
_guard: ContextVar[Guard] = ContextVar("guard")


class _GuardedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _guard.get().connect(self._dns_host, self.port)


class _GuardedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _guard.get().connect(self._dns_host, self.port)


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _GuardedHTTPPool,
            "https": _GuardedHTTPSPool,
        }


def open_session() -> requests.Session:
    """Return a session whose every connection asks the guard of its thread.

    Proxies, cookies and stored passwords are not used.
    """
    http = requests.Session()
    http.trust_env = False  # proxies and .netrc of the server are not for strangers' addresses
    http.headers.clear()
    http.headers.update(_HEADERS)
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        http.mount(scheme, _GuardedAdapter())
    return http
