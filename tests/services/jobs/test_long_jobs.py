"""Work that takes long lets others begin beside it, so that no small upload waits for its end."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User, Workspace
from dashboard.jobs import runner
from dashboard.jobs.slots import Place, Slots
from dashboard.models import Job, Upload
from dashboard.services.jobs import jobs
from dashboard.services.jobs.kinds import job_kinds
from dashboard.services.uploads import listing as upload_listing
from dashboard.services.uploads.receiving_end import finish_receiving
from tests.factories import Cast, drawn_jpeg, owner_of
from tests.services.uploads.uploaded import add_part, zipped

ENTRIES = 200


class AtOnce:
    """A pool in which work begins and ends at once: what runs side by side is nested instead."""

    def submit(self, work: Callable[..., None], *arguments: Any) -> Future[None]:
        future: Future[None] = Future()
        future.set_result(work(*arguments))
        return future


class Night:
    """A worker with one slot a queue; `ended` are the titles of the jobs in order of their ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ended: list[str] = []
        self.most: dict[tuple[str, int], int] = {}
        self.at_check: dict[str, Callable[[], object]] = {}
        self.turn = jobs.LONGEST_TURN
        self.slots = Slots(["upload", "extract", "train"], 1, runner.run_next)
        self.slots._pool = AtOnce()  # type: ignore[assignment]
        end, check = jobs.end, jobs.Handle.check

        def note_end(job: Job, **fields: Any) -> None:
            end(job, **fields)
            self.ended.append(job.title)

        def note_check(handle: jobs.Handle) -> None:
            self._count()
            if "small" not in handle.job.title:
                handle._since -= self.turn  # so long did it take until here
            if work := self.at_check.pop(handle.job.title, None):
                work()
            check(handle)

        monkeypatch.setattr(jobs, "end", note_end)
        monkeypatch.setattr(jobs.Handle, "check", note_check)

    def _count(self) -> None:
        running = Job.objects.filter(state=Job.State.RUNNING)
        for place in running.values_list("workspace__name", "priority"):
            count = running.filter(workspace__name=place[0], priority=place[1]).count()
            self.most[place] = max(count, self.most.get(place, 0))

    def work(self) -> None:
        self.slots.look("upload")


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Night:
    settings.LIKEWISE_JOBS_PER_WORKSPACE = 1
    settings.LIKEWISE_WORKERS = 1
    monkeypatch.setattr(runner, "close_old_connections", lambda: None)  # it is this test's, too
    monkeypatch.setattr(jobs, "LOOK_STEP", 0)
    monkeypatch.setattr(jobs, "TURN", 1_000_000)  # no test takes so long by itself
    monkeypatch.setattr(jobs, "LONGEST_TURN", 2_000_000)
    monkeypatch.setattr(upload_listing, "LISTED_AT_ONCE", 20)
    return Night(monkeypatch)


def send(workspace: Workspace, name: str, files: dict[str, bytes], **fields: Any) -> Job:
    """Send files that are looked through, or with `auto_commit` brought in at once."""
    actor: User = owner_of(workspace)
    upload = Upload.objects.create(workspace=workspace, name=name, created_by=actor, **fields)
    for path, data in files.items():
        add_part(upload, path, data)
    return finish_receiving(upload=upload, actor=actor)


def big(workspace: Workspace, name: str = "big", **fields: Any) -> Job:
    archive = zipped({f"{number}.jpg": b"no picture" for number in range(ENTRIES)})
    return send(workspace, name, {f"{name}.zip": archive}, **fields)


def small(workspace: Workspace, name: str = "small", **fields: Any) -> Job:
    pictures = {f"{name} {seed}.jpg": drawn_jpeg(seed) for seed in (1, 2, 3)}
    return send(workspace, name, pictures, **fields)


def message(job: Job) -> str:
    job.refresh_from_db()
    return job.message


