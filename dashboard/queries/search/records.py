"""Reading the records of collections, and what each process holds of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from dashboard import runtime
from dashboard.models import Collection, Record
from dashboard.queries.pages import PAGE_SIZE, Page, page_by_id
from dashboard.queries.search.filters import Filter

Row = tuple[int, str, Any, bytes | memoryview]  # id, key, fields as JSON, vector


class TextRow(NamedTuple):
    """A record without its vector, the fields as JSON: a model takes many times as long."""

    pk: int
    key: str
    fields: str


AT_ONCE = 5000  # a statement takes only so many parameters, and memory so many vectors


def records_in(collection: Collection) -> QuerySet[Record]:
    """Return a collection's records without their vectors, first comer first."""
    return Record.objects.filter(collection=collection).defer("vector").order_by("pk")


def known_keys(collection: Collection, keys: Sequence[str]) -> set[str]:
    """Return which of the keys the collection has."""
    rows = Record.objects.filter(collection=collection)
    return {
        key
        for some in portions(keys)
        for key in rows.filter(key__in=some).values_list("key", flat=True)
    }


def records_by_key(collection: Collection, keys: Sequence[str]) -> dict[str, Record]:
    """Return the records with these keys, vectors included."""
    rows = Record.objects.filter(collection=collection)
    return {row.key: row for some in portions(keys) for row in rows.filter(key__in=some)}


def records_by_id(collection: Collection, ids: Sequence[int]) -> dict[int, Record]:
    """Return the records with these row ids, as far as they are the collection's."""
    rows = records_in(collection)
    return {row.pk: row for some in portions(ids) for row in rows.filter(pk__in=some)}


def texts_in(collection: Collection, start: int, end: int) -> list[TextRow]:
    """Return a stretch of a collection's records, first comer first."""
    rows = Record.objects.filter(collection=collection).annotate(text=Cast("fields", TextField()))
    found = rows.order_by("pk").values_list("pk", "key", "text")[start:end]
    return [TextRow(*row) for row in found]


def matching_texts(collection: Collection, matches: Filter, start: int, end: int) -> list[TextRow]:
    """Return a stretch of the records whose fields match, first comer first."""
    texts = matching(collection, matches).texts
    rows = [TextRow(one, *texts[one]) for one in sorted(texts)[start:end]]
    there = ids_there(collection, [row.pk for row in rows])
    return [row for row in rows if row.pk in there]


def ids_there(collection: Collection, ids: Sequence[int]) -> set[int]:
    """Return those of the row ids, and perhaps others, that are the collection's."""
    rows = Record.objects.filter(collection=collection).values_list("pk", flat=True)
    if len(ids) > AT_ONCE:  # all at once: naming so many takes longer
        return set(rows)
    return set(rows.filter(pk__in=ids))


def portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a list into pieces that one statement can take."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def matching_ids(collection: Collection, matches: Filter | None) -> list[int]:
    """Return the row ids of the records whose fields match, first comer first."""
    if matches is not None:
        return sorted(matching(collection, matches).texts)
    with held_records(collection) as held:
        return sorted(held.texts)


@dataclass(frozen=True)
class Matching:
    """Key and fields of the records that matched, by row id, as of a generation."""

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
    rows = Record.objects.filter(collection=collection, generation__gt=found.generation)
    written = rows.annotate(text=Cast("fields", TextField())).values_list("pk", "key", "text")
    ids = set(found.texts)
    for one, key, text in written.iterator(chunk_size=AT_ONCE):
        if _match(matches, key, text):
            ids.add(one)
        else:
            ids.discard(one)
    return sorted(ids)


def _match(matches: Filter, key: str, text: str) -> bool:
    matches.count_reading(len(text))
    fields = orjson.loads(text)
    fields["_id"] = key
    return matches(fields)


@contextmanager
def held_records(collection: Collection) -> Iterator[runtime.Records]:
    """Give what this process holds of a collection, current and locked until the block ends."""
    held = runtime.records(collection.id, collection.version.dimension or 0)
    with held.lock:
        _refresh(held, collection)
        yield held


def _refresh(held: runtime.Records, collection: Collection) -> None:
    """Read what was written since the generation that is held.

    The collection's row is read first: whatever is committed later is read again next time. What
    was deleted shows in the count, and then ids alone are read.
    """
    rows = Collection.objects.filter(pk=collection.pk)
    generation, count = rows.values_list("generation", "records_count").get()
    if generation == held.generation:
        return
    for changed in _changed_since(collection, held.generation):
        _put(held, changed)
    if len(held.texts) != count:
        there = Record.objects.filter(collection=collection).values_list("pk", flat=True)
        held.drop(set(held.texts).difference(there))
    held.generation = generation


def _changed_since(collection: Collection, generation: int) -> Iterator[Sequence[Row]]:
    """Yield the rows in batches, so that they are always held by age."""
    rows = Record.objects.filter(collection=collection).annotate(text=Cast("fields", TextField()))
    if generation < 0:
        rows = rows.order_by("pk")
    else:  # by the index that finds them; new rows come by age here, too
        rows = rows.filter(generation__gt=generation).order_by("generation", "pk")
    values = rows.values_list("pk", "key", "text", "vector").iterator(chunk_size=AT_ONCE)
    batch: list[Row] = []
    for value in values:
        batch.append(value)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _put(held: runtime.Records, batch: Sequence[Row]) -> None:
    vectors = np.frombuffer(b"".join(bytes(row[3]) for row in batch), "<f4")
    ids = [row[0] for row in batch]
    held.put(ids, vectors.reshape(len(batch), -1), [(row[1], row[2]) for row in batch])


def record_page(collection: Collection, cursor: str = "", size: int = PAGE_SIZE) -> Page[Record]:
    """Read one page of records without their vectors, newest first. Raises `BadCursor`."""
    return page_by_id(records_in(collection), cursor, size, newest_first=True)
