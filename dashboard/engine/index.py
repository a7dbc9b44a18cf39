"""Search descriptors: a small interface, and the exact scan that implements it."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Id: TypeAlias = int | str
Rows: TypeAlias = NDArray[np.float32]

SLACK = 1e-5  # more than float32 can be wrong about a cosine


class Hits(NamedTuple):
    """Results, nearest first: ids, and cosine distances from 0 (equal) to 2."""

    ids: list[Id]
    distances: NDArray[np.float64]


class Index(Protocol):
    """The interface of every index; ids are integers or strings, rows are of unit length."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def add(self, ids: Sequence[Id], rows: Rows) -> None:
        """Add rows (n, d); an existing id gets the new row."""
        ...

    def remove(self, ids: Iterable[Id]) -> None:
        """Remove rows; unknown ids are not an error."""
        ...

    def search(
        self,
        query: NDArray[np.floating],
        k: int,
        allowed: Collection[Id] | None = None,
        radius: float = 2.0,
    ) -> Hits:
        """Return the k nearest of the allowed ids to one query (d,); no `allowed` allows all.

        None is farther than `radius`. Rows at the same distance are in the order in which their ids
        were first added.
        """
        ...


class ExactIndex:
    """Compares a query with every row: nothing to build, nothing missed, fast to 200,000 rows.

    Searching from several threads is safe, but not while one adds or removes.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._rows: Rows = np.empty((0, dimension), np.float32)
        self._age: NDArray[np.int64] = np.empty(0, np.int64)
        self._ids: list[Id] = []
        self._place: dict[Id, int] = {}
        self._added = 0

    @classmethod
    def build(cls, ids: Sequence[Id], rows: Rows) -> "ExactIndex":
        """Return an index of rows (n, d)."""
        index = cls(rows.shape[1])
        index.add(ids, rows)
        return index

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._ids)

    def has(self, one: Id) -> bool:
        """Return whether the index has an id."""
        return one in self._place

    def add(self, ids: Sequence[Id], rows: Rows) -> None:
        """Add rows (n, d); an existing id gets the new row and keeps its age."""
        if rows.shape != (len(ids), self.dimension):
            raise ValueError(f"{len(ids)} ids, rows {rows.shape}, dimension {self.dimension}.")
        self._make_room(len(ids))
        for one, row in zip(ids, rows, strict=True):
            place = self._place.get(one)
            if place is None:
                place = self._append(one)
            self._rows[place] = row

    def _make_room(self, more: int) -> None:
        """Grow by half at least, so that adding one by one stays cheap."""
        needed = len(self) + more
        if needed > len(self._rows):
            extra = max(needed, len(self._rows) * 3 // 2) - len(self._rows)
            self._rows = np.concatenate([self._rows, np.empty((extra, self.dimension), np.float32)])
            self._age = np.concatenate([self._age, np.zeros(extra, np.int64)])

    def _append(self, one: Id) -> int:
        place = self._place[one] = len(self._ids)
        self._ids.append(one)
        self._age[place] = self._added
        self._added += 1
        return place

    def remove(self, ids: Iterable[Id]) -> None:
        """Remove rows; the last row moves into the gap."""
        for one in ids:
            place = self._place.pop(one, None)
            if place is None:
                continue
            last = self._ids.pop()
            if last != one:
                self._ids[place], self._place[last] = last, place
                self._rows[place] = self._rows[len(self._ids)]
                self._age[place] = self._age[len(self._ids)]

    def search(
        self,
        query: NDArray[np.floating],
        k: int,
        allowed: Collection[Id] | None = None,
        radius: float = 2.0,
    ) -> Hits:
        """Return the k nearest of the allowed ids to one query (d,) within the radius, exactly.

        A fast scan in float32 selects all candidates; these are compared again in float64, each by
        itself, so that equal rows are at equal distances.
        """
        places = self._places(allowed)
        wide = np.asarray(query, np.float64)
        if wide.shape != (self.dimension,):
            raise ValueError(f"A query of shape {wide.shape}, dimension {self.dimension}.")
        k = min(k, len(places))
        if k < 1:
            return Hits([], np.empty(0))
        near = places[self._candidates(places, wide, k, radius)]
        distances = (1 - (self._rows[near] * wide).sum(axis=1)).clip(0, 2)
        order = np.lexsort([self._age[near], distances])[:k]
        order = order[distances[order] <= radius]
        return Hits([self._ids[place] for place in near[order]], distances[order])

    def _places(self, allowed: Collection[Id] | None) -> NDArray[np.intp]:
        if allowed is None:
            return np.arange(len(self))
        found = {self._place[one] for one in allowed if one in self._place}
        return np.fromiter(sorted(found), np.intp, len(found))

    def _candidates(
        self, places: NDArray[np.intp], query: NDArray[np.float64], k: int, radius: float
    ) -> NDArray[np.intp]:
        """Return the positions in `places` whose float32 cosine is near the k best."""
        rows = self._rows[: len(self)] if len(places) == len(self) else self._rows[places]
        closeness = rows @ query.astype(np.float32)
        kth = np.partition(closeness, len(places) - k)[len(places) - k]
        return np.flatnonzero(closeness >= max(kth, 1 - radius) - SLACK)
