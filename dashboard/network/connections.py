"""Connections that are opened at an address which was judged, and at no other.

A host name is resolved once, every address that it gives is judged, and the very address that was
judged is connected to. So neither redirects nor name servers that change their mind lead inside.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from dashboard.network.addresses import is_allowed, resolve


class PrivateNetwork(Exception):
    """The host has an address that must not be opened."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is in a private network.")
        self.host = host


def connect(
    host: str, port: int, allowed_networks: Iterable[str], seconds_left: Callable[[], float]
) -> socket.socket:
    """Return a socket to a judged address of the host; what `seconds_left` raises goes through.

    Raises PrivateNetwork, OSError.
    """
    addresses = resolve(host, port, seconds_left())
    allowed_networks = tuple(allowed_networks)
    # One forbidden address among public ones is a trick or a mistake; neither is followed.
    if not all(is_allowed(address, allowed_networks) for address in addresses):
        raise PrivateNetwork(host)
    return _connect_first(addresses, port, seconds_left)


def _connect_first(
    addresses: list[str], port: int, seconds_left: Callable[[], float]
) -> socket.socket:
    failure: OSError = OSError("the host has no IP address")
    for address in addresses:
        try:
            return _connected(address, port, seconds_left())
        except OSError as error:
            failure = error
    raise failure


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    # Not socket.create_connection, which would resolve once more.
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


Opener = Callable[[HTTPConnection, str], socket.socket]


class GuardedAdapter(HTTPAdapter):
    """An adapter whose every new connection is made by `opener`, from connection and host."""

    def __init__(self, opener: Opener, **options: Any) -> None:
        self._opener = opener  # before the pools are made, which the constructor does
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make pools of guarded connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._opener)


class GuardedSession(requests.Session):
    """A session of guarded connections that adds nothing by itself.

    No cookies, no proxies and no `.netrc` of the server. It follows no redirect, nor does it look
    where one leads: `requests` would read the whole body of a redirect for that, however long.
    """

    def __init__(self, opener: Opener, **options: Any) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, GuardedAdapter(opener, **options))

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Find nothing to follow."""
        return iter(())


def _pools(opener: Opener) -> dict[str, type[HTTPConnectionPool]]:
    class _Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return opener(self, self._dns_host)

    class _Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return opener(self, self._dns_host)

    class _PlainPool(HTTPConnectionPool):
        ConnectionCls = _Plain

    class _EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = _Encrypted

    return {"http": _PlainPool, "https": _EncryptedPool}
