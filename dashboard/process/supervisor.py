"""Keep programs running side by side, restart those that die, and stop all together.

Each program leads its own session, so Ctrl-C in a terminal reaches only the supervisor, and the
processes that a program started are ended with it. If the supervisor itself is killed, the kernel
ends the programs (Linux). CONTRIBUTING explains why this is not a library.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from celery.platforms import set_pdeathsig  # type: ignore[attr-defined]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 15.0  # seconds from SIGTERM to SIGKILL
LONGEST_PAUSE = 30.0  # seconds between two starts of a program that keeps dying
LOOK = 1.0  # seconds between two checks of the parent


@dataclass
class Program:
    """Keep a command running; `inherited` are the file descriptors that it gets."""

    name: str
    command: Sequence[str]
    inherited: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = 0.5

    def start(self) -> None:
        """Start the program."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603  the command is ours
            self.command,
            stdin=subprocess.DEVNULL,
            pass_fds=self.inherited,
            start_new_session=True,
            # If the supervisor is killed, the kernel ends the program: nothing else would.
            preexec_fn=lambda: set_pdeathsig("SIGKILL"),
        )

    def has_died(self) -> bool:
        """Notice a death, end the program's remaining processes, and schedule the restart.

        The pause doubles with each death until the program has lived longer than the longest pause.
        """
        if self.process is None or self.process.poll() is None:
            return False
        # Its children would outlive it and hold ports and locks of the next start.
        self.signal_all(signal.SIGKILL)
        now = time.monotonic()
        settled = now - self.started > LONGEST_PAUSE
        self.pause = 1.0 if settled else min(self.pause * 2, LONGEST_PAUSE)
        self.due = now + self.pause
        return True

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the program and all processes that it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def supervise(
    programs: Sequence[Program],
    say: Callable[[str], None],
    *,
    hello: str = "",
    end_with_parent: bool = False,
) -> None:
    """Run the programs until a stop signal; return when none of their processes is left.

    `hello` is printed once stop signals are handled, since its reader may send one.

    With `end_with_parent` it also stops when the parent (make) ends or was interrupted.
    """
    orphaned = _parent_watch() if end_with_parent else lambda: False
    with _signals() as wait:
        try:
            if hello:
                say(hello)
            arrived = b""
            while not _is_stop(arrived) and not orphaned():
                for program in programs:
                    _tend(program, say)
                # SIGCHLD ends the wait at once, so a program that dies is restarted without delay.
                arrived = wait(LOOK)
        finally:
            _stop(programs, wait, say)


def _tend(program: Program, say: Callable[[str], None]) -> None:
    if program.process is None and time.monotonic() >= program.due:
        program.start()
    elif program.process is not None and program.has_died():
        say(
            f"The {program.name} ended ({program.process.returncode}); it restarts in "
            f"{program.pause:.0f} s."
        )
        program.process = None


def _stop(
    programs: Sequence[Program], wait: Callable[[float], bytes], say: Callable[[str], None]
) -> None:
    """Terminate all; after the grace period kill the rest and their remaining processes."""
    deadline = time.monotonic() + GRACE
    running = [program.process for program in programs if program.process is not None]
    for process in running:
        process.terminate()
    while any(process.poll() is None for process in running):
        if time.monotonic() >= deadline:
            say("Some processes did not end in time and are killed. Jobs resume at the next start.")
            break
        wait(LOOK)
    for program in programs:
        program.signal_all(signal.SIGKILL)
    for process in running:
        process.wait()


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[float], bytes]]:
    """Yield a function that waits up to so many seconds and returns the signals that arrived."""
    reader, writer = socket.socketpair()
    with reader, writer:
        # A signal handler writes here and must never block.
        writer.settimeout(0)
        previous_fd = signal.set_wakeup_fd(writer.fileno())
        caught = (*STOP_SIGNALS, signal.SIGCHLD)
        # Empty handlers: Python writes to the wake-up descriptor only for handled signals.
        previous = {number: signal.signal(number, lambda *_: None) for number in caught}

        def wait(seconds: float) -> bytes:
            ready, _, _ = select.select([reader], [], [], seconds)
            return reader.recv(64) if ready else b""

        try:
            yield wait
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)


def _is_stop(arrived: bytes) -> bool:
    return any(number in arrived for number in STOP_SIGNALS)


def _parent_watch() -> Callable[[], bool]:
    """Return a function that tells if the parent is gone or got an interrupt meant for us.

    make passes on SIGTERM but not SIGINT, which a terminal sends to all processes: it removes its
    handler and waits for us. On Linux the removed handler can be seen.
    """
    parent = os.getppid()
    at_start = _catches_interrupts(parent)
    return lambda: os.getppid() != parent or (at_start and not _catches_interrupts(parent))


def _catches_interrupts(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
