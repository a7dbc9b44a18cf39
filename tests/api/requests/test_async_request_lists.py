"""Asynchronous requests: the list of them, and their end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Change
from dashboard.jobs import runner, sweep
from dashboard.models import AsyncRecord, AsyncRequest, Image, Job, Task, Version
from dashboard.services.jobs.subject_end import cancel_job
from tests.api.calls import REQUEST
from tests.api.requests.long_requests import Json, as_base64, done, stored, submit, work
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn_png,
    make_job,
    make_request,
)

pytestmark = pytest.mark.usefixtures("no_worker")


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.bob)


def test_lists_by_type_and_status(cast: Cast, client: ApiClient) -> None:
    states: dict[str, Json] = {
        "CREATED": {},
        "RETRY": {"tries": 1},
        "PROCESSING": {"state": "running", "owner": "x", "lease_until": timezone.now()},
        "DONE": {"state": "done", "finished": timezone.now()},
        "FAILED": {"state": "failed", "finished": timezone.now()},
        "CANCELLED": {"state": "cancelled", "finished": timezone.now()},
    }
    for facts in states.values():
        make_request(cast.workspace, job=make_job(cast.workspace, **facts))
    make_request(cast.elsewhere)
    listed = client.get(REQUEST).json()
    assert listed["count"] == 6
    assert {row["status"] for row in listed["results"]} == set(states)
    for status in states:
        (row,) = client.get(f"{REQUEST}?page=1&status={status.lower()}").json()["results"]
        assert row["status"] == status
    assert client.get(f"{REQUEST}?type=upload").json()["count"] == 6
    assert client.get(f"{REQUEST}?type=train&status=DONE").json()["count"] == 0
    for wrong in ("type=x", "status=5"):
        assert client.get(f"{REQUEST}?{wrong}").status_code == 400


def test_a_list_takes_few_queries(
    cast: Cast, client: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(REQUEST)
    for _ in range(3):
        make_request(cast.workspace)
    with django_assert_num_queries(4):  # token, membership, requests, their records
        assert len(client.get(REQUEST).json()["results"]) == 3


# Its end


def test_cancelling_its_job(cast: Cast, client: ApiClient) -> None:
    submitted = submit(client, "upload", records=[{"_base64": as_base64(drawn_png())}])
    cancel_job(job=Job.objects.get(), actor=cast.bob)
    assert client.get(f"{REQUEST}{submitted['id']}").json()["status"] == "CANCELLED"
    assert stored(cast) == []


def test_deleting_it_ends_the_work(
    cast: Cast, client: ApiClient, django_capture_on_commit_callbacks: Any
) -> None:
    submitted = submit(client, "upload", records=[{"_base64": as_base64(drawn_png())}])
    one = f"{REQUEST}{submitted['id']}"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert Job.objects.get().state == "cancelled"
    assert not AsyncRecord.objects.exists()
    assert stored(cast) == []
    runner.run_job(str(Job.objects.get().id))
    assert not Image.objects.exists()
    assert Change.objects.get(verb="deleted").noun == "request"


def test_deleting_that_of_a_training_cancels_it(client: ApiClient, task: Task) -> None:
    submitted = submit(client, "train", task_id=str(task.id))
    assert client.delete(f"{REQUEST}{submitted['id']}/").status_code == 204
    assert Version.objects.get().status == Version.Status.CANCELLED


def test_deleting_that_of_a_finished_training_keeps_the_version(
    client: ApiClient, task: Task
) -> None:
    submitted = submit(client, "train", task_id=str(task.id))
    work(submitted["id"])
    assert client.delete(f"{REQUEST}{submitted['id']}/").status_code == 204
    assert Version.objects.get().status == Version.Status.TRAINED


def test_it_is_forgotten_when_it_is_old(
    cast: Cast, client: ApiClient, settings: Settings, trained: Task
) -> None:
    old = done(client, "descriptor", records=[{}], task_id=str(trained.id))["id"]
    done(client, "descriptor", records=[{}], task_id=str(trained.id))
    submit(client, "descriptor", records=[{}], task_id=str(trained.id))
    long_ago = timezone.now() - timedelta(days=8)
    AsyncRequest.objects.update(created=long_ago)
    Job.objects.filter(pk=AsyncRequest.objects.get(pk=old).job_id).update(finished=long_ago)
    sweep.tidy()
    assert AsyncRequest.objects.count() == AsyncRecord.objects.count() == 2
    assert client.get(f"{REQUEST}{old}").status_code == 404
    settings.LIKEWISE_KEEP_REQUESTS = 9
    AsyncRequest.objects.update(created=long_ago)
    Job.objects.filter(state="done").update(finished=long_ago)
    sweep.tidy()
    assert AsyncRequest.objects.count() == 2
