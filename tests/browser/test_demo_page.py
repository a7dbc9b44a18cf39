"""Test the demo's page: what it created, and how it is removed after a confirmation."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import PATIENCE, absolute
from tests.browser.people import Home, sign_in
from tests.browser.test_pages import _look

pytestmark = [pytest.mark.browser, pytest.mark.live]
# As the demo's job does, with a dozen products.
LOAD = """
from django.db import transaction
from dashboard.demo import pictures as demo_pictures
from dashboard.services.uploads import demo
demo_pictures.PRODUCTS, demo_pictures.VIEWS = 12, 3
with transaction.atomic():
    demo._hand_over(workspace, list(demo.draw_demo()), actor)
"""


def test_it_is_shown_and_taken_back(page: Page, program: Home) -> None:
    program.shell(LOAD)
    sign_in(page, program, "/demo/")
    _wait_for(page, "Search by image with it")
    assert [*_look(page, absolute(page, "/demo/"))] == []
    for address in ("/uploads/", "/types/", "/tasks/", "/versions/", "/groups/"):
        assert page.locator(f"main a[href^='{address}']").count(), address

    page.get_by_role("button", name="Remove the demo").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your own images stay")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Remove the demo").click()
    dialog.get_by_role("button", name="Remove the demo").click()
    expect(page.get_by_role("heading", name="Removal of the demo")).to_be_visible()
    expect(page.get_by_text("Removed: ").first).to_be_visible(timeout=PATIENCE * 1000)
    for address in ("/images/", "/groups/", "/types/", "/tasks/"):
        page.goto(absolute(page, address))
        assert page.get_by_text("Demo shop").count() == 0
        expect(page.get_by_role("heading", name="yet")).to_be_visible()


def _wait_for(page: Page, link: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.goto(absolute(page, "/demo/"))
        if page.get_by_role("link", name=link).count():
            return
        time.sleep(1)
    raise AssertionError("the demo was not trained in time")
