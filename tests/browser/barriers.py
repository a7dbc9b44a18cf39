"""What stands in the way of somebody who uses a screen reader, as axe finds it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

# What a theme can change: the rest was looked at in the other one.
OF_COLOURS = ("color-contrast", "link-in-text-block")
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


def bring_axe(page: Page) -> None:
    """Load axe into a page, past the content policy, which would refuse a script tag."""
    page.evaluate(_AXE)


def violations(page: Page, only: Sequence[str] = ()) -> list[Any]:
    """Return what breaks the rules of axe, or `only` some of them.

    axe would also write a selector for everything that breaks none; on a page with a list that
    takes as long as all the rules.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    found: list[Any] = page.evaluate("options => axe.run(options)", options)["violations"]
    return found
