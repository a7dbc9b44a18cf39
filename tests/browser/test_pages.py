"""Test every page with two people.

The first sets up, loads the demo, uploads images of her own, groups, trains and searches; the
second is invited as a viewer. Then every page with data is checked: nothing that blocks a screen
reader in either theme, nothing too wide for a phone.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.barriers import OF_COLOURS, bring_axe, violations
from tests.browser.demo import (
    OUTSIDE,
    absolute,
    addresses,
    fill,
    load,
    set_up,
    visit,
)
from tests.browser.people import follow
from tests.data.products import Pool, products
from tests.files.pictures import encoded
from tests.live import PASSWORD, Server
from tests.routes import PAGES
from tests.routes import Page as Route

pytestmark = [pytest.mark.browser, pytest.mark.live]
# Titles of which a line holds fewer letters than a word has, and which have several.
SQUEEZED = """() => [...document.querySelectorAll("main h1, main h2, main .page-title, main dt")]
    .filter(title => title.checkVisibility() && title.textContent.trim().length > 12)
    .filter(title => {
        const range = document.createRange();
        range.selectNodeContents(title);
        const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
        return tops.size > 2 && title.textContent.trim().length / tops.size < 7;
    })
    .map(title => title.textContent.trim().slice(0, 60))"""
A_WHILE = 120_000
OWN_FORMS = ("/extractions/", "/token")  # which write nothing that is the workspace's
PRODUCTS, VIEWS = 4, 4


def test_two_people_and_every_page(
    installation: Server, page: Page, browser: Browser, tmp_path: Path
) -> None:
    problems = [*_look(page, installation.setup_link())]
    set_up(installation, page)
    load(page)
    pictures = _pictures(tmp_path)
    _upload(page, pictures, tmp_path)
    _group(page, pictures)
    _train(page)
    _search(page, pictures)

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    viewer = context.new_page()
    for listed in OUTSIDE.values():
        for address in listed:
            problems += _look(viewer, installation.url.rstrip("/") + address)
    link = _invite(page)
    problems += _look(viewer, link)
    _join(viewer, link)
    found = fill(installation, page)
    _sees_everything_and_touches_nothing(viewer, found)
    _gets_403(context, installation, found)
    problems += _look(viewer, absolute(viewer, "/types/new"))
    context.close()

    for address in addresses(found):
        problems += _look(page, absolute(page, address))
    problems += _look_when_it_breaks(page, installation)
    assert problems == [], "\n".join(map(str, problems))


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """Draw a few products, each in several views."""
    drawn = products(3, VIEWS, Pool(PRODUCTS, 4, 4, 4), Pool(0, 1, 1, 1))
    found: dict[str, list[Path]] = {}
    for number, (picture, name) in enumerate(
        zip(drawn.images, drawn.types["product"], strict=True)
    ):
        path = folder / f"mug{name}-{number}.jpg"
        path.write_bytes(encoded(picture, "JPEG"))
        found.setdefault(f"mug{name}", []).append(path)
    return found


def _upload(page: Page, pictures: dict[str, list[Path]], folder: Path) -> None:
    """Bring all of them in, with bad files among them, and try the bad ones once more."""
    good = [path for views in pictures.values() for path in views]
    note, broken = folder / "note.jpg", folder / "broken.jpg"
    note.write_bytes(b"hello")
    broken.write_bytes(good[0].read_bytes()[:900])
    page.get_by_role("link", name="Images", exact=True).click()
    follow(page.get_by_role("link", name="Upload images").first)
    page.locator("[data-upload-input]").first.set_input_files([note, *good, broken])
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/uploads/*-*", timeout=4 * A_WHILE)
    for _ in range(2):  # what failed fails again, and nothing else comes in twice
        expect(page.get_by_text("not a supported image").first).to_be_visible(timeout=A_WHILE)
        expect(page.get_by_text("end of the image is missing").first).to_be_visible()
        expect(page.get_by_text(f"{len(good) + 2} of {len(good) + 2}").first).to_be_visible()
        page.get_by_role("button", name="Retry failed").click()
        page.get_by_role("link", name="Open the upload").click()


def _group(page: Page, pictures: dict[str, list[Path]]) -> None:
    """Make a type, then a group of each product by ticking its pictures in the grid."""
    page.get_by_role("link", name="Types", exact=True).click()
    page.get_by_role("link", name="New type").click()
    page.get_by_label("Name").fill("Same mug")
    page.get_by_role("button", name="Save").click()
    for name, views in pictures.items():
        follow(page.get_by_role("link", name="Images", exact=True))
        for path in views:
            page.get_by_role("checkbox", name=path.name).check()
        page.get_by_label("Type of the group").select_option(label="Same mug")
        page.get_by_label("Name of the group").fill(name)
        page.get_by_role("button", name="Add to group").click()
        expect(page.get_by_text(f"{VIEWS} images were added to “{name}”")).to_be_visible()


def _train(page: Page) -> None:
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("link", name="New task").first.click()
    page.get_by_label("Name").fill("Mugs")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Type to add").select_option(label="Same mug")
    page.get_by_role("button", name="Add type").click()
    page.get_by_role("button", name="Train a version").click()
    verdict = page.get_by_text(re.compile("Better in MAP@R|untrained kept")).first
    expect(verdict).to_be_visible(timeout=A_WHILE)
    page.get_by_role("link", name="Version 1").first.click()
    expect(page.get_by_role("row", name="MAP@R").first).to_contain_text("%")


def _search(page: Page, pictures: dict[str, list[Path]]) -> None:
    """Search with a picture that was brought in: what is most alike to it is itself."""
    follow(page.get_by_role("link", name="Search", exact=True))
    page.get_by_label("Version").select_option(label="Mugs version 1")
    sent = next(iter(pictures.values()))[0]
    page.locator("input[type=file]").set_input_files(sent)
    hits = page.get_by_role("list", name="Most similar first").get_by_role("listitem")
    expect(hits.first).to_contain_text(sent.name, timeout=A_WHILE)


# The second person


def _invite(page: Page) -> str:
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name=re.compile("member")).first.click()
    page.get_by_label("Email").fill("vera@example.org")
    page.get_by_label("Role", exact=True).last.select_option(label="Viewer")
    page.get_by_role("button", name="Create invitation").click()
    return page.locator("#new-link").input_value()


def _join(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Your name").fill("Vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account and join").click()
    expect(page).to_have_title("Home · Likewise")
    page.goto(link)
    expect(page.get_by_text("This invitation was already used")).to_be_visible()


def _sees_everything_and_touches_nothing(page: Page, found: dict[str, str]) -> None:
    """Open what the first person has made: all of it is there, and no form that would write."""
    for address in ("/", "/images/", "/types/", "/groups/", "/tasks/", "/jobs/", *found.values()):
        visit(page, absolute(page, address), "light")
        assert page.locator("main h1").count() == 1, f"{address} is not there"
        writing = page.locator("main form[method=post]:has(button)").evaluate_all(
            "forms => forms.map(form => form.action)"
        )
        assert [one for one in writing if not one.endswith(OWN_FORMS)] == [], address
    visit(page, absolute(page, "/images/"), "light")
    assert page.get_by_role("checkbox").count() == 0
    assert page.locator("main img").count() > 0


def _gets_403(context: BrowserContext, installation: Server, found: dict[str, str]) -> None:
    """Send every form of the program by hand that writes."""
    [token] = [one["value"] for one in context.cookies() if one["name"] == "csrftoken"]
    for address in _writing(found):
        answer = context.request.post(
            installation.url.rstrip("/") + address, form={"csrfmiddlewaretoken": token}
        )
        assert answer.status == 403, address
        assert "Your role in this workspace is viewer" in answer.text(), address


def _writing(found: dict[str, str]) -> Iterator[str]:
    for route in PAGES:
        if "POST" in route.methods and "POST" not in route.viewer and _is_at_hand(route, found):
            thing = found[route.thing].rpartition("/")[2] if route.thing else None
            yield reverse(route.name, args=[thing] if thing else [])


def _is_at_hand(route: Route, found: dict[str, str]) -> bool:
    return not route.thing or route.thing in found


# Every page


def _look(page: Page, address: str) -> Iterator[Any]:
    """Yield what is wrong with a page, in both themes and on a phone."""
    visit(page, address, "light")
    bring_axe(page)
    yield from _violations(page, address, "light")
    page.emulate_media(color_scheme="dark")
    yield from _violations(page, address, "dark", OF_COLOURS)
    page.set_viewport_size({"width": 390, "height": 844})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        yield address, "phone", "too wide"
    for title in page.evaluate(SQUEEZED):
        yield address, "phone", "squeezed", title
    page.set_viewport_size({"width": 1280, "height": 900})


def _violations(page: Page, address: str, theme: str, only: Sequence[str] = ()) -> Iterator[Any]:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    for one in violations(page, only):
        yield address, theme, one["id"], one["nodes"][0]["html"][:200]


def _look_when_it_breaks(page: Page, installation: Server) -> Iterator[Any]:
    """Look at the page of a defect, which no address leads to: it is put where one would be."""
    broken = installation.manage(
        "shell",
        "--verbosity=0",
        "--command",
        """
from django.template.loader import render_to_string
print(render_to_string("500.html", {"request_id": "5f3b6d1e3c0f"}))
""",
    )
    address = absolute(page, "/broken")
    page.route(address, lambda route: route.fulfill(body=broken, content_type="text/html"))
    yield from _look(page, address)
