"""What lies in itself is found, however deep, by looking at each link once."""

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.files.store.scratch import Seen

Edges = list[tuple[int, int]]


def looked_at(tmp_path, edges):
    """Say whether there is a circle, and how often it was looked."""
    looks = []
    (tmp_path / "seen.sqlite3").unlink(missing_ok=True)
    with Seen(tmp_path) as seen:
        for parent, child in edges:
            seen.add_edge(str(parent), str(child))
        return seen.has_cycle(lambda: looks.append(1)), len(looks)


def test_it_works(tmp_path):
    assert looked_at(tmp_path, []) == (False, 0)
    assert looked_at(tmp_path, [(1, 2), (2, 3), (1, 3)]) == (False, 3)
    assert looked_at(tmp_path, [(1, 2), (2, 3), (3, 1)]) == (True, 0)
    assert looked_at(tmp_path, [(1, 1)]) == (True, 0)


def has_circle(edges: Edges) -> bool:
    """Find the same out plainly."""
    while True:
        parents = {parent for parent, _ in edges}
        left = [(parent, child) for parent, child in edges if child in parents]
        if len(left) == len(edges):
            return bool(edges)
        edges = left


@settings(deadline=None, max_examples=100)
@given(edges=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True, max_size=12))
def test_it_agrees_with_the_plain_way(tmp_path_factory, edges):
    found, _ = looked_at(tmp_path_factory.mktemp("seen"), edges)
    assert found == has_circle(edges)


@pytest.mark.parametrize("is_circle", [False, True])
def test_a_long_chain_costs_a_step_a_link(tmp_path, is_circle, monkeypatch):
    """Steps of the database's machine: a way that reads all links a pass takes thousands a link."""
    count = 20_000
    steps = []
    connect = sqlite3.connect

    def counted(*args, **options):
        connection = connect(*args, **options)
        connection.set_progress_handler(lambda: steps.append(1) and None, 1000)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    edges = [*pairwise(range(count))] + ([(count - 2, 0)] if is_circle else [])
    assert looked_at(tmp_path, edges)[0] is is_circle
    assert len(steps) * 1000 < 1000 * count
