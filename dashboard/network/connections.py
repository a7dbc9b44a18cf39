"""Open connections only to IP addresses that were checked.

A host name is resolved once, each IP address is checked, and the connection goes to the very IP
address that was checked. So neither redirects nor name servers that change their answer lead into a
private network.
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
    """Raised when a host has an IP address that must not be opened."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is in a private network.")
        self.host = host


def connect(
    host: str, port: int, allowed_networks: Iterable[str], seconds_left: Callable[[], float]
) -> socket.socket:
    """Return a socket to a checked IP address of the host.

    Exceptions of `seconds_left` propagate. Raises PrivateNetwork, OSError.
    """
    addresses = resolve(host, port, seconds_left())
    allowed_networks = tuple(allowed_networks)
    # A forbidden IP address among public ones is an attack or a mistake: refuse the host.
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
    # Not socket.create_connection, which would resolve the host again.
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
    """Make every new connection with `opener`, which takes the connection and the host."""

    def __init__(self, opener: Opener, **options: Any) -> None:
        self._opener = opener  # before the constructor, which makes the pools
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Create pools of guarded connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._opener)


class GuardedSession(requests.Session):
    """Send requests over guarded connections, adding nothing to them.

    It uses no cookies, no proxies and no `.netrc` of the server. It follows no redirect and does
    not read its target: for that, `requests` would read the whole body of a redirect, of any
    length.
    """

    def __init__(self, opener: Opener, **options: Any) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, GuardedAdapter(opener, **options))

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Return no redirects to follow."""
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
