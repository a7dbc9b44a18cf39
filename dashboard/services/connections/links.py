"""Begin and end a link, open its server as one of the members, and ask for a pull."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.journal import record
from accounts.models import Membership, User, Workspace
from accounts.verbs import Verb
from dashboard.models import Connection, ConnectionToken, Job, Link, Outgoing, Twin, TwinMember
from dashboard.queries.connections.connections import find_own_token
from dashboard.queries.connections.twins import (
    find_remote_workspace,
    links_to_pull,
    unfinished_pull,
    what_is_in,
)
from dashboard.queries.webhooks.webhooks import last_number
from dashboard.remote import Limits, Server
from dashboard.services.connections.connections import opened
from dashboard.services.connections.errors import (
    AlreadyLinked,
    LinksToItself,
    NotEmpty,
    NoToken,
    TokenFailed,
    UnknownWorkspace,
)
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.journal.numbers import number_changes
from dashboard.services.row_locks import lock_all

THREADS: Final = 8  # of a pull's downloads
PULL_EVERY: Final = timedelta(hours=1)
ROWS_AT_ONCE: Final = 5000


def server_of(link: Link, membership: Membership | None, limits: Limits | None = None) -> Server:
    """Open the other server, in the linked workspace, with the member's own token.

    Nothing is sent yet. Close it, or use it as a context manager. Raises `NoToken` and
    `TokenFailed`: the token was refused when it was last used, or cannot be decrypted here.
    """
    connection = link.connection
    token = None if membership is None else find_own_token(connection, membership)
    if token is None:
        raise NoToken(connection)
    if token.problem:
        raise TokenFailed(token.problem)
    try:
        return Server(
            connection.url,
            opened(token),
            workspace=link.remote_workspace,
            allow_private=settings.LIKEWISE_FETCH_PRIVATE,
            threads=THREADS + 1,  # beside the downloads, the lists are read
            limits=limits,
        )
    except ValueError as error:
        # `from None`: a traceback must not lead to the token.
        raise TokenFailed(str(error)) from None


def token_refused(*, link: Link, membership: Membership) -> TokenFailed:
    """Record that the server no longer accepts the member's token, and return the refusal."""
    refusal = TokenFailed(
        f"{link.connection} no longer accepts your token. Create a new one there and enter it."
    )
    tokens = ConnectionToken.objects.filter(connection=link.connection_id, membership=membership)
    tokens.update(problem=str(refusal), checked=timezone.now())
    return refusal


def link_workspace(*, connection: Connection, remote_workspace: str, actor: User) -> Link:
    """Make the workspace a mirror of one on the other server, and queue the first pull.

    The actor's token, which lists that workspace, is used until another member is chosen. Raises
    `NoToken`, `TokenFailed`, `UnknownWorkspace`, `LinksToItself`, `AlreadyLinked` and `NotEmpty`.
    """
    member = Membership.objects.get(workspace=connection.workspace_id, user=actor)
    name = _name_there(connection, remote_workspace, member)
    # What was done before has no twin and is never sent: the outbox reads from here.
    while number_changes(workspace=connection.workspace):
        pass
    with transaction.atomic():
        # Of two people who link it, the second waits here. So does who creates a type or a label.
        workspace = lock_all(Workspace.objects.filter(pk=connection.workspace_id))[0]
        _refuse_unless_fresh(workspace)
        link = Link.objects.create(
            workspace=workspace,
            connection=connection,
            remote_workspace=remote_workspace,
            remote_name=name,
            created_by=actor,
            keeper=member,
            position=last_number(workspace),
        )
        _set_mirrors(workspace, str(link))
        _tell(Verb.LINKED, link, actor)
        _enqueue_pull(link, actor)
    return link


