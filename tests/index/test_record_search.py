"""Search with a filter: nobody waits for it, and a write judges again what it found."""

from typing import Any

import pytest
from django.db import connection

from dashboard.index.record_search import Asked, nearest_records, nearest_texts
from dashboard.index.records import matching_ids, matching_texts, memory_of
from dashboard.models import Collection, Record
from dashboard.queries.search.filters import Filter, parse
from dashboard.services.search.records import delete_matching, update_records
from tests.factories import Cast, made_up_row, make_collection, make_records

Json = dict[str, Any]


@pytest.fixture
def collection(cast: Cast) -> Collection:
    return make_collection(cast.workspace)


class Watching(Filter):
    """A filter that calls something for each record that it is asked of."""

    def __init__(self, asked: Json, look: Any) -> None:
        self._inner = parse(asked)
        self._look = look

    def __call__(self, fields: Json) -> bool:
        self._look()
        return self._inner(fields)

    def count_reading(self, letters: int) -> None:
        self._inner.count_reading(letters)


def test_nobody_waits_for_a_filter(cast: Cast, collection: Collection) -> None:
    """While a filter is asked, nobody holds what others need: memory's lock, or a transaction."""
    make_records(collection, *"abc", price=5)
    seen: list[tuple[bool, int]] = []
    held = memory_of(collection)
    outside = len(connection.savepoint_ids)

    def look() -> None:
        taken = held.refreshing.locked() or held.lock._door.locked() or held.lock._inside > 0
        seen.append((taken, len(connection.savepoint_ids) - outside))

    watching = Watching({"price": 5}, look)
    asked = [Asked(made_up_row("a", collection.version.dimension or 0))]
    assert len(nearest_records(collection, asked, 5, matches=watching)) == 3
    assert len(nearest_texts(collection, asked, 5, matches=watching)) == 3
    assert len(matching_texts(collection, watching, 0, 5)) == 3
    assert len(matching_ids(collection, watching)) == 3
    done = delete_matching(collection=collection, matches=watching, actor=cast.bob)
    assert sorted(done.done) == list("abc")
    assert seen == [(False, 0)] * 15


def test_what_is_written_while_the_filter_is_asked_is_judged_again(
    cast: Cast, collection: Collection
) -> None:
    make_records(collection, *"abc", price=5)
    make_records(collection, "d", price=6)
    todo = [{"a": {"price": 7}, "d": {"price": 5}}]

    def write() -> None:
        if todo:
            update_records(collection=collection, changes=todo.pop(), actor=cast.bob)
            make_records(collection, "e", price=5)
            Record.objects.filter(collection=collection, key="b").delete()

    matches = Watching({"price": 5}, write)
    done = delete_matching(collection=collection, matches=matches, actor=cast.bob)
    assert sorted(done.done) == ["c", "d", "e"]
    assert [row.key for row in Record.objects.filter(collection=collection)] == ["a"]
