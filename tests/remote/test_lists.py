"""Lists that change while they are read: nothing is lost, nothing comes twice."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.remote import BadAnswer, NotFound, Server
from dashboard.remote import pages as pages_module
from dashboard.remote.fields import Fields
from dashboard.remote.pages import Recent, all_rows
from tests.remote.stand_in import Asked, Reply, StandIn, named, page, says


@dataclass
class Shelf:
    """A list as servers give it, newest first: by pages with numbers, or from cursor to cursor."""

    size: int
    cursors: bool = False
    rows: list[int] = field(default_factory=list)
    made: int = 0
    reads: int = 0
    before_a_read: Callable[["Shelf"], None] = lambda _: None

    def add(self, number: int = 1) -> None:
        for _ in range(number):
            self.made += 1
            self.rows.insert(0, self.made)

    def remove(self, row: int) -> None:
        self.rows.remove(row)

    def read(self, query: dict[str, str]) -> dict[str, Any] | None:
        """Return a page; None for one that is past the end."""
        self.reads += 1
        self.before_a_read(self)
        number = int(query.get("page", 1))
        # A server may well give fewer than was asked for.
        size = min(self.size, int(query["page_size"]))
        if self.cursors:
            rest = [row for row in self.rows if row < int(query.get("cursor", self.made + 1))]
            start = len(self.rows) - len(rest)
        else:
            start = (number - 1) * size
            if start >= len(self.rows) and number > 1:
                return None
        found = self.rows[start : start + size]
        more = start + size < len(self.rows)
        cursor = f"&cursor={found[-1]}" if self.cursors and found else ""
        return {
            "count": len(self.rows),
            "next": f"https://a.example/list?page={number + 1}{cursor}" if more else None,
            "previous": None,
            "results": [named(row) for row in found],
        }

    def play(self, asked: Asked) -> Reply:
        found = self.read(asked.query)
        return says({"detail": "Invalid page."}, 404) if found is None else says(found)


def read_all(shelf: Shelf, page_size: int) -> Iterator[int]:
    """Read the list without a network."""

    def read_page(query: Any) -> Fields:
        found = shelf.read(dict(query))
        if found is None:
            raise NotFound("Invalid page.")
        return Fields(found, "List")

    for name in all_rows(read_page, lambda row: row.id(), {}, page_size):
        yield int(name.removeprefix("id-"))


def test_it_works(server: Server, stand_in: StandIn) -> None:
    shelf = Shelf(size=3)
    shelf.add(8)
    stand_in.player = shelf.play
    assert [row.name for row in server.iterate_types(search="Type")] == [
        f"Type {n}" for n in range(8, 0, -1)
    ]
    asked = [request.query for request in stand_in.asked]
    assert [query["page"] for query in asked] == ["1", "2", "3"]
    for query in asked:
        assert (query["page_size"], query["ordering"], query["search"]) == ("3", "-created", "Type")


def test_nothing_is_asked_before_the_first_row_is_taken(server: Server, stand_in: StandIn) -> None:
    server.iterate_types()
    assert stand_in.asked == []


def test_a_list_that_grows_while_it_is_read(server: Server, stand_in: StandIn) -> None:
    shelf = Shelf(size=3, before_a_read=lambda shelf: shelf.add(2) if shelf.reads > 1 else None)
    shelf.add(8)
    stand_in.player = shelf.play
    found = [row.name for row in server.iterate_types()]
    assert found == [f"Type {n}" for n in range(8, 0, -1)]


def test_a_list_that_shrinks_while_it_is_read(server: Server, stand_in: StandIn) -> None:
    """Of 9, 8, 7 two vanish: 6 and 5 move to the page that was read already."""

    def shrink(shelf: Shelf) -> None:
        if shelf.reads == 2:
            shelf.rows = [row for row in shelf.rows if row not in (9, 8)]

    shelf = Shelf(size=3, before_a_read=shrink)
    shelf.add(9)
    stand_in.player = shelf.play
    found = [row.name for row in server.iterate_types()]
    assert sorted(found) == [f"Type {n}" for n in range(1, 10)]


def test_the_last_page_vanishes(server: Server, stand_in: StandIn) -> None:
    def shrink(shelf: Shelf) -> None:
        if shelf.reads == 2:
            del shelf.rows[:3]

    shelf = Shelf(size=3, before_a_read=shrink)
    shelf.add(6)
    stand_in.player = shelf.play
    assert len(list(server.iterate_types())) == 6


def test_a_list_that_is_not_there(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"detail": "Not found."}, 404))
    with pytest.raises(NotFound):
        list(server.iterate_types())


def test_a_list_that_never_ends(
    server: Server, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_module, "FRUITLESS", 20)
    stand_in.player = lambda _: page(named(1), count=9, following="/?page=2&cursor=x")
    with pytest.raises(BadAnswer, match="does not end"):
        list(server.iterate_types())
    assert len(stand_in.asked) == 22


@pytest.mark.parametrize("following", ["http://[", "/", "https://a.example/?p=2", ""])
def test_a_next_that_names_no_page(server: Server, stand_in: StandIn, following: str) -> None:
    stand_in.plays(page(named(1), count=2, following=following))
    with pytest.raises(BadAnswer, match="names no page"):
        list(server.iterate_types())


def test_the_ids_that_are_remembered_are_bounded() -> None:
    recent = Recent(most=3)
    assert [recent.is_new(key) for key in "abcabcd"] == [True] * 3 + [False] * 3 + [True]
    assert recent.is_new("a")
    assert not recent.is_new("d")
    assert len(recent._ids) == 3


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    first=st.integers(0, 60),
    size=st.integers(1, 12),
    asked=st.integers(1, 12),
    cursors=st.booleans(),
    busy=st.floats(0, 0.9),
)
def test_nothing_is_lost_or_doubled_while_rows_appear_and_vanish(
    seed: int, first: int, size: int, asked: int, cursors: bool, busy: float
) -> None:
    dice = random.Random(seed)

    def change(shelf: Shelf) -> None:
        while dice.random() < busy and shelf.reads < 200:
            if shelf.rows and dice.random() < 0.5:
                row = dice.choice(shelf.rows)
                shelf.remove(row)
                vanished.add(row)
            else:
                shelf.add(dice.randint(1, size))

    vanished: set[int] = set()
    shelf = Shelf(size, cursors)
    shelf.add(first)
    shelf.before_a_read = change
    found = list(read_all(shelf, asked))
    assert len(found) == len(set(found))
    assert set(range(1, first + 1)) - vanished <= set(found)
    assert set(found) <= set(range(1, shelf.made + 1))
