"""A job is claimed once, keeps its lease, comes back from the dead, and ends once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.files.store import paths, storage
from dashboard.jobs import runner, sweep, worker
from dashboard.jobs.slots import Slots
from dashboard.models import Job, Upload, UploadFile, UploadPart, WorkerSign
from dashboard.queries.jobs.claim_order import next_in
from dashboard.services.errors import AlreadyFinished
from dashboard.services.job_kinds import JOB_KINDS
from dashboard.services.jobs import jobs, queueing
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.uploads.errors import NothingToUpload
from tests.factories import Cast, make_job, make_upload


@pytest.fixture
def job(cast: Cast) -> Job:
    return make_job(cast.workspace, subject_id=make_upload(cast.workspace).id)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the ids that would go to the broker."""
    ids: list[str] = []
    monkeypatch.setattr(queueing.app, "send_task", lambda _name, args, **_: ids.append(args[0]))
    return ids


def replace_work(patch: pytest.MonkeyPatch, run: Callable[[jobs.Handle], str]) -> None:
    """Let jobs of uploads do this instead."""
    patch.setitem(JOB_KINDS, "upload", replace(JOB_KINDS["upload"], run=run))


def claimed(job: Job, owner: str = "one") -> Job:
    taken = jobs.claim(job.id, owner)
    assert taken is not None
    return taken


