"""Add and remove connections; set, check and delete a member's token for one.

Each member acts on the other server with their own token. Nothing here returns a token: it is
decrypted only to be sent to the server that it was entered for.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.ciphers import decrypt, encrypt
from accounts.errors import SecretUnreadable
from accounts.journal import record
from accounts.models import Membership, User, Workspace
from accounts.verbs import Verb
from dashboard.models import Connection, ConnectionToken
from dashboard.queries.connections.connections import MOST, connections_in, find_own_token
from dashboard.remote import Account, Limits, NotFound, RemoteError, Server, Unauthorized
from dashboard.remote.address import Address
from dashboard.services.connections.errors import (
    BadUrl,
    ConnectionExists,
    ConnectionLinked,
    NoToken,
    TokenFailed,
    TooManyConnections,
)
from dashboard.services.connections.outbox.holding import release_for
from dashboard.services.row_locks import lock_all

PURPOSE = "likewise connection tokens"
# A person waits for the answer, and a thread of the web server with them.
AT_ONCE = Limits(
    connect_seconds=5, read_seconds=10, answer_seconds=15, answer_bytes=1 << 20, retries=1
)
WORKSPACES_KEPT = 1000
NAME_KEPT = 255


@transaction.atomic
def add_connection(*, workspace: Workspace, url: str, actor: User) -> Connection:
    """Add a server by its URL; nothing is sent to it yet.

    Raises `BadUrl`, `ConnectionExists`, `TooManyConnections`.
    """
    try:
        address = Address.of(url.strip()).url
    except ValueError as error:
        raise BadUrl(str(error)) from error
    # Of two people who add the same server, or the last one that fits, the second waits here.
    lock_all(Workspace.objects.filter(pk=workspace.pk))
    there = list(connections_in(workspace))
    for connection in there:
        if connection.url == address:
            raise ConnectionExists(connection)
    if len(there) >= MOST:
        raise TooManyConnections(MOST)
    connection = Connection.objects.create(workspace=workspace, url=address, created_by=actor)
    _tell(Verb.ADDED, connection, actor)
    return connection


@transaction.atomic
def remove_connection(*, connection: Connection, actor: User) -> None:
    """Remove a connection with all members' tokens. Nothing changes on the other server.

    Raises `ConnectionLinked` while the workspace mirrors one over this connection.
    """
    # Linking locks the workspace first, too: it cannot be linked meanwhile.
    lock_all(Workspace.objects.filter(pk=connection.workspace_id))
    if connection.links.exists():
        raise ConnectionLinked(connection)
    _tell(Verb.REMOVED, connection, actor)
    connection.delete()


def set_token(
    *, connection: Connection, membership: Membership, secret: str, actor: User
) -> ConnectionToken:
    """Try a token, then keep it encrypted, in place of the one before.

    Raises `TokenFailed` if it does not work; then the one before is kept.
    """
    # Asked before the transaction: the server may take seconds, and no lock waits for it.
    found = _found(connection, secret.strip())
    fields = found.fields() | {"secret": encrypt(secret.strip(), PURPOSE)}
    with transaction.atomic():
        # Both may have gone while the server was asked: `DoesNotExist`, not a broken foreign key.
        member = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
        row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        token, created = ConnectionToken.objects.update_or_create(
            connection=row, membership=member, defaults=fields
        )
        verb = Verb.CONNECTED if created else Verb.RECONNECTED
        _tell(verb, row, actor)
        release_for(token)
    return token


def check_token(*, connection: Connection, membership: Membership) -> ConnectionToken:
    """Ask the server about the member's token again, and keep what it says.

    A token that the server no longer accepts is kept with the reason in `problem`. Raises
    `NoToken`, and `TokenFailed` if the server could not be asked; then nothing changes.
    """
    token = find_own_token(connection, membership)
    if token is None:
        raise NoToken(connection)
    try:
        secret = opened(token)
        # Encrypted again, so that a key that is only a fallback can be dropped some day.
        fields = _found(connection, secret).fields() | {"secret": encrypt(secret, PURPOSE)}
    except _NotAccepted as refusal:
        fields = {"problem": str(refusal), "checked": timezone.now()}
    # By its secret: a token that was replaced meanwhile is not what was asked about.
    ConnectionToken.objects.filter(pk=token.pk, secret=token.secret).update(**fields)
    token.refresh_from_db()
    if not token.problem:
        release_for(token)
    return token


@transaction.atomic
def delete_token(*, connection: Connection, membership: Membership, actor: User) -> None:
    """Delete the member's token. It stays valid on the other server. Raises `NoToken`."""
    gone, _ = ConnectionToken.objects.filter(connection=connection, membership=membership).delete()
    if not gone:
        raise NoToken(connection)
    _tell(Verb.DISCONNECTED, connection, actor)


class _NotAccepted(TokenFailed):
    """The server says that the token is wrong, or it cannot be decrypted here any more."""


def opened(token: ConnectionToken) -> str:
    """Return the token to send. Raises `TokenFailed` if it cannot be decrypted here any more."""
    try:
        return decrypt(token.secret, PURPOSE)
    except SecretUnreadable:
        # `from None`: a traceback must not lead to what could not be decrypted.
        raise _NotAccepted(
            "Your token can no longer be decrypted, because SECRET_KEY changed. Enter it again."
        ) from None


@dataclass(frozen=True)
class _Found:
    """What a server says about a token."""

    account: Account
    workspaces: list[dict[str, str]]

    def fields(self) -> dict[str, Any]:
        """Return it as fields of a `ConnectionToken`."""
        return {
            "account_name": (self.account.name or "")[:NAME_KEPT],
            "account_email": (self.account.email or "")[:NAME_KEPT],
            "scope": (self.account.token_scope or "")[:20],
            "workspaces": self.workspaces,
            "checked": timezone.now(),
            "problem": "",
        }


def _found(connection: Connection, secret: str) -> _Found:
    """Ask the server whose token it is. Raises `TokenFailed`."""
    try:
        with Server(
            connection.url, secret, allow_private=settings.LIKEWISE_FETCH_PRIVATE, limits=AT_ONCE
        ) as server:
            account = server.account()
            return _Found(account, _workspaces(server, account))
    except ValueError as error:
        raise TokenFailed(str(error)) from None
    except Unauthorized:
        raise _NotAccepted(
            f"{connection} does not accept this token. Create a new one there and enter it here."
        ) from None
    except NotFound:
        raise TokenFailed(
            f"{connection} does not answer as a server of this API does. Check the URL."
        ) from None
    except RemoteError as error:
        raise TokenFailed(error.reason) from None


def _workspaces(server: Server, account: Account) -> list[dict[str, str]]:
    rows = server.iterate_workspaces() if account.workspaces is None else account.workspaces
    found: list[dict[str, str]] = []
    for row in rows:
        if len(found) == WORKSPACES_KEPT:
            break
        found.append({"id": row.id, "name": row.name[:NAME_KEPT], "role": row.role or ""})
    return found


def _tell(verb: Verb, connection: Connection, actor: User) -> None:
    record(
        workspace=connection.workspace,
        verb=verb,
        noun="connection",
        target_id=connection.id,
        target_name=str(connection),
        actor=actor,
    )
