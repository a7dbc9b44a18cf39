"""What many ask for at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.queries.short_cache import ShortCache

A_WHILE = 20  # seconds


def test_it_is_read_once_for_a_moment() -> None:
    seen: list[str] = []
    snapshots = ShortCache[str, int](3600, lambda key: seen.append(key) or len(seen))
    assert [snapshots.get("a"), snapshots.get("a"), snapshots.get("b")] == [1, 1, 2]
    snapshots.clear()
    assert snapshots.get("a") == 3


def test_one_reads_while_others_get_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Any = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("dashboard.queries.short_cache.time", clock)
    is_reading, may_end = threading.Event(), threading.Event()
    values = iter([1, 2])

    def read(key: str) -> int:
        value = next(values)  # a third time would fail
        if value == 2:
            is_reading.set()
            assert may_end.wait(A_WHILE)
        return value

    snapshots = ShortCache[str, int](0.5, read)
    assert snapshots.get("a") == 1
    clock.now = 1.0
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(snapshots.get, "a")
        assert is_reading.wait(A_WHILE)
        assert snapshots.get("a") == 1
        may_end.set()
        assert slow.result() == 2


def test_what_cannot_be_read_is_not_told_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Any = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("dashboard.queries.short_cache.time", clock)
    values = {"a": 1}
    snapshots = ShortCache[str, int](0.5, values.__getitem__)
    assert snapshots.get("a") == 1
    values.clear()
    clock.now = 1.0
    for _ in range(2):
        with pytest.raises(KeyError):
            snapshots.get("a")


def test_what_was_read_before_somebody_changed_it_is_not_kept() -> None:
    values = iter([1, 2])

    def read(key: str) -> int:
        value = next(values)
        if value == 1:
            snapshots.clear()
        return value

    snapshots = ShortCache[str, int](3600, read)
    assert [snapshots.get("a"), snapshots.get("a"), snapshots.get("a")] == [1, 2, 2]
