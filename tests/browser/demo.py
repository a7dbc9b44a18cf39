"""An installation with the demo in it, as one click makes it, and its pages."""

import time

from playwright.sync_api import Page, expect

from tests.live import PASSWORD, Server

PATIENCE = 240
LISTS = (
    "/",
    "/images/",
    "/uploads/new",
    "/types/",
    "/types/new",
    "/groups/",
    "/tasks/",
    "/tasks/new",
    "/search/",
    "/extractions/",
    "/jobs/",
    "/activity/",
    "/connect/",
    "/settings/",
    "/settings/members",
    "/settings/tokens",
    "/not-there",
)
OF_A_GROUP = ("images", "groups", "change")
FIRST_OF = ("/images/", "/types/", "/groups/", "/tasks/", "/jobs/", "/versions/")


def set_up(installation: Server, page: Page) -> None:
    """Make the first account by the link that the start printed."""
    page.goto(installation.setup_link())
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Workspace name").fill("Alice’s shop")
    page.get_by_role("button", name="Make the account").click()
    expect(page).to_have_title("Home · Likewise")


def load(page: Page) -> None:
    """Load the demo by its button and wait until it is trained."""
    page.get_by_role("button", name="Load the demo").click()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.goto(_absolute(page, "/tasks/"))
        task = page.get_by_role("link", name="Demo shop", exact=True)
        if task.count():
            task.first.click()
            if page.get_by_text("Better in MAP@R").count():
                return
        time.sleep(2)
    raise AssertionError("the demo was not trained in time")


def addresses(page: Page) -> list[str]:
    """Return every list, the first thing of each list, and what a group's page leads to."""
    found = list(LISTS)
    for address in FIRST_OF:
        listed = "/tasks/" if address == "/versions/" else address
        page.goto(_absolute(page, listed))
        if address == "/versions/":
            page.get_by_role("link", name="Demo shop", exact=True).first.click()
        path = page.evaluate(
            """start => [...document.querySelectorAll("main a[href]")]
                .map(link => link.getAttribute("href"))
                .find(href => new RegExp(`^${start}[0-9a-f-]{36}$`).test(href))""",
            address,
        )
        assert path, f"{listed} links to nothing"
        found.append(path)
        if address == "/groups/":
            found += [f"{path}/{page_of_it}" for page_of_it in OF_A_GROUP]
    return found


def _absolute(page: Page, path: str) -> str:
    scheme, _, rest = page.url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{path}"


def visit(page: Page, path: str, theme: str) -> None:
    """Open a page in a theme."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(_absolute(page, path))
    page.wait_for_load_state("networkidle")