def _name_there(connection: Connection, remote_workspace: str, member: Membership) -> str:
    token = find_own_token(connection, member)
    if token is None:
        raise NoToken(connection)
    if token.problem:
        raise TokenFailed(token.problem)
    found = find_remote_workspace(token, remote_workspace)
    if found is None:
        raise UnknownWorkspace(connection)
    # A server may be reached by many URLs, but the id of a workspace is one everywhere.
    if remote_workspace == str(connection.workspace_id):
        raise LinksToItself
    return found["name"]


def _refuse_unless_fresh(workspace: Workspace) -> None:
    there = Link.objects.in_workspace(workspace).first()
    if there is not None:
        raise AlreadyLinked(there)
    if found := what_is_in(workspace):
        raise NotEmpty(found)


@transaction.atomic
def unlink(*, link: Link, actor: User) -> None:
    """End the mirror. What is here stays, and nothing changes on the other server.

    Changes that were not sent yet are never sent.
    """
    # The first lock, as of every page of a pull. Then the jobs: a worker that runs one loses its
    # lease, and its next transaction rolls back.
    lock_all(Link.objects.filter(pk=link.pk))
    jobs.drop(subject_ids=[link.pk])
    _tell(Verb.UNLINKED, link, actor)
    _delete_in_portions(Outgoing.objects.filter(link=link))
    _delete_in_portions(TwinMember.objects.filter(container__link=link))
    _delete_in_portions(Twin.objects.filter(link=link))
    link.delete()
    _set_mirrors(link.workspace, "")


def _set_mirrors(workspace: Workspace, words: str) -> None:
    """Set what the pages and the gate know without a query."""
    workspace.mirrors = words[:300]
    workspace.save(update_fields=["mirrors", "modified"])


def _delete_in_portions(rows: "QuerySet[Outgoing] | QuerySet[TwinMember] | QuerySet[Twin]") -> None:
    # A mirror may have millions of them, and a deletion reads what refers to them.
    while ids := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        rows.model._default_manager.filter(pk__in=ids).delete()


@transaction.atomic
def choose_keeper(*, link: Link, membership: Membership, actor: User) -> Link:
    """Choose whose token the hourly pull uses. Raises `NoToken` and `TokenFailed`."""
    server_of(link, membership).close()
    link.keeper, link.problem = membership, ""
    link.save(update_fields=["keeper", "problem", "modified"])
    record(
        workspace=link.workspace,
        verb=Verb.CHANGED,
        noun="link",
        target_id=link.pk,
        target_name=str(link),
        details={"keeper": str(membership.user)},
        actor=actor,
    )
    return link


@transaction.atomic
def request_pull(*, link: Link, actor: User | None) -> Job:
    """Queue a pull of everything, unless one is under way; return the job.

    It reads with the token of `actor`, or with the keeper's if they have none.
    """
    # Of two people who ask at once, the second finds the first one's job.
    lock_all(Link.objects.filter(pk=link.pk))
    return unfinished_pull(link) or _enqueue_pull(link, actor)


def _enqueue_pull(link: Link, actor: User | None) -> Job:
    return enqueue(
        workspace=link.workspace,
        kind=Job.Kind.PULL,
        title=f"Pull from {link}",
        subject_id=link.pk,
        actor=actor,
    )


def start_pulls() -> int:
    """Queue a pull for each link that was last pulled an hour ago; return how many.

    Called by workers at each sweep. A pull that failed is queued again an hour later.
    """
    moment = timezone.now() - PULL_EVERY
    return sum(_start_pull(link) for link in links_to_pull(moment))


@transaction.atomic
def _start_pull(link: Link) -> bool:
    lock_all(Link.objects.filter(pk=link.pk))
    # Read again under the lock: two workers that sweep at once queue one job.
    if not links_to_pull(timezone.now() - PULL_EVERY).filter(pk=link.pk).exists():
        return False
    _enqueue_pull(link, None)
    return True


def _tell(verb: Verb, link: Link, actor: User) -> None:
    record(
        workspace=link.workspace,
        verb=verb,
        noun="link",
        target_id=link.pk,
        target_name=str(link),
        actor=actor,
    )
