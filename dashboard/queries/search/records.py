"""Reading the records of collections."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from dashboard.models import Collection, Record
from dashboard.queries.pages import PAGE_SIZE, Page, page_by_id

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


def record_page(collection: Collection, cursor: str = "", size: int = PAGE_SIZE) -> Page[Record]:
    """Read one page of records without their vectors, newest first. Raises `BadCursor`."""
    return page_by_id(records_in(collection), cursor, size, newest_first=True)


def vector_of(record: Record) -> NDArray[np.float32]:
    """Return a record's descriptor (dimension,)."""
    return np.frombuffer(bytes(record.vector), "<f4")


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


def all_ids(collection: Collection) -> set[int]:
    """Return the row ids of all the collection's records."""
    return set(Record.objects.filter(collection=collection).values_list("pk", flat=True))


def ids_there(collection: Collection, ids: Sequence[int]) -> set[int]:
    """Return those of the row ids, and perhaps others, that are the collection's."""
    if len(ids) > AT_ONCE:  # all at once: naming so many takes longer
        return all_ids(collection)
    rows = Record.objects.filter(collection=collection, pk__in=ids)
    return set(rows.values_list("pk", flat=True))


def portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a list into pieces that one statement can take."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def texts_in(collection: Collection, start: int, end: int) -> list[TextRow]:
    """Return a stretch of a collection's records, first comer first."""
    found = _with_text(collection).order_by("pk").values_list("pk", "key", "text")[start:end]
    return [TextRow(*row) for row in found]


def texts_since(collection: Collection, generation: int) -> Iterator[TextRow]:
    """Yield the records that were written since a generation."""
    rows = _with_text(collection).filter(generation__gt=generation)
    found = rows.values_list("pk", "key", "text").iterator(chunk_size=AT_ONCE)
    return (TextRow(*row) for row in found)


def newest_generation(collection: Collection) -> tuple[int, int]:
    """Return the collection's generation, and how many records it had then.

    Raises `Collection.DoesNotExist`.
    """
    rows = Collection.objects.filter(pk=collection.pk)
    return rows.values_list("generation", "records_count").get()


def written_since(collection: Collection, generation: int) -> Iterator[Sequence[Row]]:
    """Yield the records that were written since a generation, in batches; by age, if new."""
    rows = _with_text(collection)
    if generation < 0:
        rows = rows.order_by("pk")
    else:  # by the index that finds them; new rows come by age here, too
        rows = rows.filter(generation__gt=generation).order_by("generation", "pk")
    return _batches(rows.values_list("pk", "key", "text", "vector").iterator(chunk_size=AT_ONCE))


def _batches(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _with_text(collection: Collection) -> QuerySet[Any]:
    rows = Record.objects.filter(collection=collection)
    return rows.annotate(text=Cast("fields", TextField()))
