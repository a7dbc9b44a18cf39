"""Start a real Chromium and a fresh installation for it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.people import Home, sign_in
from tests.browser.shop import Shop
from tests.live import Server, running

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 20_000  # milliseconds: pages are slow on a busy machine
# What htmx logs when a page is left during a poll. An answer that fails has another line.
LEFT = ("htmx:afterRequest,", "htmx:sendAbort,")
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"needs {CHROMIUM}")
    # Playwright runs an event loop in this thread; the tests here use no database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def installation() -> Iterator[Server]:
    """Run the program as `make run` does, without any data."""
    with running(DATABASE_URL="", REDIS_URL="") as server:
        yield server


@pytest.fixture(scope="session")
def house(browser: Browser) -> Iterator[Server]:
    """Run one installation for all tests that need only a separate workspace."""
    with running(DATABASE_URL="", REDIS_URL="") as server:
        yield server


@pytest.fixture(scope="module")
def program(house: Server, request: pytest.FixtureRequest) -> Home:
    """Make an owner and a workspace for all uploads of a module."""
    return Home.made(house, request.path.stem)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page; a script error or a violation of the content policy fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error"
            and "status of 4" not in message.text
            and not message.text.startswith(LEFT)
            else None
        ),
    )
    yield opened
    context.close()
    assert problems == []


@pytest.fixture(scope="module")
def shop(program: Home) -> Shop:
    """Make a shop for all tests of a module."""
    return Shop(program)


@pytest.fixture
def at_work(shop: Shop, page: Page) -> Page:
    """Sign in without animations, so that no colour is measured in a transition."""
    page.emulate_media(reduced_motion="reduce")
    return sign_in(page, shop.home)
