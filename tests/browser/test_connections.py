"""A team connects to another server: an admin adds it, each member enters their own token."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import absolute
from tests.browser.people import Home, follow, sign_in
from tests.live import running

pytestmark = [pytest.mark.browser, pytest.mark.live]


@pytest.fixture
def home() -> Iterator[Home]:
    """Run an installation that may open connections to itself."""
    with running(
        DATABASE_URL="", REDIS_URL="", LIKEWISE_FETCH_PRIVATE="127.0.0.0/8,::1/128"
    ) as server:
        yield Home.made(server, "alice")


def test_it_works(home: Home, page: Page, browser: Browser) -> None:
    """Alice connects with a token of Tessa's account, and Bob is asked for one of his own."""
    there = Home.made(home.server, "tessa")
    token = there.server.manage("token", "create", "--email", there.email, "--name", "here")
    secret = re.search(r"lw_\S+", token)[0]
    _add_bob(home)
    sign_in(page, home)
    _add(page, home.url.rstrip("/"))
    _enter(page, "lw_not-a-token-of-anybody")
    expect(page.locator("main")).to_contain_text("does not accept this token")
    expect(page.get_by_label("API token")).to_have_value("")
    _enter(page, secret)
    expect(page.locator("main")).to_contain_text("tessa@example.org")
    row = page.locator("tbody tr")
    expect(row).to_contain_text("owner")
    expect(row).to_contain_text("everything")
    assert secret not in page.content()
    _fits(page)
    _look_as_bob(home, browser, secret)
    _revoke(page, there)


def _add(page: Page, url: str) -> None:
    page.goto(absolute(page, "/settings/"))
    follow(page.get_by_role("link", name="Connections"))
    expect(page.get_by_label("URL")).to_have_value("https://api.ximilar.com")
    page.get_by_label("URL").fill(url)
    follow(page.get_by_role("button", name="Add connection"))


def _enter(page: Page, token: str) -> None:
    page.get_by_label("API token").fill(token)
    follow(page.get_by_role("button", name="Save"))


def _add_bob(home: Home) -> None:
    home.server.manage("user", "create", "--email", "bob@example.org", "--password", home.password)
    home.shell("""
from accounts.models import Membership, User
bob = User.objects.get(email="bob@example.org")
bob.memberships.all().delete()
Membership.objects.create(workspace=workspace, user=bob, role="editor")
""")


def _look_as_bob(home: Home, browser: Browser, secret: str) -> None:
    context = browser.new_context()
    try:
        page = sign_in(context.new_page(), Home(home.server, "bob@example.org"))
        page.goto(absolute(page, "/settings/connections"))
        main = page.locator("main")
        expect(main).to_contain_text("You are not connected.")
        expect(main).not_to_contain_text("tessa@example.org")
        expect(page.get_by_label("URL")).to_have_count(0)
        assert secret not in page.content()
    finally:
        context.close()


def _revoke(page: Page, there: Home) -> None:
    """The token is revoked over there: the page says so and leads to a new one."""
    there.server.manage("token", "revoke", "--email", there.email, "--name", "here")
    follow(page.get_by_role("button", name="Check now"))
    expect(page.locator("main")).to_contain_text("does not accept this token")
    follow(page.get_by_role("link", name="Replace token"))
    expect(page.get_by_label("API token")).to_be_visible()


def _fits(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
