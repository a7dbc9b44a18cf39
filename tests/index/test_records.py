"""Records as processes and threads see them: what is written is found, what is gone is not."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.index import records
from dashboard.index.record_search import Asked, nearest_records
from dashboard.index.records import Records, held_records, matching_ids, memory_of
from dashboard.models import Collection, Record
from dashboard.queries.search.filters import parse
from dashboard.queries.search.records import vector_of
from dashboard.runtime import Cache
from dashboard.services.search.collections import delete_collection
from dashboard.services.search.records import delete_matching, delete_records, update_records
from tests.factories import Cast, made_up_row, make_collection, make_records
from tests.index.watched import PATIENCE, watched_lock

Process = Cache[Any, Records]


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold nothing of other tests."""
    monkeypatch.setattr(records, "_records", process())


@pytest.fixture
def collection(cast: Cast) -> Collection:
    return make_collection(cast.workspace)


def process() -> Process:
    """Make what another process would hold."""
    return Cache(records.COLLECTIONS_HELD)


def found(collection: Collection, key: str, k: int = 100) -> list[str]:
    asked = Asked(made_up_row(key, collection.version.dimension or 0))
    return [hit.record.key for hit in nearest_records(collection, [asked], k)]


KEYS = st.sampled_from("abcdefg")
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "update", "match"]), st.lists(KEYS, max_size=4))
    | st.tuples(st.just("look"), st.integers(0, 1)),
    max_size=14,
)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_every_process_sees_every_write_at_its_next_look(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, steps: Any
) -> None:
    """Write in any order; two processes look now and then, and at the end."""
    collection = make_collection(cast.workspace, task=_task(cast))
    processes, plain = [process(), process()], {}
    for number, (step, values) in enumerate([*steps, ("look", 0), ("look", 1)]):
        if step == "look":
            monkeypatch.setattr(records, "_records", processes[values])
            _check(collection, plain)
        else:
            _write(cast, collection, plain, number, step, values)
    collection.refresh_from_db()
    assert (
        collection.records_count
        == len(plain)
        == Record.objects.filter(collection=collection).count()
    )


def _task(cast: Cast) -> Any:
    there = Collection.objects.filter(workspace=cast.workspace).first()
    return there.task if there else make_collection(cast.workspace).task


def _write(
    cast: Cast, collection: Collection, plain: dict[str, Any], number: int, step: str, keys: Any
) -> None:
    if step == "add":
        make_records(collection, *dict.fromkeys(keys), n=number)
        for key in keys:
            plain.setdefault(key, {"name": key, "n": number})
    elif step == "update":
        changes = {key: {"n": number} for key in keys}
        update_records(collection=collection, changes=changes, actor=cast.bob)
        plain.update({key: plain[key] | {"n": number} for key in keys if key in plain})
    else:
        keys = list(dict.fromkeys(keys))
        if step == "delete":
            delete_records(collection=collection, keys=keys, actor=cast.bob)
        else:
            matches = parse({"name": {"$in": keys}})
            delete_matching(collection=collection, matches=matches, actor=cast.bob)
        for key in keys:
            plain.pop(key, None)


def _check(collection: Collection, plain: dict[str, Any]) -> None:
    assert sorted(found(collection, "a")) == sorted(plain)
    for value in {fields["n"] for fields in plain.values()}:
        ids = matching_ids(collection, parse({"n": value}))
        keys = Record.objects.filter(pk__in=ids).values_list("key", flat=True)
        assert set(keys) == {key for key in plain if plain[key]["n"] == value}
    with held_records(collection) as held:
        assert len(held.index) == len(held.texts) == len(plain)
        assert held.letters == sum(len(text) for _, text in held.texts.values())


