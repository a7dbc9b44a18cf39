"""What sending shares: the link, one member's server, the job, and how results are written."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from dashboard.models import Link, Twin
from dashboard.queries.connections.twins import find_twin, twins_here
from dashboard.remote import Server
from dashboard.services.connections.fields import NOUNS, Values
from dashboard.services.connections.outbox.errors import Rejected, Waits
from dashboard.services.connections.pulling.passing import known_ids
from dashboard.services.jobs.jobs import Handle
from dashboard.services.row_locks import lock_all

WORDS = {"object": "region", "type": "similarity type"}


@dataclass(frozen=True)
class KnownIds:
    """The ids over there that are known to be older than what is created, read as needed."""

    link: Link
    noun: str

    def __contains__(self, remote_id: object) -> bool:
        """Say whether a thing over there has a twin here."""
        rows = Twin.objects.filter(link=self.link, noun=self.noun, remote_id=str(remote_id))
        return rows.exists()


@dataclass
class Progress:
    """How many things the job has sent, over all its changes."""

    done: int = 0


@dataclass
class Session:
    """One change that is sent with the token of who made it.

    `again` is set if an earlier attempt may have reached the other server: then a thing is looked
    for before it is created.
    """

    link: Link
    server: Server
    handle: Handle
    progress: Progress
    again: bool = False
    # What earlier changes must create or change first, perhaps with another member's token.
    blocked: Collection[tuple[str, UUID]] = frozenset()

    @contextmanager
    def writing(self, more: int = 0) -> Iterator[None]:
        """Write what the other server has answered, in one transaction with the progress.

        The link is the first lock, as in a pull: both write twins, one after another.
        """
        done = self.progress.done + more
        total = max(self.handle.job.total, done)
        with transaction.atomic():
            if not lock_all(Link.objects.filter(pk=self.link.pk)):
                raise Link.DoesNotExist("The link was ended in the meantime.")
            yield
            # The fence: it raises `LeaseLost` before anything is committed.
            self.handle.report(done=done, total=total, fraction=done / total if total else 0.0)
        self.progress.done = done

    def twin(self, noun: str, local_id: UUID) -> Twin | None:
        """Return the twin of a thing here, or None."""
        return find_twin(self.link, noun, local_id)

    def remote_id(self, noun: str, local_id: UUID) -> str:
        """Return the id over there. Raises `Waits` if the other server lacks the thing."""
        twin = self.twin(noun, local_id)
        if twin is None:
            raise Waits(f"It waits for a {WORDS.get(noun, noun)} that is not on the other server.")
        return twin.remote_id

    def remote_ids(self, noun: str, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Return the ids over there of those that have a twin."""
        found = twins_here(self.link, noun, list(ids))
        return {local_id: twin.remote_id for local_id, twin in found.items()}

    def theirs(self, noun: str, thing: Any) -> Values:
        """Return the fields of a thing over there, with our ids."""
        kind = NOUNS[noun]
        return kind.theirs(thing, known_ids(self.link, kind.refers(thing)))

    def add_twin(self, noun: str, local_id: UUID, remote_id: str, base: Values) -> Twin:
        """Write that both sides have a thing. Call it in `writing`; raises `Rejected`.

        The same answer may have been written before: then that twin is returned.
        """
        there = Twin.objects.filter(link=self.link, noun=noun, remote_id=remote_id).first()
        if there is not None and there.local_id != local_id:
            raise Rejected("The other server has this already, as another one of this workspace.")
        return there or Twin.objects.create(
            link=self.link, noun=noun, local_id=local_id, remote_id=remote_id, base=base
        )
