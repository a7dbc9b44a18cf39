"""Connect to a server with the API: this program's own, or the hosted service."""

import time
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from typing import Self

from dashboard.remote.accounts import AccountCalls
from dashboard.remote.address import Address
from dashboard.remote.collections import CollectionCalls
from dashboard.remote.descriptors import DescriptorCalls
from dashboard.remote.downloads import DownloadCalls
from dashboard.remote.groups import GroupCalls
from dashboard.remote.images import ImageCalls
from dashboard.remote.labels import LabelCalls
from dashboard.remote.limits import Limits
from dashboard.remote.pacing import Pace
from dashboard.remote.regions import RegionCalls
from dashboard.remote.session import open_session
from dashboard.remote.similarity_types import SimilarityTypeCalls
from dashboard.remote.tasks import TaskCalls
from dashboard.remote.token import Token
from dashboard.remote.transport import Transport
from dashboard.remote.versions import VersionCalls


class Server(
    AccountCalls,
    TaskCalls,
    VersionCalls,
    SimilarityTypeCalls,
    GroupCalls,
    ImageCalls,
    RegionCalls,
    LabelCalls,
    CollectionCalls,
    DescriptorCalls,
    DownloadCalls,
):
    """A connection to a server, for any number of threads. Every call may raise `RemoteError`.

    *Retries.* A call that is safe to repeat is sent again after a pause when it was cut off or the
    server has a temporary error. Starting a training is not repeated. Creating is made safe by a
    check: if the outcome is unknown, the object is searched by the values that its method names,
    and returned if exactly one is found that is not in `known`, the ids that the caller knows to be
    older. If none is found, the request is sent again, unless the first one may still be running.
    Anything else raises `OutcomeUnknown`.

    *Lists.* An `iterate_…` method yields each row that exists all the time exactly once, also while
    others are added and deleted; `pages.all_rows` explains how. No request is sent before the first
    row is read, and only one page is in memory at a time.

    *Networks.* Hosts in private networks are refused, whether they are named by the URL, a redirect
    or a link, unless a network of `allow_private` (such as "127.0.0.0/8") contains their IP
    address.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        workspace: str | None = None,
        allow_private: Iterable[str] = (),
        threads: int = 8,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the connection without opening it.

        `threads` is the number of connections that are kept open. Without a workspace the token's
        own one is used. Raises ValueError for an invalid URL, token or network.
        """
        limits = limits or Limits()
        networks = [str(ip_network(network)) for network in allow_private]
        session = open_session(
            threads=threads, allow_private=networks, connect_seconds=limits.connect_seconds
        )
        pace = Pace(limits.requests_per_second, clock=clock, sleep=sleep)
        transport = Transport(Address.of(address), Token(token), session, limits, pace, sleep)
        super().__init__(transport, workspace)

    def in_workspace(self, workspace: str | None) -> "Server":
        """Return the same connection, with the same limits, in another workspace."""
        other = Server.__new__(Server)
        super(Server, other).__init__(self._transport, workspace)
        return other

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._transport.session.close()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def __repr__(self) -> str:
        """Return the URL and the workspace, not the token."""
        return f"Server({self._transport.address.url!r}, token=…, workspace={self._workspace!r})"
