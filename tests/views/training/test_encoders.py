"""The installation's encoders, for those who run it."""

import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from dashboard.engine.custom import preparing
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Job
from dashboard.queries.training.encoders import default_key, encoders
from tests.engine.custom import graphs
from tests.factories import Cast, signed_in
from tests.services.training.test_encoders import FEW

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
    encoder = encoders().get()
    page = operator.get(PAGE)
    assert "Small net" in page.text
    assert "Ready" in page.text
    assert operator.post(f"{PAGE}/{encoder.pk}/default").status_code == 303
    encoder.refresh_from_db()
    assert encoder.is_default
    assert "Small net" in operator.get("/tasks/new").text
    operator.post(f"{PAGE}/built-in")
    operator.post(f"{PAGE}/{encoder.pk}/delete")
    assert not encoders().exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"graph": SimpleUploadedFile("a.onnx", b"x")}, "cannot load the file"),
        ({"preprocessing": SimpleUploadedFile("x.json", b"{")}, "is not valid JSON"),
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


class LongForm(io.RawIOBase):
    """The body of a form whose file has many bytes, made as it is read; `left` are to come."""

    HEAD = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nBig\r\n'
        b'--x\r\nContent-Disposition: form-data; name="graph"; filename="big.onnx"\r\n\r\n'
    )
    TAIL = b"\r\n--x--\r\n"

    def __init__(self, megabytes: int) -> None:
        self.size = len(self.HEAD) + (megabytes << 20) + len(self.TAIL)
        self.at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), 1 << 16, self.size - self.at)
        piece = bytearray(b"\x07" * count)
        for start, part in ((0, self.HEAD), (self.size - len(self.TAIL), self.TAIL)):
            for place in range(max(start, self.at), min(start + len(part), self.at + count)):
                piece[place - self.at] = part[place - start]
        buffer[:count] = piece
        self.at += count
        return count


def send_long(client: Client, form: LongForm, size: int | None = None) -> Any:
    sent: dict[str, Any] = {
        "wsgi.input": form,
        "CONTENT_LENGTH": str(size or form.size),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    return client.generic("POST", NEW, **sent)


def test_a_large_file_is_received_in_pieces(operator: Client, settings: Settings) -> None:
    """It is over the limit of other forms, and never in memory."""
    settings.LIKEWISE_MAX_BODY = 1 << 20
    form = LongForm(megabytes=64)
    send_long(operator, LongForm(megabytes=1))  # what the first request loads does not count
    tracemalloc.start()
    answer = send_long(operator, form)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert form.at == form.size
    assert answer.status_code == 422
    assert "onnxruntime cannot load the file" in answer.text
    assert peak < 8 << 20
    assert [*settings.FILE_UPLOAD_TEMP_DIR.glob("*.upload*")] == []


def test_a_file_over_two_gigabytes_is_refused_unread(operator: Client) -> None:
    form = LongForm(megabytes=1)
    answer = send_long(operator, form, (2 << 30) + (3 << 20))
    assert (answer.status_code, form.at) == (413, 0)


def test_nothing_is_read_of_who_may_not_send(cast: Cast, alice_client: Client) -> None:
    for client, status in ((alice_client, 404), (Client(), 302)):
        form = LongForm(megabytes=4)
        assert (send_long(client, form).status_code, form.at) == (status, 0)


def test_it_asks_for_the_form_s_token(operator: Client, cast: Cast) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(cast.alice)
    assert careful.post(NEW, sent()).status_code == 403
    assert not Encoder.objects.exists()


@pytest.mark.parametrize("path", ["", "/new"])
def test_only_operators_see_it(alice_client: Client, path: str) -> None:
    assert alice_client.get(PAGE + path).status_code == 404


def test_the_list_needs_few_queries(
    operator: Client, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        operator.get(PAGE)


def test_speeds_are_measured_side_by_side(operator: Client) -> None:
    assert operator.get(PAGE).text.count("not measured") == 2
    assert operator.post(f"{PAGE}/speeds").status_code == 303
    rows = {row.key: row for row in Encoder.objects.all()}
    assert rows.keys() == {BOTH, BUILTIN}
    assert rows[BOTH].measured == rows[BUILTIN].measured
    assert min(row.seconds for row in rows.values()) > 0
    page = operator.get(PAGE).text
    assert "not measured" not in page
    assert f"{rows[BOTH].milliseconds} ms" in page


def test_a_shipped_one_can_be_the_default(operator: Client) -> None:
    operator.post(f"{PAGE}/built-in", {"key": BUILTIN})
    assert default_key() == BUILTIN
    operator.post(f"{PAGE}/built-in", {"key": "photo-1"})
    assert default_key() == BUILTIN
    operator.post(f"{PAGE}/built-in", {"key": BOTH})
    assert default_key() == BOTH
