"""Define the kinds of faults: the fault, during which work, on which set-ups."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.installation import Installation, kill
from tests.faults.verdict import Verdict
from tests.faults.work import Work

AWAY = {"redis": 1.5, "disk": 2.0, "database": 10.0}  # seconds
STRIKES_A_JOB = 2  # a job fails after four tries, and a slow machine may cost it one
PATIENCE = 240


@dataclass(frozen=True)
class Kind:
    """A fault: `strike` returns when its cause is over."""

    name: str
    work: Callable[[Work], str]
    strike: Callable[[Installation], None]
    set_ups: tuple[str, ...] = ("sqlite", "postgres")
    while_sending: bool = False


@dataclass
class Outcome:
    """The results of a kind's moments."""

    moments: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    longest: float = 0.0


def kill_worker(installation: Installation) -> None:
    assert installation.worker is not None
    kill(installation.worker)
    installation.start_worker()


def kill_web(installation: Installation) -> None:
    assert installation.web is not None
    kill(installation.web)
    installation.start_web()


def restart_redis(installation: Installation) -> None:
    assert installation.broker is not None
    installation.broker.stop()
    time.sleep(AWAY["redis"])
    installation.broker.start()


def fill_disk(installation: Installation) -> None:
    with installation.full_disk():
        time.sleep(AWAY["disk"])


def take_database_away(installation: Installation) -> None:
    assert installation.road is not None
    installation.road.close()
    time.sleep(AWAY["database"])
    installation.road.open()


KINDS = (
    Kind("worker killed in an upload", Work.upload, kill_worker),
    Kind("worker killed in an extraction", Work.extraction, kill_worker),
    Kind("worker killed in a training", Work.training, kill_worker),
    Kind("worker killed in an undoing", Work.undo, kill_worker),
    Kind("worker killed in an export", Work.export, kill_worker),
    Kind("worker killed in an import", Work.bring_in, kill_worker),
    Kind("web server killed in a transfer", Work.upload, kill_web, while_sending=True),
    Kind("Redis stopped and started", Work.upload, restart_redis, ("postgres",)),
    Kind("disk full", Work.upload, fill_disk, while_sending=True),
    Kind("disk full in an export", Work.export, fill_disk),
    Kind("disk full in an import", Work.bring_in, fill_disk),
    Kind("database away", Work.upload, take_database_away, ("postgres",), while_sending=True),
)


def try_kind(kind: Kind, work: Work, moments: int, dice: random.Random) -> Outcome:
    """Inject a fault at random moments, over as many pieces of work as needed, and judge.

    The duration of undisturbed work is measured once, so that the moments lie within it.
    """
    outcome, sort = Outcome(), f"{kind.work.__name__} {kind.while_sending}"
    if sort not in work.seconds:
        work.seconds[sort] = _measure(kind, work)
    seconds = work.seconds[sort]
    while outcome.moments < moments:
        begun = _Begun(kind, work)
        for _ in range(min(STRIKES_A_JOB, moments - outcome.moments)):
            time.sleep(dice.uniform(0.02, 0.9) * seconds)
            if begun.is_over():
                break
            before, struck = begun.place(), time.monotonic()
            kind.strike(work.installation)
            outcome.verdict += work.look()
            begun.wait_until_it_moves(before)
            outcome.moments += 1
            outcome.longest = max(outcome.longest, time.monotonic() - struck)
        begun.wait()
        outcome.verdict += work.judge()
    return outcome


def _measure(kind: Kind, work: Work) -> float:
    started = time.monotonic()
    begun = _Begun(kind, work)
    if not kind.while_sending:
        started = time.monotonic()
    begun.wait()
    return time.monotonic() - started


class _Begun:
    """Running work; while it is uploaded, in a separate thread."""

    def __init__(self, kind: Kind, work: Work) -> None:
        self._work, self._job = work, ""
        self._jobs = work.installation.rows.one("SELECT count(*) FROM dashboard_job")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._do, args=(kind,), daemon=True)
        work.sender.sent = 0
        self._thread.start()
        if not kind.while_sending:
            self._thread.join()
            self._check()

    def _do(self, kind: Kind) -> None:
        try:
            self._job = kind.work(self._work)
        except BaseException as error:  # noqa: BLE001  # raised by the thread that waits
            self._error = error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def is_over(self) -> bool:
        """Return whether there is nothing left to disturb."""
        if self._thread.is_alive():
            return False
        self._check()
        job = self._work.installation.rows.job(self._job)
        return job is not None and job["state"] not in ("queued", "running")

    def place(self) -> tuple[object, ...]:
        """Return the progress of the work."""
        if self._thread.is_alive():
            return ("sending", self._work.sender.sent)
        job = self._work.installation.rows.job(self._job)
        names = ("state", "owner", "done", "fraction")
        return ("working", *(job[name] for name in names)) if job else ()

    def wait_until_it_moves(self, before: tuple[object, ...]) -> None:
        """Wait until the work continues, or is over."""
        end = time.monotonic() + PATIENCE
        while not self.is_over():
            now = self.place()
            if now != before and now[:2] != ("working", "queued"):
                return
            if time.monotonic() > end:
                raise AssertionError(f"nobody went on: {before} is {now}")
            time.sleep(0.05)

    def wait(self) -> None:
        """Wait until the work has ended."""
        end = time.monotonic() + PATIENCE
        while not self.is_over():
            if time.monotonic() > end:
                raise AssertionError(f"it does not end: {self.place()}")
            time.sleep(0.02)