def test_only_what_is_new_is_read(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    make_records(collection, *"abcde")
    found(collection, "a")
    held = memory_of(collection)
    put: list[int] = []
    monkeypatch.setattr(Records, "put", lambda self, ids, *_: put.extend(ids), raising=True)
    found(collection, "a")
    assert (put, held.generation) == ([], 1)
    (new,) = make_records(collection, "f")
    found(collection, "a")
    assert put == [new.pk]


def test_memory_is_bounded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_collection(cast.workspace)
    second = make_collection(cast.workspace, task=first.task)
    for one in (first, second):
        make_records(one, *"abc")
    weight = 3 * (4 * (first.version.dimension or 0) + 500)
    held: Process = Cache(10, Records.weigh, 2 * weight)
    monkeypatch.setattr(records, "_records", held)
    found(first, "a")
    found(second, "a")
    assert set(held._values) == {first.id, second.id}
    assert found(first, "a")  # they weigh more than that: the older one goes
    assert set(held._values) == {first.id}
    assert found(second, "b")[0] == "b"


def test_the_vectors_that_were_stored_are_those_that_are_searched(collection: Collection) -> None:
    (row,) = make_records(collection, "a")
    expected = made_up_row("a", collection.version.dimension or 0)
    np.testing.assert_array_equal(vector_of(row), expected)
    with held_records(collection) as held:
        np.testing.assert_array_equal(held.index._rows[0], expected)


def test_a_collection_that_is_gone(collection: Collection, cast: Cast) -> None:
    make_records(collection, "a")
    found(collection, "a")
    delete_collection(collection=collection, actor=cast.alice)
    collection.pk = collection.id
    with pytest.raises(Collection.DoesNotExist):
        found(collection, "a")
    with pytest.raises(Collection.DoesNotExist):
        delete_records(collection=collection, keys=["a"], actor=cast.bob)


# Threads


class Busy:
    """One thread reads what was written since; others search meanwhile.

    Rows are made up: on SQLite, a thread of its own would not see those of a test.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor) -> None:
        self.generation, self.ids = 1, [1, 2]
        self.read: list[int] = []
        self.begun, self.may_end = Event(), Event()
        self._pool = pool
        self._collection: Any = SimpleNamespace(id=uuid4(), version=SimpleNamespace(dimension=1))
        monkeypatch.setattr(records, "newest_generation", self._newest)
        monkeypatch.setattr(records, "written_since", self._since)
        monkeypatch.setattr(records, "all_ids", lambda _: set(self.ids))
        self.door = watched_lock()
        memory_of(self._collection).refreshing = self.door
        self.may_end.set()
        self._look()
        self.may_end.clear()
        self.begun.clear()

    def write(self, *ids: int) -> None:
        """Replace the records, in a new generation."""
        self.generation, self.ids = self.generation + 1, list(ids)

    def look(self) -> "Future[list[int]]":
        return self._pool.submit(self._look)

    def _look(self) -> list[int]:
        with held_records(self._collection) as held:
            return sorted(map(int, held.index.search(np.ones(1), 100).ids))

    def _newest(self, _: Any) -> tuple[int, int]:
        return self.generation, len(self.ids)

    def _since(self, _: Any, generation: int) -> Any:
        self.read.append(generation)
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        yield [(one, str(one), "{}", np.float32(1).tobytes()) for one in self.ids]


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    with ThreadPoolExecutor(3) as pool:
        made = Busy(monkeypatch, pool)
        yield made
        made.may_end.set()


def test_a_search_that_misses_nothing_does_not_wait(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the generation before something was written, so what is held is enough."""
    busy.write(2, 3)
    first = busy.look()
    assert busy.begun.wait(PATIENCE)
    monkeypatch.setattr(records, "newest_generation", lambda _: (1, 2))
    assert busy.look().result(PATIENCE) == [1, 2]
    assert not first.done()
    busy.may_end.set()
    assert first.result(PATIENCE) == [2, 3]


def test_a_search_waits_for_records_that_were_written_before_it(busy: Busy) -> None:
    busy.write(2, 3)
    first = busy.look()
    assert busy.begun.wait(PATIENCE)
    busy.door.asked.clear()
    second = busy.look()
    assert busy.door.asked.wait(PATIENCE)
    assert not second.done()
    busy.may_end.set()
    assert second.result(PATIENCE) == first.result(PATIENCE) == [2, 3]
    assert busy.read == [-1, 1]  # once each, though both missed the second generation
