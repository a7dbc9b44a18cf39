"""Make users who work in the browser, each with a workspace, signed in with the form."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page

from tests.live import PASSWORD, Server


@dataclass(frozen=True)
class Home:
    """A workspace on an installation that others may use too, and its owner."""

    server: Server
    email: str
    password: str = PASSWORD

    @classmethod
    def made(cls, server: Server, name: str) -> "Home":
        """Make a user of this name, with a workspace."""
        home = cls(server, f"{name}@example.org")
        server.manage("user", "create", "--email", home.email, "--password", home.password)
        return home

    @property
    def url(self) -> str:
        """Return the program's URL."""
        return self.server.url

    def shell(self, code: str) -> str:
        """Run code that knows `actor` and `workspace`; return its output."""
        known = f"""
from accounts.models import User
actor = User.objects.get(email="{self.email}")
workspace = actor.memberships.get().workspace
"""
        return self.server.manage("shell", "--verbosity=0", "--command", known + code)


def sign_in(page: Page, home: Home, after: str = "/") -> Page:
    """Sign in with the form, and open the requested page."""
    page.goto(urljoin(home.url, f"/accounts/login/?next={after}"))
    page.get_by_label("Email").fill(home.email)
    page.get_by_label("Password").fill(home.password)
    follow(page.get_by_role("button", name="Sign in"))
    return page


def follow(link: Locator, **how: Any) -> None:
    """Click a link to another page, and wait until the scripts of that page have run.

    A click alone returns earlier: typing or ticking at once would reach a page without listeners.
    """
    with link.page.expect_event("load"):
        link.click(**how)
