"""Refusals about connections."""

from dashboard.models import Connection, Link
from dashboard.services.errors import Refused


class BadUrl(Refused):
    """The URL of a connection cannot be used."""


class ConnectionExists(Refused):
    """The workspace has a connection with this URL."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        super().__init__(f"This workspace is already connected to {connection}.")


class ConnectionLinked(Refused):
    """The workspace mirrors one over this connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            f"This workspace mirrors one on {connection}. Unlink it first, then remove the "
            "connection."
        )


class TooManyConnections(Refused):
    """A workspace has as many connections as it can have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"A workspace can have at most {most} connections. Remove one that you no longer need."
        )


class NoToken(Refused):
    """The member has no token for the connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(f"You have no API token for {connection}. Enter one to connect.")


class TokenFailed(Refused):
    """The server did not accept the token, or could not be asked."""


class UnknownWorkspace(Refused):
    """The member's token does not list the workspace that was to be mirrored."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            f"Your token for {connection} does not list this workspace. Check the token again."
        )


class LinksToItself(Refused):
    """A workspace was to mirror itself."""

    def __init__(self) -> None:
        super().__init__("A workspace cannot mirror itself. Choose another one.")


class AlreadyLinked(Refused):
    """The workspace mirrors another one already."""

    def __init__(self, link: Link) -> None:
        super().__init__(f"This workspace already mirrors {link}. Unlink it first.")


class NotEmpty(Refused):
    """The workspace has things of its own, which a mirror would mix with others."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"Only an empty workspace can mirror another one. This one has {found}: "
            "create a new workspace and link that."
        )


class PullFailed(Refused):
    """The other server could not be read; what was read before is kept."""
