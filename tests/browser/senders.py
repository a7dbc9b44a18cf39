"""Send files from a real browser to a running program, as a person does."""

import random
import re
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page, Request, expect

from tests.browser.people import Home
from tests.factories import drawn_jpeg

A_WHILE = 120_000
SENDING = re.compile("/uploads/[0-9a-f-]{36}/files$")
WHOLE = re.compile("/uploads/[0-9a-f-]{36}$")
# From now on dropped files are read when the test allows it, and gone.jpg cannot be read.
READ_LATER = """() => {
    const get = DataTransferItem.prototype.webkitGetAsEntry;
    const when = new Promise((now) => (window.readFolders = now));
    const lose = (entry) => {
        if (entry.name === "gone.jpg") entry.file = (done, fail) => fail(new DOMException("gone"));
    };
    DataTransferItem.prototype.webkitGetAsEntry = function () {
        const entry = get.call(this);
        const reader = entry.createReader();
        const read = (done, fail) => reader.readEntries((found) => {
            found.forEach(lose);
            done(found);
        }, fail);
        const later = { readEntries: (done, fail) => when.then(() => read(done, fail)) };
        entry.createReader = () => later;
        return entry;
    };
}"""


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders as a mouse would, through the browser's debugger."""
    expect(page.locator("[data-upload-enhanced]")).to_be_visible()
    box = page.locator("[data-upload-zone]").bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    debugger = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        debugger.send(
            "Input.dispatchDragEvent",
            {"type": kind, "x": box["x"] + 30, "y": box["y"] + 30, "data": data},
        )


def requests_of(page: Page, method: str) -> Counter[str]:
    """Count the requests that send bytes (PATCH) or ask for the offset (HEAD), by URL."""
    counted: Counter[str] = Counter()

    def count(request: Request) -> None:
        if request.method == method:
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


def begin(page: Page, program: Home, *paths: Path, words: str) -> None:
    """Drop files on the page, and have them imported when all are uploaded."""
    page.goto(urljoin(program.url, "/uploads/new"))
    drop(page, *paths)
    expect(page.locator("[data-upload-chosen]")).to_contain_text(words)
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()


def reload_as_another(page: Page) -> None:
    """Reload the page in a browser that stored nothing of the chosen files."""
    page.evaluate("indexedDB.deleteDatabase('likewise')")  # once the page that uses it is left
    page.reload()


def drawn_folder(folder: Path, *seeds: int) -> Path:
    folder.mkdir()
    for seed in seeds:
        (folder / f"{seed}.jpg").write_bytes(drawn_jpeg(seed))
    return folder


def drawn_archive(path: Path, seed: int) -> Path:
    """Write an archive of one image that takes seconds on a slow connection."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", drawn_jpeg(seed) + random.Random(seed).randbytes(20 << 20))
    return path


def slow_down(page: Page, speed: int = 4 << 20) -> None:
    """Limit the page's upload rate to `speed` bytes per second."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": speed}
    debugger.send("Network.emulateNetworkConditions", slow)


def send_one_while_a_folder_is_read(page: Page, program: Home, where: Path, seed: int) -> None:
    """Drop a file, which is uploaded, and a folder of two that waits for `readFolders()`."""
    one = drawn_folder(where / "one", seed)
    more = drawn_folder(where / "more", seed + 1, seed + 2)
    page.goto(urljoin(program.url, "/uploads/new"))
    drop(page, one / f"{seed}.jpg")
    page.evaluate(READ_LATER)
    drop(page, more)
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    wait_for_some(page, 1)
