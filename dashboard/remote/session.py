"""Open the pooled session of a server: guarded, without cookies, redirects or environment.

`requests` does not promise that threads may share a session. Threads may share this one: nothing in
it changes after it is created. Cookies are refused, proxies and `.netrc` are not read, it follows
no redirects, and headers are passed with each request. What remains is urllib3's pool, which is
thread-safe.
"""

import socket
from collections.abc import Callable, Iterable
from typing import Final

import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from dashboard.network.connections import GuardedSession, connect

_HEADERS: Final = {"User-Agent": "Likewise", "Accept": "*/*"}


def open_session(
    *, threads: int, allow_private: Iterable[str], connect_seconds: float
) -> requests.Session:
    """Return a session that keeps up to `threads` connections open to each host."""
    opener = _opener(tuple(allow_private), connect_seconds)
    http = GuardedSession(opener, pool_maxsize=threads, max_retries=0)
    http.headers.update(_HEADERS)
    return http


def _opener(
    allowed_networks: tuple[str, ...], seconds: float
) -> Callable[[HTTPConnection, str], socket.socket]:
    def open_socket(connection: HTTPConnection, host: str) -> socket.socket:
        """Connect. Raises the exceptions that tell urllib3 that nothing was sent."""
        try:
            return connect(host, connection.port, allowed_networks, lambda: seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, "too slow") from error
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from error

    return open_socket