def test_it_works(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_work(monkeypatch, lambda handle: "All is in.")
    runner.run_job(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.message, job.fraction) == (Job.State.DONE, "All is in.", 1.0)
    assert job.started is not None
    assert job.finished is not None
    assert job.owner == ""


def test_enqueue_wakes_a_worker_after_the_commit(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = queueing.enqueue(
            workspace=cast.workspace,
            kind=Job.Kind.TRAIN,
            title="Training",
            subject_id=cast.workspace.id,
            actor=cast.bob,
        )
        assert sent == []
    assert sent == [str(job.id)]


def test_a_broker_that_is_away_loses_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise queueing.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(queueing.app, "send_task", refuse)
        queueing.wake(job)
    assert sent == []
    assert next_in(job.queue) == [job]


def test_a_broker_that_failed_is_left_alone_for_a_while(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs would hold every request for its time-out: one pays, not each of them."""
    tried: list[str] = []

    def hang(*_args: object, **_options: object) -> None:
        tried.append("")
        raise queueing.OperationalError("Timeout reading from socket")

    monkeypatch.setattr(queueing.app, "send_task", hang)
    for _ in range(20):
        queueing.wake(job)
    assert len(tried) == 1
    monkeypatch.setattr(queueing.Broker, "away_until", 0.0)
    queueing.wake(job)
    assert len(tried) == 2


def test_only_one_worker_gets_it(job: Job) -> None:
    claimed(job)
    assert jobs.claim(job.id, "two") is None


def test_a_silent_worker_loses_it(job: Job) -> None:
    first = claimed(job)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.take_back_expired()
    assert next_in(job.queue) == [job]
    second = claimed(job, "two")
    assert second.tries == 2
    with pytest.raises(jobs.LeaseLost):
        jobs.Handle(first).report(done=5)
    with pytest.raises(jobs.LeaseLost):
        jobs.end(first, state=Job.State.DONE)
    assert not jobs.renew(first)
    jobs.Handle(second).report(done=7)
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.RUNNING, 7)


def test_what_cannot_be_tidied_keeps_nobody_waiting(
    job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that waits is begun, and every other step is tried: each failure is told."""
    claimed(job)
    subject = {"subject_id": job.subject_id, "tries": Job.MAX_TRIES}
    worn = [make_job(job.workspace, **subject) for _ in range(2)]
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    looked, tried = [], []
    close = sweep.end_subject

    def break_down(given_up: Job) -> None:
        tried.append(given_up)
        if given_up.pk == worn[0].pk:
            raise ZeroDivisionError
        close(given_up)

    def look(_slots: Slots, queue: str) -> None:
        looked.append((queue, [row.pk for row in next_in(queue)]))

    def forget() -> None:
        tried.append("uploads")
        raise OSError("the storage is away")

    monkeypatch.setattr(worker, "close_old_connections", lambda: None)  # it is this test's, too
    monkeypatch.setattr(Slots, "look", look)
    monkeypatch.setattr(sweep, "_begun", {})
    monkeypatch.setattr(sweep, "end_subject", break_down)
    monkeypatch.setattr(sweep, "forget_uploads", forget)
    monkeypatch.setattr(sweep, "forget_abandoned", lambda: tried.append("abandoned"))
    worker.sweep_and_look()
    assert (job.queue, [job.pk]) in looked
    assert {*tried} == {*worn, "uploads", "abandoned"}
    states = [Job.objects.get(pk=one.pk).state for one in worn]
    assert states == [Job.State.QUEUED, Job.State.FAILED]
    assert "the storage is away" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_living_worker_keeps_it(job: Job) -> None:
    claimed(job)
    jobs.take_back_expired()
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING


def test_a_lost_lease_rolls_the_batch_back(job: Job) -> None:
    handle = jobs.Handle(claimed(job))
    Job.objects.filter(pk=job.pk).update(owner="two")

    @transaction.atomic
    def write_a_batch() -> None:
        make_upload(job.workspace, name="half")
        handle.report(done=1)

    with pytest.raises(jobs.LeaseLost):
        write_a_batch()
    assert not Upload.objects.filter(name="half").exists()


def test_a_defect_is_tried_again_and_then_given_up(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_handle: jobs.Handle) -> str:
        raise ZeroDivisionError("division by zero")

    replace_work(monkeypatch, break_down)
    for _ in range(Job.MAX_TRIES):
        with pytest.raises(ZeroDivisionError):
            runner.run_job(str(job.id))
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED
    sweep.give_up_worn_out()
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "division by zero" in job.message
    assert "4 times" in job.message
    assert next_in(job.queue) == []


def test_a_job_that_gets_on_is_not_given_up(job: Job) -> None:
    for fraction in (0.2, 0.4, 0.4, 0.4):
        handle = jobs.Handle(claimed(job))
        handle.report(fraction=fraction / 2)
        handle.report(fraction=fraction)
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        jobs.take_back_expired()
    job.refresh_from_db()
    # The second try came further than the first; the last two came no further than that.
    assert (job.state, job.tries) == (Job.State.QUEUED, 3)


def test_a_worker_that_finds_its_job_given_up_leaves_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = make_upload(job.workspace)
    part = UploadPart.objects.create(upload=upload, number=0, name="a.jpg", size=1)
    file = UploadFile.objects.create(upload=upload, part=part, number=0, name="a.jpg")
    Job.objects.filter(pk=job.pk).update(subject_id=upload.pk)
    name = paths.image(job.workspace_id, file.image_id_if_new, "jpg")

    def goes_on_too_long(handle: jobs.Handle) -> str:
        given_up = {"state": Job.State.FAILED, "owner": "", "lease_until": None}
        Job.objects.filter(pk=job.pk).update(**given_up, finished=timezone.now())
        storage.write(name, b"written after the end")
        handle.report(done=1)
        return "Done."

    replace_work(monkeypatch, goes_on_too_long)
    runner.run_job(str(job.id))
    assert not storage.exists(name)


def test_a_refusal_fails_it_with_its_sentence(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: jobs.Handle) -> str:
        raise NothingToUpload

    replace_work(monkeypatch, refuse)
    runner.run_job(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.message) == (Job.State.FAILED, str(NothingToUpload()))


def test_cancel_while_it_waits(job: Job, cast: Cast) -> None:
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert jobs.claim(job.id, "one") is None
    with pytest.raises(AlreadyFinished):
        cancel_job(job=job, actor=cast.bob)


def test_cancel_while_it_runs(job: Job, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(handle: jobs.Handle) -> str:
        cancel_job(job=job, actor=cast.bob)
        handle.check()
        raise AssertionError("it went on")

    replace_work(monkeypatch, work)
    runner.run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_a_stopping_worker_gives_it_back_without_counting(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(handle: jobs.Handle) -> str:
        jobs.stopping.set()
        handle.check()
        raise AssertionError("it went on")

    replace_work(monkeypatch, work)
    try:
        runner.run_job(str(job.id))
    finally:
        jobs.stopping.clear()
    job.refresh_from_db()
    assert (job.state, job.tries) == (Job.State.QUEUED, 0)


def test_a_message_about_a_finished_job_does_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    replace_work(monkeypatch, lambda _handle: f"run {runs.append(1)}")
    runner.run_job(str(job.id))
    runner.run_job(str(job.id))
    assert runs == [1]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "running"},
        {"state": "done"},
        {"state": "queued", "owner": "somebody"},
        {"fraction": 1.5},
    ],
)
def test_the_database_refuses_what_no_job_may_be(job: Job, fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**fields)


def test_workers_give_signs_of_life(db: None) -> None:
    jobs.give_sign(name="one", queues=["train"])
    jobs.give_sign(name="one", queues=["upload"])
    assert list(WorkerSign.objects.values_list("name", "queues")) == [("one", ["upload"])]


def test_an_idle_worker_asks_for_little(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Its sign, expired leases, what waits, what was tried too often, webhooks, and links."""
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    monkeypatch.setattr(sweep, "_begun", {})
    worker.sweep_and_look()
    with django_assert_num_queries(7):
        worker.sweep_and_look()


# The database is away for a moment


@pytest.mark.django_db(transaction=True)
def test_a_job_is_put_back_as_soon_as_the_database_takes_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter([True, True])
    is_away = False

    def answer(execute: Callable[..., Any], *query: Any) -> Any:
        if is_away and next(refusals, False):
            raise OperationalError("no answer")
        return execute(*query)

    def work(_handle: jobs.Handle) -> str:
        nonlocal is_away
        is_away = True
        raise OperationalError("server closed the connection")

    replace_work(monkeypatch, work)
    monkeypatch.setattr(runner, "AWAY", 0)
    with pytest.raises(OperationalError), connection.execute_wrapper(answer):
        runner.run_job(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.tries, job.owner) == (Job.State.QUEUED, 0, "")


@pytest.mark.parametrize("kind", sorted(JOB_KINDS.keys() - {Job.Kind.CLOSE}))
def test_a_job_whose_subject_is_gone_comes_to_an_end(cast: Cast, kind: str) -> None:
    """It can be cancelled, and is given up by itself."""
    cancelled, forgotten = (make_job(cast.workspace, kind=kind) for _ in range(2))
    cancel_job(job=cancelled, actor=cast.bob)
    Job.objects.filter(pk=forgotten.pk).update(tries=Job.MAX_TRIES)
    sweep.give_up_worn_out()
    for job, state in ((cancelled, Job.State.CANCELLED), (forgotten, Job.State.FAILED)):
        job.refresh_from_db()
        assert job.state == state
