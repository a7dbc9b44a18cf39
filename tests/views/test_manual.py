"""The manual: the Markdown of docs/ as pages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from dashboard.views.docs import manual_pages
from dashboard.views.markdown import render

FOLDER: Path = settings.BASE_DIR / "docs"


def test_it_works(vera_client: Client) -> None:
    page = vera_client.get("/docs/")
    assert page.status_code == 200
    body = page.content.decode()
    assert '<a href="/docs/architecture">Architecture</a>' in body
    assert body.count('href="/docs/architecture"') == 2  # in the text and in the list of pages


def test_each_page_is_shown_with_its_headings(vera_client: Client) -> None:
    page = vera_client.get("/docs/architecture").content.decode()
    assert '<h2 id="the-rooms">The rooms</h2>' in page
    assert '<a href="#the-rooms">The rooms</a>' in page
    assert page.count("<h1") == 1


def test_headings_are_searched(vera_client: Client) -> None:
    found = vera_client.get("/docs/", {"search": "path VERSION"}, headers={"HX-Request": "true"})
    body = found.content.decode()
    assert "<html" not in body
    assert 'href="/docs/architecture#path-2-groups-become-a-version"' in body
    assert "1 heading with" in body
    none = vera_client.get("/docs/", {"search": "<b>nothing</b>"}).content.decode()
    assert "0 headings with “&lt;b&gt;nothing&lt;/b&gt;”" in none


@pytest.mark.parametrize("name", ["no-such-page", "README", "CONTRIBUTING"])
def test_there_is_no_other_page(vera_client: Client, name: str) -> None:
    assert vera_client.get(f"/docs/{name}").status_code == 404
    assert vera_client.get("/docs/..%2FREADME").status_code == 404


def test_every_file_is_linked_and_every_link_leads_to_one() -> None:
    pages = manual_pages()
    assert set(pages) == {path.stem for path in FOLDER.glob("*.md")}
    for page in pages.values():
        for target, anchor in re.findall(r"\]\(([\w-]+)\.md(?:#([\w-]+))?\)", page.text):
            headings = {one.anchor for one in pages[target].rendered.headings}
            assert not anchor or anchor in headings, f"{page.name} links to {target}#{anchor}"


def test_every_module_that_is_named_exists() -> None:
    """A module moves, and the page that says where it stands moves along."""
    for page in manual_pages().values():
        for named in re.findall(r"`([a-z_/]+/[a-z_]+\.py)`", page.text):
            there = (settings.BASE_DIR / room / named for room in ("", "dashboard"))
            assert any(path.is_file() for path in there), f"{page.name} names {named}"


def test_html_in_a_text_is_shown_as_text() -> None:
    page = render("# Title\n\n<script>alert(1)</script> [x](javascript:alert(1))", str)
    assert "<script" not in page.html
    assert "javascript:" not in re.sub(r"<p>.*</p>", "", page.html)
    assert 'href="javascript' not in page.html


def test_equal_headings_have_links_of_their_own() -> None:
    page = render("# Title\n\n## Why\n\n## Why\n\n## Why", str)
    assert [one.anchor for one in page.headings] == ["why", "why-1", "why-2"]
