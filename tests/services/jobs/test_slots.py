"""A worker's slots: each queue has its own, the last is kept, and no call to look is lost."""

import threading
from collections import deque

import pytest

from dashboard.jobs.slots import Place, Slots

PATIENCE = 20


class Board:
    """Work on queues of names; each runs until it is let go."""

    def __init__(self) -> None:
        self.waiting: dict[str, deque[str]] = {"upload": deque(), "train": deque()}
        self.running: set[str] = set()
        self.places: dict[str, Place] = {}
        self.changed = threading.Condition()
        self.let_go: set[str] = set()
        self.slots = Slots(["upload", "train"], 2, self.work)

    def work(self, queue: str, place: Place) -> None:
        with self.changed:
            names = [name for name in self.waiting[queue] if self._may_begin(name, place)]
            if not names:
                return
            name = names[0]
            self.waiting[queue].remove(name)
            self.running.add(name)
            self.places[name] = place
            self.changed.notify_all()
        place.look()
        try:
            with self.changed:
                assert self.changed.wait_for(lambda: name in self.let_go, PATIENCE)
                self.running.remove(name)
                self.changed.notify_all()
            if "broken" in name:
                raise ZeroDivisionError
        finally:
            place.look()

    @staticmethod
    def _may_begin(name: str, place: Place) -> bool:
        return ("long" in name) == place.is_for_long and ("!" in name or not place.urgent_only)

    def steps_aside(self, name: str) -> bool:
        moved = self.places[name].step_aside()
        self.places[name].look()
        return moved

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


def test_what_takes_long_moves_to_a_slot_of_its_own(board: Board) -> None:
    board.put("upload", "a", "b", "c", "d")
    assert board.becomes("a", "b")
    assert board.steps_aside("a")
    assert board.becomes("a", "b", "c")
    assert board.steps_aside("b")
    assert board.becomes("a", "b", "c", "d")
    assert not board.steps_aside("c")  # as many as there are slots, and no more
    board.end("a", "b")
    assert board.becomes("c", "d")
    assert board.steps_aside("c")
    board.end("c", "d")
    assert board.becomes()


def test_what_took_long_begins_in_such_a_slot_again(board: Board) -> None:
    board.put("upload", "long 1", "long 2", "long 3", "a", "b", "c")
    assert board.becomes("long 1", "long 2", "a", "b")
    board.end("long 1")
    assert board.becomes("long 2", "long 3", "a", "b")
    board.end("a")
    assert board.becomes("long 2", "long 3", "b", "c")
    board.end("long 2", "long 3", "b", "c")
    assert board.becomes()


def test_who_looks_for_long_work_in_vain_is_in_nobodys_way() -> None:
    found: list[Place] = []
    both_look, done = threading.Barrier(3, timeout=PATIENCE), threading.Event()

    def work(_queue: str, place: Place) -> None:
        if not place.is_for_long:
            found.append(place)
        both_look.wait()
        assert done.wait(PATIENCE)

    slots = Slots(["upload"], 1, work)
    slots.look("upload")
    both_look.wait()
    assert found[0].step_aside()
    assert not Place(slots, "upload").step_aside()
    done.set()
    slots._pool.shutdown()
