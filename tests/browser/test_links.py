"""A linked workspace: what is there comes here, what is changed here goes there."""

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.remote import Server as Client
from tests.browser.barriers import bring_axe, violations
from tests.browser.demo import absolute
from tests.browser.people import Home, follow, sign_in
from tests.factories import drawn_jpeg
from tests.live import running

pytestmark = [pytest.mark.browser, pytest.mark.live]

LOOPBACK = "127.0.0.0/8,::1/128"
PATIENCE = 60.0  # seconds


@pytest.fixture
def home() -> Iterator[Home]:
    """Run an installation that may open connections to itself."""
    with running(DATABASE_URL="", REDIS_URL="", LIKEWISE_FETCH_PRIVATE=LOOPBACK) as server:
        yield Home.made(server, "alice")


def test_it_works(home: Home, page: Page, browser: Browser) -> None:
    """Alice mirrors Tessa's workspace; both change it; Bob is asked for a token of his own."""
    there = Home.made(home.server, "tessa")
    secret = _token_of(there)
    with Client(home.url, secret, allow_private=LOOPBACK.split(",")) as tessa:
        group_id = _fill(tessa)
        sign_in(page, home)
        _link(page, home.url.rstrip("/"), secret)
        _see_the_mirror(page)
        _create_a_group(page, tessa)
        _look_again(page, tessa, group_id)
    _check(page, "/settings/link")
    _ask_bob(home, browser)
    assert secret not in home.server.log.read_text()


def _token_of(there: Home) -> str:
    told = there.server.manage("token", "create", "--email", there.email, "--name", "here")
    found = re.search(r"lw_\S+", told)
    assert found is not None
    return found[0]


def _fill(tessa: Client) -> str:
    kind = tessa.create_type("Same product")
    group = tessa.create_group("Red shoe", kind.id)
    images = [tessa.upload_image(drawn_jpeg(seed)).image.id for seed in range(4)]
    tessa.add_images(group.id, images)
    return group.id


def _link(page: Page, url: str, secret: str) -> None:
    page.goto(absolute(page, "/settings/connections"))
    page.get_by_label("URL").fill(url)
    follow(page.get_by_role("button", name="Add connection"))
    page.get_by_label("API token").fill(secret)
    follow(page.get_by_role("button", name="Save"))
    follow(page.get_by_role("link", name="Link this workspace"))
    follow(page.get_by_role("button", name="Link workspace"))
    expect(page.locator("h1")).to_contain_text("Mirror of")


def _see_the_mirror(page: Page) -> None:
    """Wait until the first pull has brought the group with its images."""

    def has_come() -> bool:
        page.goto(absolute(page, "/groups/"))
        return page.get_by_role("link", name="Red shoe").count() > 0

    _until(has_come)
    follow(page.get_by_role("link", name="Red shoe").first)

    def has_images() -> bool:
        page.reload()
        return page.locator("main img").count() >= 4

    _until(has_images)
    expect(page.get_by_role("note")).to_contain_text("Mirrors")
    _check(page, urlsplit(page.url).path)


def _create_a_group(page: Page, tessa: Client) -> None:
    """A group that is made here is there within seconds."""
    page.goto(absolute(page, "/types/"))
    follow(page.get_by_role("link", name="Same product").first)
    page.get_by_label("Name of the new group").fill("Blue hat")
    follow(page.get_by_role("button", name="Create group"))
    _until(lambda: "Blue hat" in {group.name for group in tessa.iterate_groups()})


def _look_again(page: Page, tessa: Client, group_id: str) -> None:
    """A group that was renamed there is read again when its page is opened."""
    tessa.change_group(group_id, name="Red boot")
    page.goto(absolute(page, "/groups/"))
    follow(page.get_by_role("link", name="Red shoe").first)
    shown = page.get_by_role("link", name="Changed on the other server: show it")
    _until(lambda: page.reload() is not None and _appears(page, shown))
    follow(shown)
    expect(page.locator("h1")).to_contain_text("Red boot")


def _appears(page: Page, link: object) -> bool:
    page.wait_for_load_state("networkidle")
    return link.count() > 0  # type: ignore[attr-defined, no-any-return]


def _ask_bob(home: Home, browser: Browser) -> None:
    home.server.manage("user", "create", "--email", "bob@example.org", "--password", home.password)
    home.shell("""
from accounts.models import Membership, User
bob = User.objects.get(email="bob@example.org")
bob.memberships.all().delete()
Membership.objects.create(workspace=workspace, user=bob, role="editor")
""")
    context = browser.new_context()
    try:
        page = sign_in(context.new_page(), Home(home.server, "bob@example.org"))
        page.goto(absolute(page, "/groups/new"))
        expect(page.locator("main")).to_contain_text("connect with an API token of your own")
        expect(page.get_by_label("API token")).to_be_visible()
    finally:
        context.close()


def _check(page: Page, address: str) -> None:
    """Nothing stands in the way of a screen reader, and a phone shows all of it."""
    page.goto(absolute(page, address))
    bring_axe(page)
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)
