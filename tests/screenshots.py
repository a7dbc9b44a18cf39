"""Take a picture of every page, light, dark and on a phone: `make screenshots`."""

import sys
from pathlib import Path

import django
from playwright.sync_api import sync_playwright

django.setup()  # the demo is filled by the code of tests that read models

from tests.browser.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.browser.demo import addresses, fill, load, set_up, visit  # noqa: E402
from tests.live import running  # noqa: E402

SIZES = {"light": (1280, 900), "dark": (1280, 900), "phone": (390, 844)}


def main(folder: Path) -> None:
    """Write the pictures into a folder, named after page and look."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(DATABASE_URL="", REDIS_URL="") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        set_up(server, page)
        load(page)
        for address in addresses(fill(server, page)):
            parts = [part for part in address.split("/") if part]
            name = "-".join(part if len(part) < 36 else "one" for part in parts) or "home"
            for look, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                visit(page, address, "dark" if look == "dark" else "light")
                page.screenshot(path=folder / f"{name}-{look}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
