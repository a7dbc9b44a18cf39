"""A job of one's own: its page, its progress, and the buttons that stop it or try it again."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import Job
from dashboard.services.jobs import jobs as service
from dashboard.views.jobs.job_subjects import NOWHERE
from dashboard.views.jobs.progress import duration_words, rate_words, time_left_words
from tests.factories import (
    Cast,
    make_image,
    make_job,
    make_task,
    make_upload,
    make_version,
)
from tests.views.jobs.shown import running

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


# One job


def test_a_job_leads_to_its_upload(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace)
    job = make_job(cast.workspace, subject_id=upload.pk)
    answer = bob_client.get(f"/jobs/{job.pk}")
    assert f'href="/uploads/{upload.pk}"' in answer.content.decode()


def test_a_training_leads_to_its_task(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    job = make_job(cast.workspace, kind=Job.Kind.TRAIN, subject_id=version.pk)
    answer = bob_client.get(f"/jobs/{job.pk}")
    assert f'href="/tasks/{version.task_id}"' in answer.content.decode()


def test_a_training_of_a_deleted_task_leads_nowhere(bob_client: Client, cast: Cast) -> None:
    job = make_job(cast.workspace, kind=Job.Kind.TRAIN)
    assert bob_client.get(f"/jobs/{job.pk}").context["subject"] == NOWHERE


def test_a_fragment_of_a_job_is_no_page(bob_client: Client, job: Job) -> None:
    answer = bob_client.get(f"/jobs/{job.pk}", headers=HTMX)
    assert answer.content.decode().strip().startswith('<section class="card mt-3" id="facts"')
    assert "HX-Request" in answer["Vary"]
    boosted = bob_client.get(f"/jobs/{job.pk}", headers=HTMX | {"HX-Boosted": "true"})
    assert "<html" in boosted.content.decode()
    restored = HTMX | {"HX-History-Restore-Request": "true"}
    assert "<html" in bob_client.get(f"/jobs/{job.pk}", headers=restored).content.decode()


@pytest.mark.parametrize("path", ["", "/progress"])
def test_a_job_is_not_there_for_a_stranger(charlie_client: Client, job: Job, path: str) -> None:
    assert charlie_client.get(f"/jobs/{job.pk}{path}", headers=HTMX).status_code == 404


def test_a_job_that_never_was_is_not_there(bob_client: Client) -> None:
    assert bob_client.get(f"/jobs/{uuid.uuid4()}").status_code == 404


# Its progress


def test_a_poll_gets_the_bar_and_goes_on(bob_client: Client, job: Job) -> None:
    began = timezone.now() - timedelta(seconds=100)  # a second more makes no difference
    running(job, total=4000, done=900, failed=100, fraction=0.25, started=began)
    answer = bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    text = answer.content.decode()
    assert "data-poll" in text
    assert "25 %" in text
    assert "1,000 of 4,000" in text
    assert "10 images/s" in text
    assert "about 5 min left" in text
    assert "HX-Trigger" not in answer


def test_a_poll_of_a_finished_job_is_the_last(bob_client: Client, job: Job) -> None:
    service.end(running(job), state=Job.State.DONE, message="3 added.")
    answer = bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    assert "data-poll" not in answer.content.decode()
    assert "job-finished" in answer["HX-Trigger"]


def test_without_htmx_the_progress_is_the_page_of_the_job(bob_client: Client, job: Job) -> None:
    answer = bob_client.get(f"/jobs/{job.pk}/progress")
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")


def test_a_viewer_sees_the_progress_and_no_button(vera_client: Client, job: Job) -> None:
    answer = vera_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    assert answer.status_code == 200
    assert "/cancel" not in answer.content.decode()


def test_the_button_is_gone_once_it_was_pressed(bob_client: Client, job: Job) -> None:
    running(job, cancel_requested=True)
    text = bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX).content.decode()
    assert "Cancelling" in text
    assert "/cancel" not in text


def test_a_poll_needs_few_queries(
    bob_client: Client, vera_client: Client, job: Job, django_assert_num_queries: Queries
) -> None:
    """The person, memberships, the job and what it waits for; at the same time only the former.

    Who sees the same is who has the same role.
    """
    with django_assert_num_queries(6):
        bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    with django_assert_num_queries(2):
        bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    assert (
        "/cancel" not in vera_client.get(f"/jobs/{job.pk}/progress", headers=HTMX).content.decode()
    )


@pytest.mark.parametrize(
    ("rate", "words"),
    [(None, ""), (12.4, "12 images/s"), (1.2, "72 images/min"), (1234, "1,234 images/s")],
)
def test_rates_in_words(rate: float | None, words: str) -> None:
    assert rate_words(rate) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (59, "59 s"), (120, "2 min"), (3900, "1 h 5 min")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_time_left_in_words() -> None:
    assert time_left_words(None) == ""
    assert time_left_words(timedelta(seconds=3)) == "a few seconds left"
    assert time_left_words(timedelta(seconds=110)) == "about 2 min left"


# Stop it


def test_cancelling_works(bob_client: Client, job: Job) -> None:
    answer = bob_client.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert answer.redirect_chain == [(f"/jobs/{job.pk}", 303)]
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert "The job was cancelled" in answer.content.decode()


def test_cancelling_in_place_lets_the_page_renew_itself(bob_client: Client, job: Job) -> None:
    bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX)
    answer = bob_client.post(f"/jobs/{job.pk}/cancel", headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert {"flash", "jobs-changed"} == set(json.loads(answer["HX-Trigger"]))
    text = bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX).content.decode()
    assert "Cancelled" in text
    assert "data-poll" not in text


def test_cancelling_is_not_for_a_stranger(charlie_client: Client, job: Job) -> None:
    assert charlie_client.post(f"/jobs/{job.pk}/cancel").status_code == 404


def test_cancelling_is_not_for_a_viewer(vera_client: Client, job: Job) -> None:
    assert vera_client.post(f"/jobs/{job.pk}/cancel").status_code == 403
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


def test_cancelling_what_is_over_says_so(bob_client: Client, job: Job) -> None:
    service.end(running(job), state=Job.State.DONE)
    answer = bob_client.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert "This job has already ended." in answer.content.decode()


def test_cancelling_takes_no_link(bob_client: Client, job: Job) -> None:
    assert bob_client.get(f"/jobs/{job.pk}/cancel").status_code == 405


# Try again what it left undone


@pytest.fixture
def broken_off(cast: Cast) -> Job:
    """A description of one image that somebody cancelled."""
    make_image(cast.workspace)
    fields = {"state": Job.State.CANCELLED, "finished": timezone.now(), "kind": Job.Kind.DESCRIBE}
    return make_job(cast.workspace, subject_id=cast.workspace.pk, **fields)


def test_trying_again_works(bob_client: Client, broken_off: Job) -> None:
    page = bob_client.get(f"/jobs/{broken_off.pk}").content.decode()
    assert f'action="/jobs/{broken_off.pk}/retry"' in page
    answer = bob_client.post(f"/jobs/{broken_off.pk}/retry", follow=True)
    again = Job.objects.latest("created")
    assert answer.redirect_chain == [(f"/jobs/{again.pk}", 303)]
    assert (again.kind, again.state) == (Job.Kind.DESCRIBE, Job.State.QUEUED)
    assert "The job is retried" in answer.content.decode()


def test_the_button_comes_with_the_end_of_the_job(bob_client: Client, broken_off: Job) -> None:
    fragment = bob_client.get(f"/jobs/{broken_off.pk}", headers=HTMX).content.decode()
    assert "/retry" in fragment
    assert "csrfmiddlewaretoken" in fragment


def test_trying_again_twice_is_refused(bob_client: Client, broken_off: Job) -> None:
    bob_client.post(f"/jobs/{broken_off.pk}/retry")
    answer = bob_client.post(f"/jobs/{broken_off.pk}/retry", follow=True)
    assert "There is nothing left to retry" in answer.content.decode()
    assert Job.objects.count() == 2
    assert "/retry" not in bob_client.get(f"/jobs/{broken_off.pk}").content.decode()


def test_what_runs_cannot_be_tried_again(bob_client: Client, job: Job) -> None:
    answer = bob_client.post(f"/jobs/{job.pk}/retry", follow=True)
    assert "This is still running." in answer.content.decode()
    assert Job.objects.count() == 1


def test_trying_again_is_not_for_a_stranger(charlie_client: Client, broken_off: Job) -> None:
    assert charlie_client.post(f"/jobs/{broken_off.pk}/retry").status_code == 404
    assert Job.objects.count() == 1


def test_trying_again_is_not_for_a_viewer(vera_client: Client, broken_off: Job) -> None:
    assert "/retry" not in vera_client.get(f"/jobs/{broken_off.pk}").content.decode()
    assert vera_client.post(f"/jobs/{broken_off.pk}/retry").status_code == 403
    assert Job.objects.count() == 1


def test_the_page_of_a_job_needs_few_queries(
    bob_client: Client, broken_off: Job, django_assert_max_num_queries: Queries
) -> None:
    with django_assert_max_num_queries(6):
        bob_client.get(f"/jobs/{broken_off.pk}")
