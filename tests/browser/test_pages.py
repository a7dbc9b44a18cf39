"""Every page with the demo in it: nothing for a screen reader to stumble over, nothing too wide."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.demo import addresses, load, set_up, visit
from tests.live import Server

pytestmark = [pytest.mark.browser, pytest.mark.live]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


def test_it_works(installation: Server, page: Page) -> None:
    set_up(installation, page)
    load(page)
    problems = []
    for address in addresses(page):
        for theme in ("light", "dark"):
            visit(page, address, theme)
            page.evaluate(AXE)  # past the content policy, which would refuse a script tag
            found = page.evaluate("axe.run()")["violations"]
            problems += [
                (address, theme, one["id"], one["nodes"][0]["html"][:200]) for one in found
            ]
        page.set_viewport_size({"width": 390, "height": 844})
        visit(page, address, "light")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append((address, "phone", "too wide", ""))
        page.set_viewport_size({"width": 1280, "height": 900})
    assert problems == [], "\n".join(map(str, problems))
