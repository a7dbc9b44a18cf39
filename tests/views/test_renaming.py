"""Rename a type, a group, a task or an image where its name stands, with htmx or without."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Change
from tests.factories import Cast, make_group, make_image, make_task, make_type

HTMX = {"HX-Request": "true", "HX-Target": "title"}
MAKERS: dict[str, Callable[[Cast], Model]] = {
    "type": lambda cast: make_type(cast.workspace, "Old name", description="Kept."),
    "group": lambda cast: make_group(make_type(cast.workspace), "Old name", description="Kept."),
    "task": lambda cast: make_task(cast.workspace, "Old name", description="Kept."),
    "image": lambda cast: make_image(cast.workspace, file_name="Old name", meta_data={"a": 1}),
}


@dataclass
class Thing:
    """Something with a name, whatever its field is called."""

    noun: str
    row: Any

    @property
    def page(self) -> str:
        return reverse(self.noun, args=[self.row.pk])

    @property
    def form(self) -> str:
        return reverse(f"{self.noun}-change", args=[self.row.pk])

    @property
    def facts(self) -> tuple[str, object]:
        self.row.refresh_from_db()
        if self.noun == "image":
            return self.row.file_name, self.row.meta_data
        return self.row.name, self.row.description

    @property
    def kept(self) -> object:
        return {"a": 1} if self.noun == "image" else "Kept."


@pytest.fixture(params=MAKERS)
def thing(request: pytest.FixtureRequest, cast: Cast) -> Thing:
    return Thing(request.param, MAKERS[request.param](cast))


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def test_it_works(bob_client: Client, thing: Thing) -> None:
    page = text(bob_client.get(thing.page))
    assert f'hx-get="{thing.form}"' in page
    assert page.count("<h1") == 1

    form = bob_client.get(thing.form, headers=HTMX)
    assert text(form).lstrip().startswith('<div class="title-line" id="title">')
    assert 'value="Old name"' in text(form)
    assert "autofocus" in text(form)
    assert "HX-Request" in form["Vary"]

    saved = bob_client.post(thing.form, {"name": " New <name> "}, headers=HTMX)
    assert saved.status_code == 200
    assert text(saved).lstrip().startswith("<title>New &lt;name&gt; · Likewise</title>")
    assert '<h1 class="page-title">New &lt;name&gt;</h1>' in text(saved)
    assert "autofocus" in text(saved), "the focus goes back to the button"
    assert "was renamed to" in saved["HX-Trigger"]
    assert thing.facts == ("New <name>", thing.kept)
    row = Change.objects.get(verb="changed", target_id=thing.row.pk)
    assert (row.target_name, row.details["before"]) == ("New <name>", "Old name")
    assert "renamed the" in text(bob_client.get("/activity/"))


def test_leaving_it_brings_the_title_back(bob_client: Client, thing: Thing) -> None:
    answer = bob_client.get(f"{thing.form}?keep=1", headers=HTMX)
    assert '<h1 class="page-title">Old name</h1>' in text(answer)
    assert "<form" not in text(answer)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter a name"),
        ("   ", "Enter a name"),
        ("x" * 256, "at most 255 characters"),
        ("nul\0", "Null characters are not allowed"),
    ],
)
def test_a_name_that_cannot_be_is_told_in_place(
    bob_client: Client, thing: Thing, name: str, sentence: str
) -> None:
    answer = bob_client.post(thing.form, {"name": name}, headers=HTMX)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert re.search(
        r'<input [^>]*aria-invalid="true" aria-describedby="id_name_error"', text(answer)
    )
    assert thing.facts == ("Old name", thing.kept)


def test_without_htmx_it_is_a_page(bob_client: Client, thing: Thing) -> None:
    fields = {"name": "New", "file_name": "New", "description": "More.", "meta_data": '{"b": 2}'}
    page = text(bob_client.get(thing.form))
    assert "<html" in page
    assert "Old name" in page
    answer = bob_client.post(thing.form, fields)
    assert (answer.status_code, answer["Location"]) == (303, thing.page)
    assert thing.facts == ("New", {"b": 2} if thing.noun == "image" else "More.")
    wrong = bob_client.post(thing.form, fields | {"name": " ", "file_name": " "})
    assert wrong.status_code == 422
    assert "Nothing was saved." in text(wrong)
    assert thing.facts[0] == "New"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_stranger_and_a_viewer_rename_nothing(
    charlie_client: Client, vera_client: Client, thing: Thing, headers: dict[str, str]
) -> None:
    fields = {"name": "Mine", "file_name": "Mine"}
    for client, status in ((charlie_client, 404), (vera_client, 403)):
        assert client.get(thing.form, headers=headers).status_code == status
        assert client.post(thing.form, fields, headers=headers).status_code == status
    assert thing.facts == ("Old name", thing.kept)
    assert thing.form not in text(vera_client.get(thing.page))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("{", "This is not valid JSON"),
        ("[1]", "Write an object"),
        ('"red"', "Write an object"),
        ('{"a": NaN}', "This is not valid JSON"),
        ('{"a": "b\\u0000"}', "Remove the null character"),
        ('{"\\u0000": 1}', "Remove the null character"),
        ('{"a": 123456789012345678901234567890}', "numbers beyond 64 bits as text"),
        ('{"a": ' + "[" * 120 + "]" * 120 + "}", "at most 100 levels"),
    ],
)
def test_meta_data_that_cannot_be_kept_is_told(
    bob_client: Client, cast: Cast, typed: str, sentence: str
) -> None:
    image = make_image(cast.workspace, meta_data={"a": 1})
    url = reverse("image-change", args=[image.pk])
    answer = bob_client.post(url, {"file_name": "x.jpg", "meta_data": typed})
    assert answer.status_code == 422
    assert sentence in text(answer)
    image.refresh_from_db()
    assert (image.file_name, image.meta_data) == ("0.jpg", {"a": 1})


def test_meta_data_comes_back_as_it_was_typed(bob_client: Client, cast: Cast) -> None:
    image = make_image(cast.workspace)
    url = reverse("image-change", args=[image.pk])
    facts = {"größe": [1, 2.5, None, True], "in": {"a": "<b>"}}
    typed = '{"größe": [1, 2.5, null, true], "in": {"a": "<b>"}}'
    bob_client.post(url, {"file_name": "x.jpg", "meta_data": typed})
    image.refresh_from_db()
    assert image.meta_data == facts
    assert "größe" in text(bob_client.get(url))
    assert "&quot;&lt;b&gt;&quot;" in text(bob_client.get(url))
    bob_client.post(url, {"file_name": "x.jpg", "meta_data": ""})
    image.refresh_from_db()
    assert image.meta_data == {}
