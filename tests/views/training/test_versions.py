"""A version's page: what was measured, beside the untrained embedding, and how it was trained."""

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


PRODUCTION = scores(r1=(0.911, 0.87, 0.95), r5=(0.99, 0.98, 1.0), ap=(0.701, 0.65, 0.76))
RECIPE = {"n0": 300, "g0": 30}


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
            "recipe": RECIPE if better else None,
        },
        "candidates": [
            {"recipe": None, "recall@1": 0.894, "recall@5": 0.995, "map@r": 0.672},
            {"recipe": RECIPE, "recall@1": 0.941, "recall@5": 1.0, "map@r": 0.777},
        ],
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
        "On test groups and test images: 24 queries in 4 groups",
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
    assert "Not better: untrained kept" in answer
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


def test_production_is_compared(bob_client: Client, version: Version) -> None:
    one = version.metrics["a"]
    one["production_version"] = 3
    one["unseen"] |= {"production": PRODUCTION, "production_learned": 12}
    one["held_out"] |= {"production": PRODUCTION, "production_learned": 0}
    version.save()
    answer = page(bob_client, version)
    assert answer.count("“Production” is version 3, the production version at that time.") == 2
    assert answer.count("It was trained on 12 of these 36 groups, which favours it") == 1
    assert answer.count("91.1&nbsp;%") == 2
    assert "65.0–76.0" in answer
    assert "could not be compared" not in answer


def test_production_that_was_not_compared_is_told(bob_client: Client, version: Version) -> None:
    assert "production version at that time" not in page(bob_client, version)
    version.metrics["a"]["production_version"] = 3
    version.save()
    answer = page(bob_client, version)
    assert "Version 3, the production version at that time, could not be compared" in answer


def test_the_table_of_cross_validation_is_there(bob_client: Client, version: Version) -> None:
    answer = page(bob_client, version)
    assert "Cross-validation: 2 candidates" in answer
    assert answer.count("<strong>selected</strong>") == 1
    chosen = answer[answer.index("<strong>selected</strong>") :]
    assert ["94.1" in chosen, "77.7" in chosen, "89.4" in chosen] == [True, True, False]


def test_a_version_of_old_has_no_table(bob_client: Client, version: Version) -> None:
    del version.metrics["a"]["candidates"]
    version.save()
    assert "Cross-validation" not in page(bob_client, version)


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


# Both encoders


def of_both(share: float, **more: Any) -> dict[str, Any]:
    """Return a report as the pair of encoders has it, measured with every group in the gallery."""
    found = report() | {"mix": {"photo_weight": 0.5, "photo_share": share}} | more
    return found | {"unseen": found["unseen"] | {"gallery": {"images": 2160, "groups": 360}}}


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "almost only shapes and colours"),
        (0.3, "mostly shapes and colours"),
        (0.5, "shapes and colours as much as object categories"),
        (0.7, "mostly object categories"),
        (1.0, "almost only object categories"),
    ],
)
def test_the_mix_in_words(bob_client: Client, cast: Cast, share: float, words: str) -> None:
    version = make_version(make_task(cast.workspace), metrics={"a": of_both(share)})
    page = bob_client.get(reverse("version", args=[version.pk])).text
    assert f">{words}</strong>" in page
    assert f'title="{100 * share:.0f} % of the similarity comes from object categories"' in page


def test_the_size_of_the_gallery_stands_beside_the_figures(bob_client: Client, cast: Cast) -> None:
    metrics = {"a": of_both(0.7, fold_by="shoot")}
    version = make_version(make_task(cast.workspace), metrics=metrics)
    page = bob_client.get(reverse("version", args=[version.pk])).text
    assert "216 queries in 36 groups, each searched among 2,160 images" in page
    assert "Groups that share a value of “shoot” were measured together." in page


def test_what_the_gate_compared_with(bob_client: Client, cast: Cast) -> None:
    sentence = "The groups could not be kept apart as asked."
    folds = {"by": "group", "sentence": sentence}
    metrics = {"a": of_both(0.7, baseline="cosine", fold_by="shoot", folds=folds)}
    version = make_version(make_task(cast.workspace), metrics=metrics)
    page = bob_client.get(reverse("version", args=[version.pk])).text
    assert "Compared with: the plain cosine of the features" in page
    assert sentence in page
    assert "were tested together" not in page


def test_an_older_version_says_how_it_was_measured(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace), metrics={"a": report(held_out=True)})
    page = bob_client.get(reverse("version", args=[version.pk])).text
    assert "216 queries in 36 groups, each searched only within its fold" in page
    assert "24 queries in 4 groups<" in page, "what is held out was never folded"
    assert "Similarity is based on" not in page
    assert "Built in, fast" in page
