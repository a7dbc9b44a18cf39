"""What each process holds of a collection's records, kept current, and filters asked of it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import numpy as np
import orjson

from dashboard.engine.index import ExactIndex, Rows
from dashboard.index.shared_lock import SharedLock
from dashboard.models import Collection
from dashboard.queries.search.filters import Filter
from dashboard.queries.search.records import (
    Row,
    TextRow,
    all_ids,
    ids_there,
    newest_generation,
    texts_since,
    written_since,
)
from dashboard.runtime import Cache

# What goes is read again at its next use.
COLLECTIONS_HELD = 32
COLLECTIONS_WEIGH = 1 << 30  # bytes, of all that are held beside the newest


class Records:
    """The records of a collection as of a generation, brought up to date by each search.

    `texts` has each record's key and its fields as JSON, which takes a tenth of the memory that
    objects would. Ids are record rows. Share `lock` while you use any of it, have it alone to
    change it. Hold `refreshing` while you read what was written since `generation`.
    """

    def __init__(self, dimension: int) -> None:
        self.index = ExactIndex(dimension)
        self.texts: dict[int, tuple[str, str]] = {}
        self.generation = -1
        self.letters = 0
        self.lock = SharedLock()
        self.refreshing = threading.Lock()

    def put(self, ids: list[int], rows: Rows, texts: list[tuple[str, str]]) -> None:
        """Add records, or put them in place of what is held under the same ids."""
        self.index.add(ids, rows)
        for one, text in zip(ids, texts, strict=True):
            self.letters += len(text[1]) - len(self.texts.get(one, ("", ""))[1])
            self.texts[one] = text

    def drop(self, ids: set[int]) -> None:
        """Forget records."""
        self.index.remove(ids)
        for one in ids:
            self.letters -= len(self.texts.pop(one, ("", ""))[1])

    def weigh(self) -> int:
        """Return about how many bytes this takes."""
        # Four bytes a float32; 500 for the objects around a record.
        return self.letters + len(self.texts) * (4 * self.index.dimension + 500)


_records: Cache[UUID, Records] = Cache(COLLECTIONS_HELD, Records.weigh, COLLECTIONS_WEIGH)


def memory_of(collection: Collection) -> Records:
    """Return what this process holds of a collection, as it stands; empty at first."""
    return _records.get(collection.id, partial(Records, collection.version.dimension or 0))


@contextmanager
def held_records(collection: Collection) -> Iterator[Records]:
    """Give what this process holds of a collection, unchanged until the block ends.

    Everything that was committed before the call is in it. A thread that misses something reads
    it, or waits for the thread that does; one that misses nothing waits for neither. Ask nothing
    slow, and nothing of the database, in the block: a refresh waits for it.
    """
    held = memory_of(collection)
    _refresh(held, collection)
    with held.lock.shared():
        yield held


def _refresh(held: Records, collection: Collection) -> None:
    """Read what was written since the generation that is held.

    The collection's row is read first: whatever is committed later is read again next time. What
    was deleted shows in the count, and then ids alone are read.
    """
    generation, count = newest_generation(collection)
    if generation <= held.generation:
        return
    with held.refreshing:
        # Asked again: the thread that was here before may have read the same rows.
        if generation <= held.generation:
            return
        for changed in written_since(collection, held.generation):
            _put(held, changed)
        if len(held.texts) != count:
            gone = set(held.texts).difference(all_ids(collection))
            with held.lock.alone():
                held.drop(gone)
        held.generation = generation


def _put(held: Records, batch: Sequence[Row]) -> None:
    # Read before the lock is taken: searches of what is held do not wait for it.
    rows = np.frombuffer(b"".join(bytes(row[3]) for row in batch), "<f4").reshape(len(batch), -1)
    ids, texts = [row[0] for row in batch], [(row[1], row[2]) for row in batch]
    with held.lock.alone():
        held.put(ids, rows, texts)


def matching_ids(collection: Collection, matches: Filter | None) -> list[int]:
    """Return the row ids of the records whose fields match, first comer first."""
    if matches is not None:
        return sorted(matching(collection, matches).texts)
    with held_records(collection) as held:
        return sorted(held.texts)


def matching_texts(collection: Collection, matches: Filter, start: int, end: int) -> list[TextRow]:
    """Return a stretch of the records whose fields match, first comer first."""
    texts = matching(collection, matches).texts
    rows = [TextRow(one, *texts[one]) for one in sorted(texts)[start:end]]
    there = ids_there(collection, [row.pk for row in rows])
    return [row for row in rows if row.pk in there]


@dataclass(frozen=True)
class Matching:
    """Key and fields of the records that matched, by row id, as of a generation or later."""

    texts: dict[int, tuple[str, str]]
    generation: int


def matching(collection: Collection, matches: Filter) -> Matching:
    """Return the records whose fields match; `_id` is a field of each. Raises `TooMuchWork`.

    The filter is asked outside of the lock, so that nobody waits for a slow one.
    """
    with held_records(collection) as held:
        ids, texts, generation = list(held.texts), list(held.texts.values()), held.generation
    pairs = zip(ids, texts, strict=True)
    return Matching({one: text for one, text in pairs if _match(matches, *text)}, generation)


def still_matching(collection: Collection, found: Matching, matches: Filter) -> list[int]:
    """Return the row ids of what was found, judged again where something was written since.

    A caller that holds the collection's row gets what holds until the commit, without asking a slow
    filter of all records meanwhile.
    """
    ids = set(found.texts)
    for row in texts_since(collection, found.generation):
        if _match(matches, row.key, row.fields):
            ids.add(row.pk)
        else:
            ids.discard(row.pk)
    return sorted(ids)


def _match(matches: Filter, key: str, text: str) -> bool:
    matches.count_reading(len(text))
    fields = orjson.loads(text)
    fields["_id"] = key
    return matches(fields)
