"""Test that programs are kept running, stopped together, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

SUPERVISOR = """
import sys
from dashboard.process import supervisor
supervisor.GRACE = 1.0
programs = [supervisor.Program(str(n), [sys.executable, "-c", code, sys.argv[1]])
            for n, code in enumerate(sys.argv[2:])]
supervisor.supervise(programs, lambda text: print(text, flush=True))
"""
# Each writes its process id into the folder, so that the test sees every start.
SIGN = "import os, pathlib, signal, subprocess, sys, time; "
SIGN += "(pathlib.Path(sys.argv[1]) / str(os.getpid())).touch(); "
OBEYS = SIGN + "time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SIGN
STUBBORN += "time.sleep(60)"
DIES = SIGN + "sys.exit(3)"
HAS_CHILD = (
    SIGN + f"subprocess.Popen([sys.executable, '-c', {OBEYS!r}, sys.argv[1]]); time.sleep(60)"
)


class Running:
    """A supervisor in a process of its own, and the programs that it started."""

    def __init__(self, folder: Path, *codes: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(folder), *codes],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )

    def started(self) -> set[int]:
        return {int(path.name) for path in self.folder.iterdir()}

    def alive(self) -> set[int]:
        return {pid for pid in self.started() if is_alive(pid)}

    def end(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=20)[0]


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(*codes: str, processes: int) -> Running:
        made.append(Running(tmp_path, *codes))
        wait_until(lambda: len(made[-1].started()) >= processes)
        return made[-1]

    yield start
    for running in made:
        running.process.kill()
        running.process.communicate()
        for pid in running.alive():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_all(run: Callable[..., Running], number: signal.Signals) -> None:
    running = run(OBEYS, OBEYS, processes=2)
    assert len(running.alive()) == 2
    assert running.end(number) == ""
    assert running.process.returncode == 0
    assert running.alive() == set()


def test_a_program_that_dies_starts_again(run: Callable[..., Running]) -> None:
    running = run(OBEYS, processes=1)
    (first,) = running.started()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(running.started()) == 2)
    assert running.end(signal.SIGTERM) == "The 0 ended (-9); it restarts in 1 s.\n"
    assert running.alive() == set()


def test_one_that_keeps_dying_is_tried_less_and_less_often(run: Callable[..., Running]) -> None:
    running = run(DIES, processes=2)
    wait_until(lambda: len(running.started()) == 3)
    said = running.end(signal.SIGTERM)
    assert "ended (3); it restarts in 1 s." in said
    assert "ended (3); it restarts in 2 s." in said


def test_one_that_does_not_stop_is_killed(run: Callable[..., Running]) -> None:
    running = run(STUBBORN, processes=1)
    assert "Some processes did not end in time" in running.end(signal.SIGTERM)
    wait_until(lambda: running.alive() == set())


def test_what_a_program_started_ends_with_it(run: Callable[..., Running]) -> None:
    running = run(HAS_CHILD, processes=2)
    running.end(signal.SIGTERM)
    wait_until(lambda: running.alive() == set())


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells of a parent's death"
)
def test_programs_end_with_a_killed_supervisor(run: Callable[..., Running]) -> None:
    running = run(OBEYS, STUBBORN, processes=2)
    running.process.kill()
    wait_until(lambda: running.alive() == set())
