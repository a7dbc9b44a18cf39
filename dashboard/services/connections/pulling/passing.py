"""What one pull shares: the link, the server, the job, and what it has met so far."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from dashboard.models import Link, Twin
from dashboard.queries.connections.twins import twins_there
from dashboard.remote import Server
from dashboard.services.connections.fields import Noun
from dashboard.services.connections.overruled import tell_overruled
from dashboard.services.jobs.jobs import Handle
from dashboard.services.row_locks import lock_all

ROWS_AT_ONCE: Final = 200
TOLD: Final = 3  # sentences about what failed; the rest is counted

T = TypeVar("T")


class Seen:
    """The ids that the other server listed, by noun.

    In a file that SQLite deletes itself: a mirror may have millions, and a column of the twins
    would be written for all of them at every pull.
    """

    def __init__(self) -> None:
        self._ids = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._ids.execute("PRAGMA journal_mode = OFF")
        self._ids.execute("CREATE TABLE seen (noun, id, PRIMARY KEY (noun, id)) WITHOUT ROWID")

    def add(self, noun: str, ids: Iterable[str]) -> None:
        """Remember ids."""
        rows = [(noun, one) for one in ids]
        self._ids.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)

    def missing(self, noun: str, ids: Collection[str]) -> set[str]:
        """Return those of the ids that were not listed."""
        marks = ", ".join("?" * len(ids))
        asked = f"SELECT id FROM seen WHERE noun = ? AND id IN ({marks})"  # noqa: S608  only marks
        return set(ids) - {row[0] for row in self._ids.execute(asked, (noun, *ids))}

    def close(self) -> None:
        """Delete the file."""
        self._ids.close()


@dataclass
class Pull:
    """One pull of everything, or without `handle` of one thing."""

    link: Link
    server: Server
    handle: Handle | None = None
    began: datetime = field(default_factory=timezone.now)
    seen: Seen = field(default_factory=Seen)
    counts: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)
    # A type that cannot be exclusive yet, because memberships there have not been pulled.
    postponed: set[str] = field(default_factory=set)
    total: int = 0  # images there when the pull began
    met: int = 0  # of these, so many are done with
    _told: list[tuple[str, UUID, str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """Return the workspace here."""
        return self.link.workspace

    @contextmanager
    def writing(self, **progress: Any) -> Iterator[None]:
        """Write a page in one transaction, and its progress with it.

        The link is the first lock: a pull of everything, one of a single thing and the outbox write
        twins one after another.
        """
        self._told.clear()
        counted, failed = self.counts.copy(), self.failed.copy()
        try:
            with transaction.atomic():
                if not lock_all(Link.objects.filter(pk=self.link.pk)):
                    raise Link.DoesNotExist("The link was ended in the meantime.")
                yield
                for told in self._told:
                    self._record(*told)
                if self.handle is not None:
                    # The fence: it raises `LeaseLost` before anything is committed.
                    self.handle.report(**(progress or {"step": self.handle.job.step}))
        # Any error: what is rolled back was not done.
        except BaseException:
            self.counts, self.failed = counted, failed
            raise

    def overruled(
        self, noun: str, local_id: UUID, name: str, ours: dict[str, Any], theirs: dict[str, Any]
    ) -> None:
        """Tell in the activity, after all locks, that both changed a thing and theirs holds."""
        self._told.append((noun, local_id, name, ours, theirs))

    def fail(self, noun: str, sentence: str) -> None:
        """Count a thing that could not be pulled; the next pull tries it again."""
        self.failed[noun] += 1
        if len(self.sentences) < TOLD and sentence not in self.sentences:
            self.sentences.append(sentence)

    def tick(self) -> None:
        """Stop now and then if the job should."""
        if self.handle is not None:
            self.handle.tick(step=self.handle.job.step)

    def begin(self, step: str, fraction: float) -> None:
        """Tell what is done next."""
        if self.handle is not None:
            self.handle.report(step=step, fraction=fraction)
            self.handle.check()

    def _record(
        self, noun: str, local_id: UUID, name: str, ours: dict[str, Any], theirs: dict[str, Any]
    ) -> None:
        tell_overruled(
            workspace=self.workspace,
            noun=noun,
            local_id=local_id,
            name=name,
            ours=ours,
            theirs=theirs,
        )


def portions(rows: Iterable[T], size: int = ROWS_AT_ONCE) -> Iterator[list[T]]:
    """Yield rows in lists of at most `size`."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


def new_ids(link: Link, noun: Noun, remote_ids: Sequence[str]) -> dict[str, UUID]:
    """Return the ids that new things get here: that of the other side, if no row has it."""
    wanted = {one: _as_uuid(one) or _derived(link, noun, one) for one in remote_ids}
    # Of all workspaces: an id is unique in its table, and the other side may be this server.
    taken = set(noun.model.objects.filter(pk__in=wanted.values()).values_list("pk", flat=True))
    others = {one: _derived(link, noun, one) for one, key in wanted.items() if key in taken}
    taken |= set(noun.model.objects.filter(pk__in=others.values()).values_list("pk", flat=True))
    found = wanted | others
    return {one: uuid4() if key in taken else key for one, key in found.items()}


def _as_uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() and found.version == 4 else None


def _derived(link: Link, noun: Noun, remote_id: str) -> UUID:
    """Return the same id in every attempt, so that a second one writes the same files."""
    text = f"{link.pk} {noun.name} {remote_id}"
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)


def known_ids(link: Link, references: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Return the ids here of things there, by noun and id there."""
    by_noun: dict[str, set[str]] = {}
    for noun, remote_id in references:
        by_noun.setdefault(noun, set()).add(remote_id)
    return {
        (noun, remote_id): twin.local_id
        for noun, remote_ids in by_noun.items()
        for remote_id, twin in twins_there(link, noun, remote_ids).items()
    }


def not_later(moment: datetime | None) -> datetime:
    """Return when a thing was created there; now, if that is unknown or in the future."""
    now = timezone.now()
    return now if moment is None else min(now, moment)


def new_base(base: Mapping[str, Any], theirs: Mapping[str, Any], kept: Collection[str]) -> Any:
    """Return what both sides have now; of `kept` fields, ours is still to be sent."""
    return {**base, **{name: value for name, value in theirs.items() if name not in kept}}


def add_twins(twins: Sequence[Twin]) -> None:
    """Insert twins."""
    Twin.objects.bulk_create(twins, batch_size=ROWS_AT_ONCE)
