"""A worker's slots: each queue has its own, the last is kept, and no call to look is lost."""

import threading
from collections import deque
from collections.abc import Callable

import pytest

from dashboard.jobs.slots import Slots

PATIENCE = 20


class Board:
    """Work on queues of names; each runs until it is let go."""

    def __init__(self) -> None:
        self.waiting: dict[str, deque[str]] = {"upload": deque(), "train": deque()}
        self.running: set[str] = set()
        self.changed = threading.Condition()
        self.let_go: set[str] = set()
        self.slots = Slots(["upload", "train"], 2, self.work)

    def work(self, queue: str, urgent_only: bool, look: Callable[[], None]) -> None:
        with self.changed:
            names = [name for name in self.waiting[queue] if "!" in name or not urgent_only]
            if not names:
                return
            name = names[0]
            self.waiting[queue].remove(name)
            self.running.add(name)
            self.changed.notify_all()
        look()
        try:
            with self.changed:
                assert self.changed.wait_for(lambda: name in self.let_go, PATIENCE)
                self.running.remove(name)
                self.changed.notify_all()
            if "broken" in name:
                raise ZeroDivisionError
        finally:
            look()

    def put(self, queue: str, *names: str) -> None:
        with self.changed:
            self.waiting[queue].extend(names)
        self.slots.look(queue)

    def end(self, *names: str) -> None:
        with self.changed:
            self.let_go.update(names)
            self.changed.notify_all()

    def becomes(self, *names: str) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.running == set(names), PATIENCE)


@pytest.fixture
def board() -> Board:
    return Board()


def test_one_call_begins_as_many_as_there_are_slots(board: Board) -> None:
    board.put("upload", "a", "b", "c")
    assert board.becomes("a", "b")
    board.end("a")
    assert board.becomes("b", "c")
    board.end("b", "c")
    assert board.becomes()


def test_no_queue_takes_a_slot_of_another(board: Board) -> None:
    board.put("train", "t1", "t2", "t3", "t4")
    assert board.becomes("t1", "t2")
    board.put("upload", "u1")
    assert board.becomes("t1", "t2", "u1")
    board.end("t1", "t2", "t3", "t4", "u1")
    assert board.becomes()


def test_the_last_slot_is_kept_for_what_somebody_waits_for(board: Board) -> None:
    board.put("upload", "a", "b", "c")
    assert board.becomes("a", "b")
    board.put("upload", "plan!")
    assert board.becomes("a", "b", "plan!")
    board.end("a", "b", "c", "plan!")
    assert board.becomes()


def test_a_defect_costs_no_slot_and_holds_nobody_up(board: Board) -> None:
    for number in range(6):
        board.put("train", f"broken {number}")
    board.end(*(f"broken {number}" for number in range(6)))
    board.put("train", "whole")
    assert board.becomes("whole")
    board.end("whole")
    assert board.becomes()


def test_many_who_ask_at_once_lose_nothing(board: Board) -> None:
    names = [f"n{number}" for number in range(200)]
    board.end(*names)
    askers = [threading.Thread(target=board.put, args=("upload", name)) for name in names]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    with board.changed:
        assert board.changed.wait_for(
            lambda: not board.waiting["upload"] and not board.running, PATIENCE
        )
