"""Search among the records of a collection: in what a process holds, and scoped again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.index.records import Records, held_records, matching
from dashboard.models import Collection, Record
from dashboard.queries.search.filters import Filter
from dashboard.queries.search.records import TextRow, ids_there, records_by_id

# Of two unit vectors that point away from each other.
FARTHEST = 2.0


@dataclass(frozen=True)
class Asked:
    """A descriptor (dimension,) to search with; `own` is the row that it is of, if any."""

    vector: NDArray[np.float32]
    own: int | None = None


@dataclass(frozen=True)
class RecordHit:
    """A record and its cosine distance to the nearest of what was searched with, 0 to 2."""

    record: Record
    distance: float


@dataclass(frozen=True, slots=True)
class TextHit:
    """A record as it is held, fields as JSON, and its distance: there may be 100,000."""

    row: TextRow
    distance: float


def nearest_records(
    collection: Collection,
    asked: Sequence[Asked],
    k: int,
    *,
    radius: float = FARTHEST,
    matches: Filter | None = None,
) -> list[RecordHit]:
    """Return the k records nearest to any of the descriptors, the nearest first.

    None is farther than `radius`, and the fields of all match. A record that is searched with
    comes first, at 0. Memory proposes, the collection's rows decide: what is not there any more,
    or belongs elsewhere, is not shown whatever memory holds.
    """
    # Filtered before the search: the k nearest of all records might hold none that match.
    allowed = None if matches is None else matching(collection, matches).texts
    with held_records(collection) as held:
        nearest = _nearest(held, asked, k, radius, allowed)
    # The database decides: a row that was deleted since memory was refreshed is not shown.
    rows = records_by_id(collection, list(nearest))
    return [RecordHit(rows[one], far) for one, far in nearest.items() if one in rows]


def nearest_texts(
    collection: Collection,
    asked: Sequence[Asked],
    k: int,
    *,
    radius: float = FARTHEST,
    matches: Filter | None = None,
) -> list[TextHit]:
    """Return what `nearest_records` does, without a model for each record."""
    allowed = None if matches is None else matching(collection, matches).texts
    with held_records(collection) as held:
        nearest = _nearest(held, asked, k, radius, allowed)
        # What the filter was asked of is what is shown.
        texts = held.texts if allowed is None else allowed
        rows = [TextRow(one, *texts[one]) for one in nearest]
    there = ids_there(collection, list(nearest))
    return [TextHit(row, nearest[row.pk]) for row in rows if row.pk in there]


def _nearest(
    held: Records,
    asked: Sequence[Asked],
    k: int,
    radius: float,
    allowed: Mapping[int, object] | None,
) -> dict[int, float]:
    """Return the distance of each of the k nearest by its row id, in order."""
    found: dict[int, float] = {}
    for one in asked:
        hits = held.index.search(one.vector, k, allowed, radius)
        for key, distance in zip(hits.ids, hits.distances, strict=True):
            found[int(key)] = min(float(distance), found.get(int(key), FARTHEST))
    for one in asked:
        if one.own is not None and one.own in (held.texts if allowed is None else allowed):
            # Computed in float32 it may be slightly more than 0, and another could come first.
            found[one.own] = 0.0
    own = {one.own for one in asked}
    order = sorted(found, key=lambda one: (found[one], one not in own, one))[:k]
    return {one: found[one] for one in order}
