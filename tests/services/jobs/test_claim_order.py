"""Whose turn it is: priority, fairness between workspaces, age, and a share for each workspace."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Workspace
from dashboard.models import Job
from dashboard.queries.jobs.claim_order import next_in
from dashboard.services.jobs import jobs, queueing
from tests.factories import Cast, make_cast, make_job


@pytest.fixture(autouse=True)
def _share(settings: Settings) -> None:
    settings.LIKEWISE_JOBS_PER_WORKSPACE = 2


@pytest.fixture
def other(cast: Cast) -> Workspace:
    """Charlie's workspace, which competes for the same queue."""
    return cast.elsewhere


def waiting(workspace: Workspace, title: str, **fields: Any) -> Job:
    return make_job(workspace, title=title, **fields)


def take(queue: str = "upload", *, urgent_only: bool = False) -> str:
    job = jobs.claim_next(queue, "worker", urgent_only=urgent_only)
    return job.title if job else ""


def test_the_oldest_is_first(cast: Cast) -> None:
    for title in ("first", "second"):
        waiting(cast.workspace, title)
    assert (take(), take(), take()) == ("first", "second", "")


def test_the_highest_priority_is_before_it(cast: Cast) -> None:
    waiting(cast.workspace, "old")
    waiting(cast.workspace, "none waits for it", priority=-10)
    waiting(cast.workspace, "somebody waits", priority=10)
    assert [take(), take()] == ["somebody waits", "old"]


def test_the_workspace_with_the_fewest_running_is_before_the_older_job(
    cast: Cast, other: Workspace
) -> None:
    for title in ("a1", "a2"):
        waiting(cast.workspace, title)
    waiting(other, "b1")
    assert [take(), take(), take()] == ["a1", "b1", "a2"]


def test_a_workspace_has_its_share_and_no_more(cast: Cast, other: Workspace) -> None:
    for number in range(4):
        waiting(cast.workspace, f"a{number}")
    assert [take(), take(), take()] == ["a0", "a1", ""]
    waiting(other, "b")
    assert take() == "b"
    ended = Job.objects.get(title="a0")
    jobs.end(ended, state=Job.State.DONE)
    assert [take(), take()] == ["a2", ""]


def test_the_share_is_one_of_each_queue(cast: Cast) -> None:
    for number in range(3):
        waiting(cast.workspace, f"a{number}")
    waiting(cast.workspace, "training", queue="train", kind=Job.Kind.TRAIN)
    assert [take(), take(), take()] == ["a0", "a1", ""]
    assert take("train") == "training"


def test_what_somebody_waits_for_is_counted_apart(cast: Cast) -> None:
    for number in range(3):
        waiting(cast.workspace, f"a{number}")
    assert [take(), take(), take()] == ["a0", "a1", ""]
    waiting(cast.workspace, "plan", priority=10)
    assert take() == "plan"


def test_the_kept_slot_takes_only_what_somebody_waits_for(cast: Cast) -> None:
    waiting(cast.workspace, "import")
    assert take(urgent_only=True) == ""
    waiting(cast.workspace, "plan", priority=10)
    assert take(urgent_only=True) == "plan"


def test_a_pause_is_kept(cast: Cast) -> None:
    later = timezone.now() + timedelta(minutes=1)
    job = waiting(cast.workspace, "in a minute", not_before=later)
    assert take() == ""
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    assert take() == "in a minute"


def test_what_was_tried_too_often_is_left_to_the_sweep(cast: Cast) -> None:
    waiting(cast.workspace, "worn out", tries=Job.MAX_TRIES)
    waiting(cast.workspace, "removal", kind=Job.Kind.CLOSE, tries=Job.MAX_TRIES)
    assert [take(), take()] == ["removal", ""]


def test_who_loses_a_job_takes_the_next(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in ("first", "second"):
        waiting(cast.workspace, title)
    found = next_in("upload")
    assert take() == "first"
    monkeypatch.setattr(jobs, "next_in", lambda *_, **__: found)  # as seen before that
    assert take() == "second"


def test_each_kind_is_queued_with_its_priority(cast: Cast) -> None:
    made = {
        kind: queueing.enqueue(
            workspace=cast.workspace,
            kind=kind,
            title="",
            subject_id=cast.workspace.pk,
            actor=cast.bob,
        ).priority
        for kind in (Job.Kind.UPLOAD, Job.Kind.CLOSE)
    }
    assert made == {Job.Kind.UPLOAD: 0, Job.Kind.CLOSE: -10}


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_do_not_exceed_the_share(
    transactional_db: None, settings: Settings
) -> None:
    """On PostgreSQL they meet; SQLite lets one write at a time, and its tests have one thread."""
    workspace = make_cast().workspace
    for number in range(12):
        waiting(workspace, f"a{number}")

    def claim(number: int) -> None:
        try:
            jobs.claim_next("upload", f"worker {number}")
        finally:
            connection.close()

    if connection.vendor == "postgresql":
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(claim, range(24)))
    else:
        for number in range(24):
            jobs.claim_next("upload", f"worker {number}")
    running = Job.objects.filter(state=Job.State.RUNNING)
    assert running.count() == settings.LIKEWISE_JOBS_PER_WORKSPACE
    assert running.values("owner").distinct().count() == running.count()
