"""The list of jobs, what those that wait are told to wait for, and the tray."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.shortcuts import resolve_url
from django.test import Client
from django.utils import timezone

from dashboard.models import Extraction, Job
from dashboard.queries import pages
from dashboard.services.jobs import jobs as service
from tests.factories import (
    Cast,
    make_job,
    make_request,
    make_task,
    make_version,
)
from tests.views.jobs.shown import running

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


# The list


def test_the_list_works(bob_client: Client, cast: Cast, job: Job) -> None:
    newer = make_job(cast.workspace, title="Upload of hats.zip")
    answer = bob_client.get("/jobs/")
    assert [row.job for row in answer.context["rows"]] == [newer, job]
    text = answer.content.decode()
    assert (
        text.count("data-poll hx-get") == 1
    )  # one request for the whole list, and no tray beside it
    assert f'href="/uploads/{job.subject_id}"' in text
    assert f'action="/jobs/{job.pk}/cancel"' in text


def test_a_poll_of_the_list_gets_the_list_as_it_is_filtered(bob_client: Client, job: Job) -> None:
    text = bob_client.get("/jobs/?state=queued&kind=upload", headers=HTMX).content.decode()
    assert text.strip().startswith('<div id="job-list" data-poll')
    assert 'hx-get="/jobs/?state=queued&amp;kind=upload"' in text
    service.end(running(job), state=Job.State.DONE)
    text = bob_client.get("/jobs/?kind=upload", headers=HTMX).content.decode()
    assert "data-poll" not in text


def test_the_list_of_a_stranger_is_empty(charlie_client: Client, job: Job) -> None:
    answer = charlie_client.get("/jobs/")
    assert answer.context["rows"] == []
    assert "No jobs yet" in answer.content.decode()


def listed(client: Client, query: str) -> list[Job]:
    return [row.job for row in client.get(f"/jobs/?{query}").context["rows"]]


def test_the_list_is_filtered(bob_client: Client, cast: Cast, job: Job) -> None:
    over = {"state": Job.State.DONE, "finished": timezone.now()}
    done = make_job(cast.workspace, kind=Job.Kind.TRAIN, created_by=cast.bob, **over)
    assert listed(bob_client, "state=done") == [done]
    assert listed(bob_client, "state=unfinished") == [job]
    assert listed(bob_client, "kind=train") == [done]
    assert listed(bob_client, f"who={cast.bob.pk}") == [done]
    assert listed(bob_client, f"who={cast.bob.pk}&state=queued&kind=train") == []
    assert "No jobs found" in bob_client.get("/jobs/?state=failed").content.decode()


def test_nobody_filters_by_a_stranger(bob_client: Client, cast: Cast, job: Job) -> None:
    assert bob_client.get(f"/jobs/?who={cast.charlie.pk}").status_code == 404


def test_the_list_goes_on_where_the_page_ended(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    made = [make_job(cast.workspace) for _ in range(3)]
    first = bob_client.get("/jobs/?state=queued")
    assert [row.job for row in first.context["rows"]] == made[:0:-1]
    assert "state=queued" in first.context["older_url"]
    second = bob_client.get(first.context["older_url"])
    assert [row.job for row in second.context["rows"]] == made[:1]
    assert second.context["older_url"] == ""
    assert second.context["newest_url"] == "/jobs/?state=queued"


@pytest.mark.parametrize(
    "query", ["state=lost", "kind=nothing", "who=5", "cursor=nonsense", "cursor=%00"]
)
def test_a_damaged_address_says_so(bob_client: Client, query: str) -> None:
    answer = bob_client.get(f"/jobs/?{query}")
    assert answer.status_code == 404
    assert "Open the first page of the list" in answer.content.decode()


@pytest.mark.parametrize("number", [1, 20])
def test_the_list_needs_few_queries(
    bob_client: Client, cast: Cast, number: int, django_assert_num_queries: Queries
) -> None:
    """The person, memberships; jobs, members; what they are about, wait for and may be tried."""
    for at in range(number):
        for kind in (Job.Kind.UPLOAD, Job.Kind.TRAIN, Job.Kind.EXTRACT, Job.Kind.FILL):
            make_job(cast.workspace, kind=kind)
        fields = {"state": Job.State.FAILED, "finished": timezone.now()}
        make_job(cast.workspace, title=str(at), **fields)
    with django_assert_num_queries(12):
        bob_client.get("/jobs/")


def test_a_row_leads_to_what_came_of_it(bob_client: Client, cast: Cast) -> None:
    over = {"state": Job.State.DONE, "finished": timezone.now()}
    upload = make_job(cast.workspace, failed=2, done=3, total=5, **over)
    version = make_version(make_task(cast.workspace))
    extraction = Extraction.objects.create(
        workspace=cast.workspace, version=version, format="csv", path="somewhere"
    )
    make_job(cast.workspace, kind=Job.Kind.EXTRACT, subject_id=extraction.pk, **over)
    text = bob_client.get("/jobs/").content.decode()
    assert f'href="/uploads/{upload.subject_id}/failures.csv"' in text
    assert f'action="/jobs/{upload.pk}/retry"' in text
    assert f'href="{resolve_url("extraction-file", extraction.pk)}"' in text


def test_what_was_asked_for_over_the_api_is_listed(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace, name="Shoes"))
    request = make_request(cast.workspace, version=version, version_number=version.number)
    text = bob_client.get("/jobs/").content.decode()
    assert f"Request {request.pk} over the API, task “Shoes”, version {version.number}" in text
    assert f'href="/tasks/{version.task_id}"' in text


def test_a_viewer_sees_no_button_in_the_list(vera_client: Client, job: Job) -> None:
    fields = {"state": Job.State.FAILED, "finished": timezone.now()}
    make_job(job.workspace, **fields)
    text = vera_client.get("/jobs/").content.decode()
    assert "/cancel" not in text
    assert "/retry" not in text


# What waits says for what


def served(*queues: str) -> None:
    service.give_sign(name="worker", queues=list(queues))


def said(client: Client, job: Job) -> str:
    shown = [row.progress for row in client.get("/jobs/").context["rows"] if row.job == job]
    return shown[0].waiting


def test_nobody_works(bob_client: Client, job: Job) -> None:
    assert "No worker is running" in said(bob_client, job)


def test_nobody_serves_the_queue(bob_client: Client, job: Job) -> None:
    served("train", "extract")
    assert "No worker serves the queue “upload”" in said(bob_client, job)
    assert "LIKEWISE_QUEUES" in said(bob_client, job)


def test_others_are_before_it(bob_client: Client, cast: Cast, job: Job) -> None:
    served("upload")
    second, urgent = make_job(cast.workspace), make_job(cast.workspace, priority=10)
    assert said(bob_client, urgent) == "This job is next in the queue."
    assert said(bob_client, job) == "1 job is ahead of it in the queue."
    assert said(bob_client, second) == "2 jobs are ahead of it in the queue."
    make_job(cast.elsewhere, priority=10)  # how many they are is no secret
    assert said(bob_client, second) == "3 jobs are ahead of it in the queue."


def test_the_workspace_has_its_share(bob_client: Client, cast: Cast, job: Job) -> None:
    served("upload")
    running(make_job(cast.workspace))
    assert "This workspace runs" in said(bob_client, job)


def test_it_is_tried_again_at_a_time(bob_client: Client, job: Job) -> None:
    served("upload")
    again = timezone.now() + timedelta(minutes=3)
    Job.objects.filter(pk=job.pk).update(not_before=again, tries=1)
    text = bob_client.get(f"/jobs/{job.pk}/progress", headers=HTMX).content.decode()
    assert "The job was interrupted. It resumes automatically at" in text
    assert again.isoformat(timespec="seconds")[:19] in text


# The tray


def test_the_tray_is_on_every_page_while_something_runs(
    bob_client: Client, cast: Cast, job: Job
) -> None:
    running(make_job(cast.workspace, title="Training of shoes"), fraction=0.42)
    text = bob_client.get("/types/").content.decode()
    assert "1 running (42 %), 1 waiting" in text
    assert "Training of shoes" in text
    assert 'hx-get="/jobs/tray"' in text


def test_the_tray_ends_with_what_runs(bob_client: Client, job: Job) -> None:
    assert "1 waiting" in bob_client.get("/jobs/tray", headers=HTMX).content.decode()
    bob_client.post(f"/jobs/{job.pk}/cancel")
    assert bob_client.get("/jobs/tray", headers=HTMX).content.strip() == b""
    assert 'id="tray"' not in bob_client.get("/types/").content.decode()


def test_the_tray_is_of_one_workspace(charlie_client: Client, job: Job) -> None:
    assert 'id="tray"' not in charlie_client.get("/types/").content.decode()
    assert charlie_client.get("/jobs/tray", headers=HTMX).content.strip() == b""


def test_the_tray_stays_closed(bob_client: Client, job: Job) -> None:
    assert '<details class="tray-box" id="tray" open' in bob_client.get("/types/").content.decode()
    bob_client.cookies["tray"] = "closed"
    text = bob_client.get("/types/").content.decode()
    assert '<details class="tray-box" id="tray"  data-poll' in text


def test_the_tray_costs_one_query_for_all_who_look_at_once(
    bob_client: Client, vera_client: Client, job: Job, django_assert_num_queries: Queries
) -> None:
    with django_assert_num_queries(3):  # the person, the memberships
        bob_client.get("/jobs/tray", headers=HTMX)
    with django_assert_num_queries(2):
        vera_client.get("/jobs/tray", headers=HTMX)


def test_without_htmx_the_tray_is_the_list(bob_client: Client) -> None:
    answer = bob_client.get("/jobs/tray")
    assert (answer.status_code, answer["Location"]) == (302, "/jobs/")


@pytest.mark.parametrize("kind", [Job.Kind.EXPORT, Job.Kind.IMPORT])
def test_a_transfer_is_linked_for_who_may_open_it(
    alice_client: Client, bob_client: Client, cast: Cast, kind: Job.Kind
) -> None:
    job = make_job(cast.workspace, kind=kind)
    link = f'href="/settings/transfers/{job.subject_id}"'
    assert link in alice_client.get("/jobs/").content.decode()
    assert link not in bob_client.get("/jobs/").content.decode()


def test_a_finished_dry_run_offers_no_retry(bob_client: Client, cast: Cast) -> None:
    """What it found wrong is mended in the plan."""
    fields = {"state": Job.State.DONE, "finished": timezone.now(), "failed": 3, "total": 9}
    plan = make_job(cast.workspace, kind=Job.Kind.PLAN, title="A dry run", **fields)
    upload = make_job(cast.workspace, title="An upload", **fields)
    page = bob_client.get("/jobs/").content.decode()
    assert f'action="/jobs/{plan.pk}/retry"' not in page
    assert f'action="/jobs/{upload.pk}/retry"' in page


def test_a_hundred_percent_is_all_of_it(bob_client: Client, cast: Cast) -> None:
    fields = {"state": Job.State.DONE, "finished": timezone.now(), "fraction": 1.0}
    make_job(cast.workspace, done=313, total=420, **fields)
    page = bob_client.get("/jobs/").content.decode()
    assert "313 of 420" in page
    assert "74 %" in page
    assert "100 %" not in page


def test_when_it_began_is_asked_for_until_it_has(bob_client: Client, cast: Cast) -> None:
    waiting = make_job(cast.workspace)
    facts = f'id="facts" aria-label="Details" data-poll hx-get="/jobs/{waiting.pk}"'
    assert facts in bob_client.get(f"/jobs/{waiting.pk}").content.decode()
    running(waiting, fraction=0.18)
    page = bob_client.get(f"/jobs/{waiting.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "Started" in page
    assert page.count("not yet") == 1, "it began, and has not ended"
    assert "data-poll" not in page
