"""An admin adds a webhook, copies its secret, sees its log, rotates the secret and deletes it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import absolute
from tests.browser.people import Home, follow, sign_in
from tests.live import running
from tests.remote.stand_in import Reply, standing_in

pytestmark = [pytest.mark.browser, pytest.mark.live]


@pytest.fixture
def home() -> Iterator[Home]:
    """Run an installation that may open connections to this machine, and looks often."""
    with running(
        DATABASE_URL="", REDIS_URL="", LIKEWISE_FETCH_PRIVATE="127.0.0.0/8", LIKEWISE_SWEEP="0.5"
    ) as server:
        yield Home.made(server, "alice")


def test_it_works(home: Home, page: Page) -> None:
    with standing_in() as receiver:
        receiver.plays(Reply(500), Reply(204))
        sign_in(page, home)
        secret = _add(page, f"{receiver.url}/hook")
        follow(page.get_by_role("link", name="Our shop"))
        _fits(page)
        follow(page.get_by_role("button", name="Send a test"))
        _until(page, "The receiver answered with status 500.")
        _fits(page)
        follow(page.get_by_role("button", name="Send again"))
        _until(page, "Delivered")
        page.get_by_text("A test", exact=True).click()
        expect(page.get_by_text("webhook.test")).to_be_visible()
        assert secret not in page.content()
        assert _rotated(page) != secret
        follow(page.get_by_role("button", name="Pause"))
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        follow(page.get_by_role("button", name="Delete webhook"))
        expect(page.locator("main")).to_contain_text("No webhooks yet")


def _add(page: Page, url: str) -> str:
    page.goto(absolute(page, "/settings/"))
    follow(page.get_by_role("link", name="Webhooks"))
    page.get_by_label("URL").fill(url)
    page.get_by_label("Description").fill("Our shop")
    page.get_by_label("A member joined the workspace").uncheck()
    follow(page.get_by_role("button", name="Add webhook"))
    _fits(page)
    return page.get_by_label("The secret", exact=True).input_value()


def _rotated(page: Page) -> str:
    page.get_by_role("button", name="Rotate secret").first.click()
    follow(page.get_by_role("dialog").get_by_role("button", name="Rotate secret"))
    return page.get_by_label("The secret", exact=True).input_value()


def _until(page: Page, words: str) -> None:
    """Reload the page, as it says, until the worker has sent what waits."""
    for _ in range(60):
        page.reload()
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"the page does not say {words}")


def _fits(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
