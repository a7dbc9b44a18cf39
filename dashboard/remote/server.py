"""A server that speaks the API: this program's own, or the hosted service."""

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

    *Repeating.* A call that does the same if it is done twice is sent again after a pause, when it
    was cut off or the server is unwell. Starting a training is not. Creating is made safe by
    looking: where it is not known whether the thing was created, it is looked for by what its
    method names, and taken if exactly one such thing is found that is not in `known`, the ids that
    the caller knows to be older. None is found: it is sent again, unless the first request may
    still be under way. All else raises `OutcomeUnknown`.

    *Lists.* An `iterate_…` method yields each row that is there all the time exactly once, also
    while others appear and vanish; `pages.all_rows` says how. Nothing is asked before the first
    row is taken, and a page at a time is held.

    *Networks.* Hosts in private networks are not opened, whoever names them (the URL, a redirect,
    a link), unless a network of `allow_private` (such as "127.0.0.0/8") holds their IP address.
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
        """Open nothing yet. `threads` is for how many connections are kept open.

        Without a workspace the token's own is used. Raises ValueError for what is not a URL, a
        token or a network.
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
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Name the server and the workspace, not the token."""
        return f"Server({self._transport.address.url!r}, token=…, workspace={self._workspace!r})"
