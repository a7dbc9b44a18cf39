"""Send the changes of a link in the order of the journal, each as who made it.

A change that cannot be sent is held or refused, and so is whatever touches the same things later;
all others are sent. After a kill at any moment, the same comparison finds what is left.
"""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import Membership
from accounts.words import counted
from dashboard import remote
from dashboard.models import Link, Outgoing, Twin
from dashboard.queries.connections.outbox import (
    is_pulled,
    membership_of,
    outgoing_in_order,
    waiting_size,
    who_made,
)
from dashboard.queries.connections.twins import twins_here
from dashboard.remote import Server
from dashboard.services.connections.errors import NoToken, TokenFailed
from dashboard.services.connections.links import server_of, token_refused
from dashboard.services.connections.outbox.cells import FILES, Cells, Thing, cells_of
from dashboard.services.connections.outbox.errors import Rejected, Waits
from dashboard.services.connections.outbox.reading import read_journal
from dashboard.services.connections.outbox.session import Progress, Session
from dashboard.services.connections.outbox.steps import send_cells
from dashboard.services.jobs.jobs import Handle, NotYet

logger = logging.getLogger("likewise.jobs")
ROWS_AT_ONCE: Final = 20
PROBLEM: Final = 500
STEP: Final = "Sending changes"
LATER: Final = (
    remote.Unavailable,
    remote.RateLimited,
    remote.OutcomeUnknown,
    remote.BadAnswer,
    remote.ForbiddenAddress,
)
BEHIND: Final = "It waits for an earlier change of the same thing."


class Later(Exception):
    """The other server does not answer as it should; all that waits is sent later."""


@dataclass
class Sender:
    """One run of the job."""

    link: Link
    handle: Handle
    servers: ExitStack
    progress: Progress = field(default_factory=Progress)
    blocked: set[Thing] = field(default_factory=set)
    sent: int = 0
    stuck: int = 0
    _open: dict[UUID, Server] = field(default_factory=dict)

    def send(self, row: Outgoing) -> None:
        """Send one change, or write down why it cannot be sent. Raises `Later`."""
        if row.state == Outgoing.State.REFUSED:
            self._block(row)
            return
        self.handle.check()
        # What is being created there has no twin yet, and a pull would take it for another one.
        if is_pulled(self.link):
            raise NotYet
        if self._is_blocked(row):
            self._keep(row, Outgoing.State.HELD, BEHIND)
            return
        try:
            self._send(row)
        except (NoToken, TokenFailed, Waits) as reason:
            self._keep(row, Outgoing.State.HELD, self._words(row, reason))
        except (remote.Refused, remote.Forbidden, remote.NotFound, Rejected) as refusal:
            self._refuse(row, str(refusal))
        except LATER as error:
            Outgoing.objects.filter(pk=row.pk).update(problem=str(error)[:PROBLEM])
            raise Later(str(error)) from None

    def _send(self, row: Outgoing) -> None:
        member = membership_of(self.link, who_made(row.change))
        server = self._server(member)
        # Before the first request: if this process is killed after it, the next one looks first.
        Outgoing.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
        again = row.attempts > 0
        session = Session(self.link, server, self.handle, self.progress, again, self.blocked)
        try:
            self._send_all(session, row)
        except remote.Unauthorized:
            if member is None:
                raise
            self._close(member)
            raise token_refused(link=self.link, membership=member) from None
        # Of an upload, each image was counted when it was sent.
        more = 0 if row.change.noun == FILES else row.change.count
        with session.writing(more):
            Outgoing.objects.filter(pk=row.pk).delete()
            # A pull passes over what has a problem, so a refusal that was sent again must not stay.
            self._twins_of(row).update(problem="")
        self.sent += 1

    def _send_all(self, session: Session, row: Outgoing) -> None:
        """Send all portions of a change; raise the first refusal at the end."""
        refusals: list[Rejected] = []
        for cells in cells_of(row.change, self.link):
            try:
                send_cells(session, cells)
            except Rejected as refusal:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]

    def _server(self, member: Membership | None) -> Server:
        if member is None or member.pk not in self._open:
            server = self.servers.enter_context(server_of(self.link, member))
            if member is None:  # `server_of` has raised `NoToken`
                return server
            self._open[member.pk] = server
        return self._open[member.pk]

    def _close(self, member: Membership) -> None:
        self._open.pop(member.pk).close()

    def _words(self, row: Outgoing, reason: Exception) -> str:
        if isinstance(reason, Waits):
            return str(reason)
        who = who_made(row.change)
        if who is None:
            return "The account of the person who made this change was deleted."
        there = self.link.connection
        if isinstance(reason, NoToken):
            return f"{who} has no API token for {there}. It is sent once they enter one."
        return f"The token of {who} for {there} does not work. It is sent once they enter another."

    def _keep(self, row: Outgoing, state: str, problem: str) -> None:
        Outgoing.objects.filter(pk=row.pk).update(state=state, problem=problem[:PROBLEM])
        row.state = state
        self.stuck += 1
        self._block(row)

    def _refuse(self, row: Outgoing, sentence: str) -> None:
        self._twins_of(row).update(problem=sentence[:PROBLEM])
        self._keep(row, Outgoing.State.REFUSED, sentence)

    def _twins_of(self, row: Outgoing) -> QuerySet[Twin]:
        """Return the twin of the thing that a change names, if it names one."""
        change, rows = row.change, Twin.objects.filter(link=self.link)
        if change.target_id is None:
            return rows.none()
        return rows.filter(noun=change.noun, local_id=change.target_id)

    def _is_blocked(self, row: Outgoing) -> bool:
        if not self.blocked:
            return False
        return any(not self.blocked.isdisjoint(one.touched()) for one in self._cells(row))

    def _cells(self, row: Outgoing) -> list[Cells]:
        return list(cells_of(row.change, self.link))

    def _block(self, row: Outgoing) -> None:
        """Remember what must not be sent before this change is.

        Of a refused one with many things, only those that are not as they should be over there.
        """
        for cells in self._cells(row):
            things = set(cells.touched())
            if row.state == Outgoing.State.REFUSED and len(things) > 1:
                things -= self._fine(things)
            self.blocked |= things

    def _fine(self, things: set[Thing]) -> set[Thing]:
        by_noun: dict[str, list[UUID]] = {}
        for noun, one in things:
            by_noun.setdefault(noun, []).append(one)
        return {
            (noun, local_id)
            for noun, ids in by_noun.items()
            for local_id, twin in twins_here(self.link, noun, ids).items()
            if not twin.problem
        }


def run_send(*, link_id: UUID, handle: Handle) -> str:
    """Send what waits, and return the sentence of the outcome."""
    link = Link.objects.select_related("workspace", "connection").filter(pk=link_id).first()
    if link is None:
        return "The link was ended."
    read_journal(link)
    handle.report(step=STEP, done=0, failed=0, total=waiting_size(link))
    with ExitStack() as servers:
        sender = Sender(link, handle, servers)
        try:
            for row in outgoing_in_order(link, ROWS_AT_ONCE):
                sender.send(row)
        except Later as reason:
            logger.warning("job=%s event=send-later", handle.job.pk)
            # `failed` tells who starts the next job that it has to wait.
            handle.report(failed=1)
            return f"{reason} It is tried again automatically."
    return _outcome(sender)


def _outcome(sender: Sender) -> str:
    sentence = f"Sent {counted(sender.sent, 'change')}."
    if not sender.stuck:
        return sentence
    return f"{sentence} Not sent: {counted(sender.stuck, 'change')}, see Connections."
