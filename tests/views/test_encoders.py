"""The installation's encoders, for those who run it."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dashboard.engine.own import preparing
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Job
from tests.engine.own import graphs
from tests.factories import Cast, signed_in
from tests.services.test_encoders import FEW

PAGE, NEW = "/settings/encoders", "/settings/encoders/new"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "AMOUNTS", FEW)


@pytest.fixture
def operator(cast: Cast) -> Client:
    cast.alice.is_staff = True
    cast.alice.save()
    return signed_in(cast.alice)


def sent(**fields: object) -> dict[str, object]:
    return {
        "name": "Small net",
        "graph": SimpleUploadedFile("net.onnx", graphs.resnet_like()),
        "preprocessing": SimpleUploadedFile("x.json", b'{"height": 64, "width": 64}'),
    } | fields


def test_it_works(operator: Client) -> None:
    assert operator.post(NEW, sent()).status_code == 303
    run_job(str(Job.objects.get().pk))
    encoder = Encoder.objects.get()
    page = operator.get(PAGE)
    assert "Small net" in page.text
    assert "Ready" in page.text
    assert operator.post(f"{PAGE}/{encoder.pk}/default").status_code == 303
    encoder.refresh_from_db()
    assert encoder.is_default
    assert "Small net" in operator.get("/tasks/new").text
    operator.post(f"{PAGE}/built-in")
    operator.post(f"{PAGE}/{encoder.pk}/delete")
    assert not Encoder.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"graph": SimpleUploadedFile("a.onnx", b"x")}, "cannot load the file"),
        ({"preprocessing": SimpleUploadedFile("x.json", b"{")}, "is no JSON"),
        ({"preprocessing": SimpleUploadedFile("x.json", b'{"height": 32}')}, "the graph takes 64"),
        ({"name": " "}, "This field is required"),
        ({"output": "logits"}, "its outputs are embedding"),
    ],
)
def test_bad_input_is_told(operator: Client, fields: dict[str, object], sentence: str) -> None:
    answer = operator.post(NEW, sent(**fields))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Encoder.objects.exists()


@pytest.mark.parametrize("path", ["", "/new"])
def test_only_operators_see_it(alice_client: Client, path: str) -> None:
    assert alice_client.get(PAGE + path).status_code == 404


def test_the_list_needs_few_queries(
    operator: Client, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    with django_assert_max_num_queries(5):
        operator.get(PAGE)
