"""Refusals about connections."""

from dashboard.models import Connection
from dashboard.services.errors import Refused


class BadUrl(Refused):
    """The URL of a connection cannot be used."""


class ConnectionExists(Refused):
    """The workspace has a connection with this URL."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        super().__init__(f"This workspace is already connected to {connection}.")


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