@pytest.mark.parametrize("auto_commit", [False, True])
@pytest.mark.parametrize("big_auto_commit", [False, True])
def test_small_uploads_end_before_a_big_one(
    cast: Cast, night: Night, *, big_auto_commit: bool, auto_commit: bool
) -> None:
    long = big(cast.workspace, auto_commit=big_auto_commit)
    mine, theirs = [], []

    def arrive() -> None:
        mine.append(small(cast.workspace, "small, mine", auto_commit=auto_commit))
        theirs.append(small(cast.elsewhere, "small, theirs", auto_commit=auto_commit))

    night.at_check[long.title] = arrive
    night.work()
    assert {*night.ended[:2]} == {mine[0].title, theirs[0].title}
    assert long.title in night.ended[2:]
    done = "3 added." if auto_commit else "3 new, 0 already in the workspace, 0 with errors."
    assert (message(mine[0]), message(theirs[0])) == (done, done)
    failed = f"0 added, {ENTRIES} failed." if big_auto_commit else f"{ENTRIES} with errors."
    assert message(long).endswith(failed)
    assert (long.tries, long.priority) == (1, Job.LONG)
    assert set(night.most.values()) == {1}


def test_of_two_that_take_long_one_makes_way(cast: Cast, night: Night) -> None:
    """They do not run side by side in one workspace: the second goes on after the first."""
    first = big(cast.workspace, "first", auto_commit=True)
    others: list[Job] = []

    def second_comes() -> None:
        others.append(big(cast.workspace, "second", auto_commit=True))
        night.at_check[others[0].title] = lambda: others.append(
            small(cast.workspace, auto_commit=True)
        )

    night.at_check[first.title] = second_comes
    night.work()
    second, short = others
    assert night.ended == [short.title, first.title, second.title]
    assert message(short) == "3 added."
    assert [message(first), message(second)] == [f"0 added, {ENTRIES} failed."] * 2
    assert second.tries == 1
    assert set(night.most.values()) == {1}
    upload = Upload.objects.get(pk=second.subject_id)
    assert upload.files.count() == ENTRIES  # what it had done was done once


def test_while_nobody_waits_it_keeps_its_place(cast: Cast, night: Night) -> None:
    long = big(cast.workspace)
    night.work()
    assert message(long).endswith(f"{ENTRIES} with errors.")
    assert long.priority == job_kinds()[Job.Kind.PLAN].priority


def test_at_first_it_makes_no_way(cast: Cast, night: Night) -> None:
    night.turn = 0
    first, others = big(cast.workspace, "first", auto_commit=True), list[Job]()
    night.at_check[first.title] = lambda: others.append(small(cast.workspace, auto_commit=True))
    night.work()
    assert night.ended == [first.title, others[0].title]


def test_what_would_have_to_stop_has_longer(cast: Cast, night: Night) -> None:
    night.turn = jobs.TURN
    first, others = big(cast.workspace, "first", auto_commit=True), list[Job]()

    def second_comes() -> None:
        others.append(big(cast.workspace, "second", auto_commit=True))
        night.at_check[others[0].title] = small_comes

    def small_comes() -> None:
        night.turn = 0  # the second one ends in time
        others.append(small(cast.workspace, auto_commit=True))

    night.at_check[first.title] = second_comes
    night.work()
    assert night.ended == [others[0].title, others[1].title, first.title]


def test_after_a_kill_it_goes_on_among_those_that_take_long(cast: Cast, night: Night) -> None:
    long = big(cast.workspace, auto_commit=True)
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=long.pk).update(
        state=Job.State.RUNNING, owner="dead", lease_until=past, priority=Job.LONG, tries=1
    )
    jobs.take_back_expired()
    assert jobs.claim_next("upload", "worker") is None
    night.work()
    assert message(long) == f"0 added, {ENTRIES} failed."


def test_work_of_other_queues_never_makes_way(cast: Cast, night: Night) -> None:
    """It would begin anew: a training of an hour, because somebody trains for a minute."""
    training = Job.objects.create(
        workspace=cast.workspace, queue="train", kind=Job.Kind.TRAIN, subject_id=cast.workspace.pk
    )
    Job.objects.create(
        workspace=cast.workspace, queue="train", kind=Job.Kind.TRAIN, subject_id=cast.workspace.pk
    )
    claimed = jobs.claim_next("train", "worker")
    assert claimed == training
    handle = jobs.Handle(claimed, Place(night.slots, "train"))
    handle._since -= 2 * jobs.LONGEST_TURN
    handle.check()
    assert claimed.priority == 0
