"""Changes get numbers: without gaps, once each, in the order in which they were committed."""

import threading

import pytest
from django.db import connection, connections, transaction

from accounts.journal import record
from accounts.models import Change, JournalHead, Workspace
from accounts.verbs import Verb
from dashboard.jobs import sweep
from dashboard.queries.journal.changes import since
from dashboard.services.journal import numbers
from dashboard.services.journal.numbers import number_all, number_changes
from tests.factories import Cast, make_cast

THREADS, EACH = 6, 12


def told(workspace: Workspace, name: str = "Shape") -> Change:
    return record(workspace=workspace, verb=Verb.CREATED, noun="type", target_name=name, actor=None)


def sequences(workspace: Workspace) -> list[int | None]:
    rows = Change.objects.filter(workspace=workspace).order_by("id")
    return [*rows.values_list("sequence", flat=True)]


def test_it_works(cast: Cast) -> None:
    told(cast.workspace)
    assert sequences(cast.workspace) == [None, None]
    assert number_changes(workspace=cast.workspace) == 2
    told(cast.workspace)
    assert number_changes(workspace=cast.workspace) == 1
    assert sequences(cast.workspace) == [1, 2, 3]
    assert number_changes(workspace=cast.workspace) == 0
    assert JournalHead.objects.get(workspace=cast.workspace).last == 3


def test_each_workspace_counts_by_itself(cast: Cast) -> None:
    told(cast.elsewhere)
    assert number_all() == 3
    assert (sequences(cast.workspace), sequences(cast.elsewhere)) == ([1], [1, 2])


def test_what_was_rolled_back_leaves_no_gap(cast: Cast) -> None:
    number_changes(workspace=cast.workspace)
    with transaction.atomic():
        told(cast.workspace)
        transaction.set_rollback(True)
    told(cast.workspace)
    number_changes(workspace=cast.workspace)
    assert sequences(cast.workspace) == [1, 2]


def test_many_are_numbered_in_portions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "AT_ONCE", 4)
    for _ in range(9):
        told(cast.workspace)
    assert number_changes(workspace=cast.workspace) == 4
    assert number_all() == 7  # the other workspace's one among them
    assert sequences(cast.workspace) == [*range(1, 11)]


def test_a_portion_costs_the_same_however_many(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    number_changes(workspace=cast.workspace)
    for count in (1, 30):
        for _ in range(count):
            told(cast.workspace)
        with django_assert_num_queries(6):  # a savepoint's two among them
            assert number_changes(workspace=cast.workspace) == count


def test_a_worker_does_it(cast: Cast) -> None:
    sweep.tidy()
    assert sequences(cast.workspace) == [1]


def _write_some(workspace: Workspace, number: int) -> None:
    """Write changes, of which each third is rolled back and each second numbered at once."""
    for step in range(EACH):
        with transaction.atomic():
            told(workspace, f"{number}/{step}")
            if step % 3 == 2:
                transaction.set_rollback(True)
        if step % 2:
            number_changes(workspace=workspace)


def _follow(workspace: Workspace, done: threading.Event, seen: list[tuple[int, str]]) -> None:
    """Read what comes until all is written and read."""
    last = 0
    while True:
        is_last = done.is_set()
        number_changes(workspace=workspace)
        for change in since(workspace, last, 5):
            last = change.sequence or 0
            seen.append((last, change.target_name))
        if is_last and last == JournalHead.objects.get(workspace=workspace).last:
            return


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_writers_at_once_and_a_reader_that_follows() -> None:
    """Some are rolled back, some numbered by their writer; the reader misses and doubles none."""
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    cast = make_cast()
    begin, done = threading.Barrier(THREADS + 1), threading.Event()
    seen: list[tuple[int, str]] = []

    def write(number: int) -> None:
        begin.wait()
        _write_some(cast.workspace, number)
        connections.close_all()

    def follow() -> None:
        begin.wait()
        _follow(cast.workspace, done, seen)
        connections.close_all()

    writers = [threading.Thread(target=write, args=[number]) for number in range(THREADS)]
    reader = threading.Thread(target=follow)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    kept = [step for step in range(EACH) if step % 3 != 2]
    assert [number for number, _ in seen] == [*range(1, len(seen) + 1)]
    for number in range(THREADS):
        mine = [name for _, name in seen if name.startswith(f"{number}/")]
        assert mine == [f"{number}/{step}" for step in kept]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_commits_late_comes_after_what_was_seen() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    cast = make_cast()
    written, seen = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            told(cast.workspace, "slow")
            written.set()
            seen.wait(30)
        connections.close_all()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    assert written.wait(30)
    told(cast.workspace, "quick")
    number_all()
    names = [change.target_name for change in since(cast.workspace, 1, 9)]
    seen.set()
    slow.join()
    number_all()
    assert (names, [one.target_name for one in since(cast.workspace, 2, 9)]) == (
        ["quick"],
        ["slow"],
    )
