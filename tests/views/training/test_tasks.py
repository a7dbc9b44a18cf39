"""Tasks: list them, make one, choose its types, train it, read its versions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from dashboard.models import Job, SimilarityType, Task, Version
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from dashboard.views.training import tasks as views
from tests.factories import (
    Cast,
    make_group,
    make_image,
    make_job,
    make_task,
    make_type,
    make_version,
)
from tests.views.training.test_versions import report

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def task(cast: Cast) -> Task:
    return make_task(cast.workspace, "Shoes")


@pytest.fixture
def ready(cast: Cast, task: Task) -> SimilarityType:
    """A type of the task with two groups of two images."""
    kind = make_type(cast.workspace, "Same product")
    for number in range(2):
        images = [make_image(cast.workspace, 2 * number + seed) for seed in range(2)]
        group = make_group(kind, f"Group {number}")
        add_images(group=group, ids=[image.pk for image in images], actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    return kind


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# The list


def test_the_list_works(vera_client: Client, task: Task, ready: SimilarityType) -> None:
    make_version(task, metrics={"a": report()})
    answer = text(vera_client.get("/tasks/"))
    assert f'href="/tasks/{task.pk}"' in answer
    assert "Same product" in answer
    assert "New task" not in answer


def test_the_list_of_a_stranger_is_empty(charlie_client: Client, task: Task) -> None:
    assert str(task.pk) not in text(charlie_client.get("/tasks/"))


def test_a_damaged_cursor_is_told(bob_client: Client, task: Task) -> None:
    for url in ("/tasks/", reverse("task", args=[task.pk])):
        answer = bob_client.get(url, {"cursor": "nonsense"})
        assert answer.status_code == 404
        assert "Open the list again" in text(answer)


def test_the_list_goes_on(bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    for number in range(3):
        make_task(cast.workspace, f"Task {number}")
    first = bob_client.get("/tasks/")
    second = bob_client.get("/tasks/", {"cursor": first.context["next"]}, headers=HTMX)
    assert "Task 0" in text(second)
    assert "<html" not in text(second)


def test_the_list_asks_the_same_number_of_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    for number in range(8):
        make_version(make_task(cast.workspace, f"Task {number}"))
    with django_assert_max_num_queries(7):
        bob_client.get("/tasks/")


# Make one


def test_making_one_works(bob_client: Client, cast: Cast) -> None:
    assert bob_client.get("/tasks/new").status_code == 200
    answer = bob_client.post("/tasks/new", {"name": "Shoes", "description": "For the shop."})
    made = Task.objects.get(workspace=cast.workspace)
    assert (made.name, made.description) == ("Shoes", "For the shop.")
    assert answer["Location"] == f"/tasks/{made.pk}"


def test_a_task_needs_a_name(bob_client: Client) -> None:
    answer = bob_client.post("/tasks/new", {"name": " "})
    assert answer.status_code == 422
    assert "Nothing was saved." in text(answer)


def test_a_viewer_makes_none(vera_client: Client) -> None:
    assert vera_client.post("/tasks/new", {"name": "Mine"}).status_code == 403


# One task


def test_its_page_works(bob_client: Client, task: Task, ready: SimilarityType) -> None:
    answer = text(bob_client.get(reverse("task", args=[task.pk])))
    assert "“Same product” has 2 groups to learn from" in answer
    assert f'href="/groups/?type={ready.pk}"' in answer
    assert "Never trained" in answer
    assert "disabled" not in answer


def test_its_page_is_not_there_for_a_stranger(charlie_client: Client, task: Task) -> None:
    assert charlie_client.get(reverse("task", args=[task.pk])).status_code == 404


def test_its_page_offers_a_viewer_no_forms(
    vera_client: Client, task: Task, ready: SimilarityType
) -> None:
    answer = text(vera_client.get(reverse("task", args=[task.pk])))
    assert f'action="/tasks/{task.pk}/' not in answer


def test_it_says_why_it_cannot_be_trained(bob_client: Client, cast: Cast, task: Task) -> None:
    url = reverse("task", args=[task.pk])
    assert "Add a type first" in text(bob_client.get(url))
    add_type(task=task, similarity_type=make_type(cast.workspace, "New"), actor=cast.bob)
    answer = text(bob_client.get(url))
    assert "“New” has 0 of the 2 groups" in answer
    assert 'disabled aria-describedby="why-not"' in answer
    assert "too little to train on" in answer


def test_its_versions_stand_newest_first(bob_client: Client, cast: Cast, task: Task) -> None:
    make_version(task, metrics={"a": report()}, created_by=cast.bob)
    second = make_version(task, metrics={"a": report(better=False)})
    task.production_version = second
    task.save()
    answer = bob_client.get(reverse("task", args=[task.pk]))
    assert [row.version.number for row in answer.context["rows"]] == [2, 1]
    assert text(answer).count("production") == 1
    for words in ("76.2&nbsp;%", "69.6–82.2", "untrained 67.2&nbsp;%", "+9.0", "Bob"):
        assert words in text(answer)
    assert "Not better: untrained kept" in text(answer)


def test_a_version_that_failed_says_why(bob_client: Client, task: Task) -> None:
    make_version(task, status=Version.Status.ERROR, detail="The encoder is gone.")
    answer = text(bob_client.get(reverse("task", args=[task.pk])))
    assert "The encoder is gone." in answer
    assert "state-bad" in answer


def test_older_versions_follow(
    bob_client: Client, task: Task, ready: SimilarityType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "VERSIONS_SHOWN", 2)
    for _ in range(3):
        make_version(task)
    url = reverse("task", args=[task.pk])
    first = bob_client.get(url)
    second = bob_client.get(url, {"cursor": first.context["next"]}, headers=HTMX)
    assert "Version 1" in text(second)
    assert "Version 2" not in text(second)
    assert "Similarity types" not in text(second)
    whole = text(bob_client.get(url, {"cursor": first.context["next"]}))
    assert "Version 1" in whole
    assert "“Same product” has 2 groups" in whole, "without JavaScript it is a page of its own"


def test_its_page_asks_the_same_number_of_queries(
    bob_client: Client,
    cast: Cast,
    task: Task,
    ready: SimilarityType,
    django_assert_max_num_queries: Queries,
) -> None:
    for number in range(4):
        kind = make_type(cast.workspace, f"Type {number}")
        add_type(task=task, similarity_type=kind, actor=cast.bob)
        version = make_version(task, metrics={"a": report()}, created_by=cast.bob)
        make_job(cast.workspace, kind=Job.Kind.TRAIN, subject_id=version.pk)
    make_version(task, status=Version.Status.TRAINING)
    with django_assert_max_num_queries(13):
        bob_client.get(reverse("task", args=[task.pk]))


# Choose its types


def test_attaching_works(bob_client: Client, cast: Cast, task: Task) -> None:
    kind = make_type(cast.workspace)
    url = reverse("task-types", args=[task.pk])
    for _ in range(2):
        answer = bob_client.post(url, {"similarity_type": kind.pk})
        assert answer["Location"] == f"/tasks/{task.pk}"
    assert list(task.similarity_types.all()) == [kind]
    page = bob_client.get(reverse("task", args=[task.pk]))
    assert f'<option value="{kind.pk}"' not in text(page), "it is attached already"


def test_taking_off_works(bob_client: Client, task: Task, ready: SimilarityType) -> None:
    url = reverse("task-type-remove", args=[task.pk])
    answer = bob_client.post(url, {"similarity_type": ready.pk})
    assert "was removed" in told(answer)
    assert not task.similarity_types.exists()
    assert ready.groups.count() == 2


@pytest.mark.parametrize("route", ["task-types", "task-type-remove"])
def test_types_are_not_there_for_a_stranger(charlie_client: Client, task: Task, route: str) -> None:
    assert charlie_client.post(reverse(route, args=[task.pk])).status_code == 404


@pytest.mark.parametrize("route", ["task-types", "task-type-remove", "task-train"])
def test_a_viewer_changes_nothing(vera_client: Client, task: Task, route: str) -> None:
    assert vera_client.post(reverse(route, args=[task.pk])).status_code == 403


@pytest.mark.parametrize("route", ["task-types", "task-type-remove"])
def test_a_type_that_is_not_there_is_told(
    bob_client: Client, cast: Cast, task: Task, route: str
) -> None:
    foreign = make_type(cast.elsewhere)
    for value in ("", "nonsense", foreign.pk):
        answer = bob_client.post(reverse(route, args=[task.pk]), {"similarity_type": value})
        assert answer.status_code == 303
        assert told(answer)
    assert not task.similarity_types.exists()


# Train it


def test_training_works(bob_client: Client, task: Task, ready: SimilarityType) -> None:
    answer = bob_client.post(reverse("task-train", args=[task.pk]))
    assert told(answer) == "The training of version 1 has started."
    version, job = Version.objects.get(), Job.objects.get(kind=Job.Kind.TRAIN)
    page = text(bob_client.get(reverse("task", args=[task.pk])))
    assert f'hx-get="/jobs/{job.pk}/progress"' in page
    assert 'hx-trigger="job-finished from:body"' in page
    assert 'disabled aria-describedby="why-not"' in page
    assert version.created_by is not None


def test_after_the_training_the_page_stops_asking(
    bob_client: Client, task: Task, ready: SimilarityType
) -> None:
    make_version(task, metrics={"a": report()})
    answer = text(bob_client.get(reverse("task", args=[task.pk]), headers=HTMX))
    assert '<div id="training"' in answer
    assert "<html" not in answer
    assert "data-poll" not in answer


def test_training_is_not_there_for_a_stranger(charlie_client: Client, task: Task) -> None:
    assert charlie_client.post(reverse("task-train", args=[task.pk])).status_code == 404


def test_too_little_data_is_told(bob_client: Client, cast: Cast, task: Task) -> None:
    url = reverse("task-train", args=[task.pk])
    assert "Add one first" in told(bob_client.post(url))
    add_type(task=task, similarity_type=make_type(cast.workspace, "New"), actor=cast.bob)
    assert "“New” has 0 of the 2 groups" in told(bob_client.post(url))
    assert not Version.objects.exists()


def test_a_second_training_is_told(bob_client: Client, task: Task, ready: SimilarityType) -> None:
    url = reverse("task-train", args=[task.pk])
    bob_client.post(url)
    bob_client.get("/tasks/")  # reads the first message
    assert "Version 1 of this task is being trained" in told(bob_client.post(url))
    assert Version.objects.count() == 1
