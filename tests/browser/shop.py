"""Fill a shop with images, for browsers to work in."""

import base64
from typing import Any

import requests
from playwright.sync_api import Page

from tests.browser.barriers import bring_axe, violations
from tests.browser.people import Home
from tests.factories import drawn_jpeg

PICTURES = 72  # more than the grid shows at once
SIMILARITY = "similarity/training/v2/"


class Shop:
    """A workspace with images, and a type of which an image may have one group."""

    def __init__(self, home: Home) -> None:
        self.home, self.url = home, home.url
        self._key = home.server.manage("token", "create", "--email", home.email, "--name", "seed")
        self.images = [
            self._post(
                "recognition/v2/training-image",
                base64=base64.b64encode(drawn_jpeg(seed)).decode(),
                test_image=seed == 0,
            )
            for seed in range(PICTURES)
        ]
        self.kind = self._post(SIMILARITY + "type", name="Same product", exclusive=True)

    def group(self, name: str, *images: int) -> str:
        """Make a group of some of the images and return its page."""
        made = self._post(SIMILARITY + "group/", name=name, type=self.kind)
        if images:
            ids = [self.images[number] for number in images]
            self._post(f"{SIMILARITY}group/{made}/add-images", images=ids)
        return f"{self.url}groups/{made}"

    def _post(self, path: str, **fields: Any) -> str:
        headers = {"Authorization": f"Token {self._key}"}
        answer = requests.post(self.url + path, json=fields, headers=headers, timeout=30)
        answer.raise_for_status()
        return str(answer.json().get("id", ""))


def no_barriers(page: Page) -> None:
    """Check with axe in both themes, and that the page fits on a phone."""
    bring_axe(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = violations(page)
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
