"""A version's page: what was measured, beside the untrained descriptor, and how it was trained."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import Job, Version
from tests.factories import Cast, make_job, make_task, make_version


def scores(**values: tuple[float, float, float]) -> dict[str, dict[str, float]]:
    return {
        name: dict(zip(("value", "low", "high"), values[key], strict=True))
        for name, key in (("recall@1", "r1"), ("recall@5", "r5"), ("map@r", "ap"))
    }


TRAINED = scores(r1=(0.935, 0.898, 0.963), r5=(1.0, 1.0, 1.0), ap=(0.762, 0.696, 0.822))
UNTRAINED = scores(r1=(0.894, 0.838, 0.94), r5=(0.995, 0.986, 1.0), ap=(0.672, 0.599, 0.742))


def report(*, better: bool = True, verified: bool = True, held_out: bool = False) -> dict[str, Any]:
    """Return what `engine.training.fit` reports of a type."""
    delivered = dict(TRAINED if better else UNTRAINED)
    comparison = {
        "queries": 216,
        "groups": 36,
        "delivered": delivered,
        "untrained": UNTRAINED,
        "by_group": {"group": [0], "map@r": [0.1]},
    }
    return {
        "name": "Same colourway",
        "groups": 36,
        "images": 216,
        "dimension": 128,
        "verdict": {
            "better": better,
            "verified": verified,
            "sentence": "A sentence of the gate.",
            "gain": 0.09 if verified else None,
            "gain_at_least": 0.054 if verified else None,
            "recipe": {"n0": 300, "g0": 30} if better else None,
        },
        "unseen": comparison,
        "held_out": comparison | {"queries": 24, "groups": 4} if held_out else None,
    }


@pytest.fixture
def version(cast: Cast) -> Version:
    metrics = {"a": report(held_out=True)}
    return make_version(make_task(cast.workspace), metrics=metrics, created_by=cast.bob, seed=4711)


def page(client: Client, version: Version) -> str:
    return client.get(reverse("version", args=[version.pk])).content.decode()


def test_it_works(vera_client: Client, cast: Cast, version: Version) -> None:
    job = make_job(cast.workspace, kind=Job.Kind.TRAIN, subject_id=version.pk)
    answer = page(vera_client, version)
    for words in (
        "A sentence of the gate.",
        "216 queries in 36 groups",
        "On what is marked as test: 24 queries in 4 groups",
        "93.5&nbsp;%",
        "89.8–96.3",
        "Recall@5",
        "+9.0",
        "builtin-1",
        "4711",
        "n0 = 300",
        f'href="/jobs/{job.pk}"',
        f'href="/tasks/{version.task_id}"',
    ):
        assert words in answer


def test_it_is_not_there_for_a_stranger(charlie_client: Client, version: Version) -> None:
    assert charlie_client.get(reverse("version", args=[version.pk])).status_code == 404


def test_a_head_that_was_not_better_is_no_comparison(bob_client: Client, version: Version) -> None:
    version.metrics = {"a": report(better=False)}
    version.save()
    answer = page(bob_client, version)
    assert "No better: untrained kept" in answer
    assert "Difference" not in answer
    assert "marked as test" not in answer


def test_a_metric_that_fell_is_told(bob_client: Client, version: Version) -> None:
    version.metrics["a"]["unseen"]["delivered"]["recall@1"] = {
        "value": 0.85,
        "low": 0.8,
        "high": 0.9,
    }
    version.save()
    task = bob_client.get(reverse("task", args=[version.task_id])).content.decode()
    assert "Better in MAP@R" in task
    assert task.count("lower by 4.4") == 1


def test_too_few_groups_are_told(bob_client: Client, version: Version) -> None:
    version.metrics = {"a": report(better=False, verified=False)}
    version.save()
    assert "Not verified: untrained kept" in page(bob_client, version)
    task = bob_client.get(reverse("task", args=[version.task_id])).content.decode()
    assert "too few groups to tell" in task


@pytest.mark.parametrize(
    ("status", "words"),
    [("QUEUED", "In training"), ("TRAINING", "In training"), ("CANCELLED", "Cancelled")],
)
def test_one_without_numbers_has_a_page_too(
    bob_client: Client, version: Version, status: str, words: str
) -> None:
    version.metrics, version.status, version.detail = {}, status, "Somebody stopped it."
    version.save()
    assert words in page(bob_client, version)
    assert "Somebody stopped it." in page(bob_client, version)
