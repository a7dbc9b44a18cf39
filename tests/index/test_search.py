"""Descriptors as threads see them: what was committed is found, and described once.

Rows are made up: on SQLite, a thread of its own would not see those of a test.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.index import search
from dashboard.index.search import Vectors, held_vectors
from dashboard.runtime import Cache
from tests.index.watched import PATIENCE, watched_lock

WIDTH = 4
WORKSPACE: Any = SimpleNamespace(id=uuid4())


class Rows:
    """The features of a workspace, as the queries read them."""

    def __init__(self, *ids: int) -> None:
        self.ids = list(ids)

    def after(self, _workspace: Any, _encoder: str, after: int) -> list[int]:
        return sorted(one for one in self.ids if one > after)

    def by_id(self, ids: Sequence[int]) -> dict[int, NDArray[np.float16]]:
        return {one: np.full(WIDTH, one, np.float16) for one in ids if one in self.ids}


class Model:
    """A model that notes the ids of what it describes, and may be held up."""

    dimension, encoder = WIDTH, "made-up"

    def __init__(self) -> None:
        self.described: list[int] = []
        self.begun, self.may_end = Event(), Event()
        self.may_end.set()

    def describe(self, features: NDArray[np.float16]) -> NDArray[np.float32]:
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        self.described += features[:, 0].astype(int).tolist()
        return features.astype(np.float32)

    def hold_up(self) -> None:
        self.described.clear()
        self.begun.clear()
        self.may_end.clear()


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    made = Rows(1, 2, 3)
    monkeypatch.setattr(search, "feature_ids_after", made.after)
    monkeypatch.setattr(search, "features_by_id", made.by_id)
    monkeypatch.setattr(search, "_vectors", Cache(search.VECTORS_HELD))
    return made


@pytest.fixture
def model() -> Model:
    return Model()


def found(model: Any) -> list[int]:
    """Search as `nearest` does; gives the ids of all that are found."""
    with held_vectors(WORKSPACE, None, model) as held:
        return sorted(map(int, held.index.search(np.ones(WIDTH), 100).ids))


def memory(model: Any) -> Vectors:
    with held_vectors(WORKSPACE, None, model) as held:
        return held


def test_each_search_adds_what_is_new(rows: Rows, model: Model) -> None:
    assert found(model) == [1, 2, 3]
    rows.ids += [5, 4]
    assert found(model) == [1, 2, 3, 4, 5]
    assert model.described == [1, 2, 3, 4, 5]


def test_many_are_described_in_portions(
    rows: Rows, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROWS_AT_ONCE", 2)
    rows.ids = [1, 2, 3, 4, 5]
    assert found(model) == [1, 2, 3, 4, 5]


def test_a_lower_id_that_was_committed_later_is_found(rows: Rows, model: Model) -> None:
    rows.ids = [1, 900]
    found(model)
    rows.ids.append(500)
    assert found(model) == [1, 500, 900]


def test_rows_that_are_deleted_before_they_are_read_are_passed_over(
    rows: Rows, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "features_by_id", lambda _: {})
    assert found(model) == []
    assert not model.begun.is_set()


class Busy:
    """One thread describes a new row; others search meanwhile."""

    def __init__(self, rows: Rows, model: Model, pool: ThreadPoolExecutor) -> None:
        self.door = watched_lock()
        memory(model).refreshing = self.door
        model.hold_up()
        rows.ids.append(4)
        self._model, self._pool = model, pool
        self.first = self.search()
        assert model.begun.wait(PATIENCE)
        self.door.asked.clear()

    def search(self) -> "Future[list[int]]":
        return self._pool.submit(found, self._model)


Begin = Callable[[], Busy]


@pytest.fixture
def begin(rows: Rows, model: Model) -> Any:
    with ThreadPoolExecutor(3) as pool:
        yield lambda: Busy(rows, model, pool)
        model.may_end.set()


def test_a_search_that_misses_nothing_does_not_wait(
    rows: Rows, model: Model, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began before the new row was committed, so its list of rows is the old one."""
    busy = begin()
    monkeypatch.setattr(search, "feature_ids_after", lambda *_: [1, 2, 3])
    assert busy.search().result(PATIENCE) == [1, 2, 3]
    assert not busy.first.done()
    model.may_end.set()
    assert busy.first.result(PATIENCE) == [1, 2, 3, 4]


def test_a_search_waits_for_rows_that_were_committed_before_it(model: Model, begin: Begin) -> None:
    busy = begin()
    second = busy.search()
    assert busy.door.asked.wait(PATIENCE)
    assert not second.done()
    model.may_end.set()
    assert second.result(PATIENCE) == busy.first.result(PATIENCE) == [1, 2, 3, 4]
    assert model.described == [4]  # once, though both missed it
    assert len(memory(model).index) == 4


def test_one_that_waited_describes_what_is_still_missing(
    rows: Rows, model: Model, begin: Begin
) -> None:
    busy = begin()
    rows.ids.append(5)
    second = busy.search()
    assert busy.door.asked.wait(PATIENCE)
    model.may_end.set()
    assert busy.first.result(PATIENCE)
    assert second.result(PATIENCE) == [1, 2, 3, 4, 5]
    assert model.described == [4, 5]


def test_after_an_error_the_next_search_describes_the_rows(
    rows: Rows, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Any:
        raise OSError("the database is away")

    found(model)
    rows.ids.append(4)
    with monkeypatch.context() as broken:
        broken.setattr(search, "features_by_id", fail)
        with pytest.raises(OSError, match="away"):
            found(model)
    assert found(model) == [1, 2, 3, 4]
