"""Who works in the browser: somebody with a workspace of their own, signed in by the form."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page

from tests.live import PASSWORD, Server


@dataclass(frozen=True)
class Home:
    """A workspace on a program that others may use, too, and whose it is."""

    server: Server
    email: str
    password: str = PASSWORD

    @classmethod
    def made(cls, server: Server, name: str) -> "Home":
        """Make somebody of this name, with a workspace."""
        home = cls(server, f"{name}@example.org")
        server.manage("user", "create", "--email", home.email, "--password", home.password)
        return home

    @property
    def url(self) -> str:
        """Return the program's address."""
        return self.server.url

    def shell(self, code: str) -> str:
        """Run code that knows `actor` and `workspace`; return what it prints."""
        known = f"""
from accounts.models import User
actor = User.objects.get(email="{self.email}")
workspace = actor.memberships.get().workspace
"""
        return self.server.manage("shell", "--verbosity=0", "--command", known + code)


def sign_in(page: Page, home: Home, after: str = "/") -> Page:
    """Sign in by the form, and be on the page that was asked for."""
    page.goto(urljoin(home.url, f"/accounts/login/?next={after}"))
    page.get_by_label("Email").fill(home.email)
    page.get_by_label("Password").fill(home.password)
    follow(page.get_by_role("button", name="Sign in"))
    return page


def follow(link: Locator, **how: Any) -> None:
    """Click what leads to another page, and wait until the scripts of that one have run.

    A click alone returns before: who types or ticks at once does so on a page that does not listen.
    """
    with link.page.expect_event("load"):
        link.click(**how)
