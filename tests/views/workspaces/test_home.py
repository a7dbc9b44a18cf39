"""The first page: what there is, what runs, what to do next."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import Membership
from dashboard.models import Job
from tests.factories import (
    Cast,
    drawn_png,
    make_group,
    make_image,
    make_job,
    make_task,
    make_type,
    make_upload,
    make_version,
)

Queries = Callable[..., Any]


def test_it_works(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    answer = bob_client.get("/")
    assert answer.status_code == 200
    assert [figure.value for figure in answer.context["figures"]] == ["1", "0", "0", "0"]
    assert [step.title for step in answer.context["steps"] if step.is_next] == [
        "Create a similarity type"
    ]
    assert answer.context["steps_done"] == 1


def test_before_anybody_exists_it_leads_to_the_set_up(db: None) -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/setup")


def test_signed_out_it_leads_to_the_sign_in(cast: Cast) -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_a_stranger_sees_nothing_of_others(charlie_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    make_job(cast.workspace)
    answer = charlie_client.get("/")
    assert [figure.value for figure in answer.context["figures"]] == ["0", "0", "0", "0"]
    assert answer.context["rows"] == []


def test_who_has_no_workspace_is_led_to_make_one(charlie_client: Client, cast: Cast) -> None:
    Membership.objects.filter(user=cast.charlie).delete()
    assert charlie_client.get("/")["Location"] == "/settings/workspace/new"


def test_the_steps_go_away_once_all_are_done(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    make_group(make_type(cast.workspace))
    version = make_version(make_task(cast.workspace))
    assert bob_client.get("/").context["steps_done"] == 4
    bob_client.get(f"/versions/{version.id}")
    assert bob_client.get("/").context["steps_done"] == 5
    bob_client.post(
        "/search/", {"file": ContentFile(drawn_png(), "query.png"), "version": "", "k": 12}
    )
    answer = bob_client.get("/")
    assert answer.context["steps"] == []
    assert "Steps to your first search" not in answer.content.decode()


def test_running_jobs_show_their_progress(bob_client: Client, cast: Cast) -> None:
    running = make_job(cast.workspace, title="Upload of hats.zip")
    make_job(cast.workspace, state=Job.State.DONE, finished=running.created, title="Over")
    page = bob_client.get("/").content.decode()
    assert "Upload of hats.zip" in page
    assert f'hx-get="/jobs/{running.pk}/progress"' in page
    assert "Over" not in page


def test_a_viewer_is_offered_what_a_viewer_may_do(vera_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    stage = {"stage": "receiving", "committed": None, "name": "half.zip"}
    make_upload(cast.workspace, **stage)
    page = vera_client.get("/").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert [f'href="{url}"' in main for url in ("/search/", "/groups/", "/connect/")] == [True] * 3
    assert "<form" not in main
    assert "/uploads/" not in main
    assert "half.zip" not in main
    assert "first search" not in main


def test_whoever_may_add_gets_the_steps_instead(bob_client: Client, cast: Cast) -> None:
    page = bob_client.get("/").content.decode()
    assert "Steps to your first search" in page
    assert "Use the API" not in page


def test_counts_end_where_nobody_reads_on(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.workspaces.home.COUNTED", 2)
    monkeypatch.setattr("dashboard.views.workspaces.home.COUNTED", 2)
    for seed in range(4):
        make_image(cast.workspace, seed)
    assert bob_client.get("/").context["figures"][0].value == "2+"


def test_few_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    for _ in range(5):
        make_job(cast.workspace)
    with django_assert_max_num_queries(12):
        bob_client.get("/")


def test_load_the_demo(bob_client: Client, cast: Cast) -> None:
    assert 'action="/demo"' in bob_client.get("/").content.decode()
    answer = bob_client.post("/demo")
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/jobs/{job.id}")
    assert (job.kind, job.workspace) == ("demo", cast.workspace)
    assert bob_client.post("/demo")["Location"] == "/"
    assert Job.objects.count() == 1
