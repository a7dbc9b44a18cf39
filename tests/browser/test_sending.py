"""Send many files from a real browser: dropped in folders, broken off, and gone on with."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.demo import set_up
from tests.factories import drawn_jpeg
from tests.live import Server

pytestmark = [pytest.mark.browser, pytest.mark.live]
A_WHILE = 120_000
FOLDERS, EACH = 12, 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw 300 pictures in folders, and what an operating system puts beside them."""
    root = tmp_path_factory.mktemp("drawn") / "shop"
    for number in range(FOLDERS):
        (root / f"mug {number}").mkdir(parents=True)
        for seed in range(EACH):
            name = root / f"mug {number}" / f"{seed}.jpg"
            name.write_bytes(drawn_jpeg(1000 * number + seed))
        (root / f"mug {number}" / ".DS_Store").write_bytes(b"x")
    return root


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders as a mouse would, by way of the browser's debugger."""
    box = page.locator("[data-upload-zone]").bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    debugger = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        debugger.send(
            "Input.dispatchDragEvent",
            {"type": kind, "x": box["x"] + 30, "y": box["y"] + 30, "data": data},
        )


def patches(page: Page) -> Counter[str]:
    """Count the requests that bring bytes, by where they go."""
    counted: Counter[str] = Counter()

    def count(request: Request) -> None:
        if request.method == "PATCH":
            counted[request.url] += 1

    page.on("request", count)
    return counted


def figure(page: Page, name: str) -> int:
    return int(page.locator(f"[data-upload-count-{name}]").inner_text().replace(",", "") or 0)


def wait_for_some(page: Page, many: int) -> None:
    page.wait_for_function(
        "many => Number(document.querySelector('[data-upload-count-done]').textContent) >= many",
        arg=many,
        timeout=A_WHILE,
    )


def in_it(page: Page, url: str) -> tuple[int, int]:
    """Count images and groups as the program tells them."""
    page.goto(urljoin(url, "/"))
    text = page.locator("main").inner_text()
    found = [re.search(rf"([\d,]+)\s+{noun}", text, re.IGNORECASE) for noun in ("images", "groups")]
    images, groups = (int(match[1].replace(",", "")) if match else -1 for match in found)
    return images, groups


def test_300_files_and_a_reload(installation: Server, page: Page, folder: Path) -> None:
    set_up(installation, page)
    page.goto(urljoin(installation.url, "/uploads/new"))
    counted = patches(page)
    drop(page, folder)
    expect(page.get_by_text("300 files")).to_be_visible()
    page.get_by_label("Or of a new type").fill("Same mug")
    page.get_by_label("Bring everything in at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Sending")).to_be_focused()
    wait_for_some(page, 40)
    page.reload()
    expect(page).to_have_url(re.compile("/uploads/[0-9a-f-]+/files$"))
    heading = page.get_by_role("heading", name=re.compile("of 300 files are not here"))
    expect(heading).to_be_visible()
    before = Counter(counted)
    drop(page, folder)
    page.wait_for_url(re.compile("/uploads/[0-9a-f-]+$"), timeout=A_WHILE)
    again = {url for url in before if counted[url] > before[url]}
    assert len(again) <= 8, "what was here was sent again"
    assert len(counted) == FOLDERS * EACH
    expect(page.get_by_text("300 of 300").first).to_be_visible(timeout=A_WHILE)
    assert in_it(page, installation.url) == (FOLDERS * EACH, FOLDERS)
