"""Test sending many files from a browser: dropped in folders, interrupted and resumed."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.files.archives.junk import is_junk
from tests.browser.people import Home, sign_in
from tests.browser.senders import (
    A_WHILE,
    SENDING,
    WHOLE,
    begin,
    drawn_archive,
    drop,
    figure,
    reload_as_another,
    requests_of,
    slow_down,
    wait_for_some,
)
from tests.factories import drawn_jpeg
from tests.files.test_junk import JUNK, PICTURES

pytestmark = [pytest.mark.browser, pytest.mark.live]
TUS_CLIENT = (Path(__file__).parent / "vendor" / "tus.min.js").read_text()
ARCHIVE = Path(__file__).parents[1] / "services/exchange/workspace-format-1.zip"
FOLDERS, EACH = 12, 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw 300 pictures in folders, and what an operating system puts beside them."""
    root = tmp_path_factory.mktemp("drawn") / "shop"
    for number in range(FOLDERS):
        (root / f"mug {number}").mkdir(parents=True)
        for seed in range(EACH):
            name = root / f"mug {number}" / f"{seed}.jpg"
            name.write_bytes(drawn_jpeg(100_000 + 1000 * number + seed))
        for name in (".DS_Store", "Icon\r", "0.xmp", "Picasa.ini"):  # type: ignore[assignment]
            (root / f"mug {number}" / name).write_bytes(b"x")
        (root / f"mug {number}" / "@eaDir").mkdir()
        (root / f"mug {number}" / "@eaDir" / "0.jpg").write_bytes(drawn_jpeg(1))
    return root


def test_browser_and_server_leave_out_the_same(program: Home, page: Page) -> None:
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    tells = """paths => {
        const junk = new RegExp(document.querySelector("[data-junk]").dataset.junk, "i");
        return paths.map((path) => junk.test(path));
    }"""
    paths = [*JUNK, *PICTURES]
    assert page.evaluate(tells, paths) == [is_junk(path) for path in paths]


def in_it(page: Page, url: str) -> tuple[int, int]:
    """Count images and groups as the program tells them."""
    page.goto(urljoin(url, "/"))
    text = page.locator("main").inner_text()
    found = [re.search(rf"([\d,]+)\s+{noun}", text, re.IGNORECASE) for noun in ("images", "groups")]
    images, groups = (int(match[1].replace(",", "")) if match else 0 for match in found)
    return images, groups


def test_300_files_and_a_reload(program: Home, page: Page, folder: Path) -> None:
    sign_in(page, program)
    images, groups = in_it(page, program.url)
    page.goto(urljoin(program.url, "/uploads/new"))
    counted, asked = requests_of(page, "PATCH"), requests_of(page, "HEAD")
    drop(page, folder)
    expect(page.locator("[data-upload-chosen]")).to_contain_text("300 files")
    page.get_by_label("Or of a new type").fill("Same mug")
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Uploading")).to_be_focused()
    wait_for_some(page, 40)
    assert not asked, "nothing of a file that was just named can be there"
    before = Counter(counted)
    page.reload()  # and it goes on by itself
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    again = {url for url in before if counted[url] > before[url]}
    assert len(again) <= 8, "what was here was sent again"
    assert asked, "what was named before the reload may be there in part"
    # The answer to what was under way at the reload was lost, and what had come was not sent again.
    assert len(counted) >= FOLDERS * EACH - 8
    expect(page.get_by_text("300 of 300").first).to_be_visible(timeout=A_WHILE)
    assert in_it(page, program.url) == (images + FOLDERS * EACH, groups + FOLDERS)

    # What is here is known by its hash, and never sent, wherever it lies now.
    page.goto(urljoin(program.url, "/uploads/new"))
    counted.clear()
    begin(page, program, folder / "mug 0", folder / "mug 1", words="50 files")
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("50 of 50").first).to_be_visible(timeout=A_WHILE)
    assert not counted
    assert in_it(page, program.url) == (images + FOLDERS * EACH, groups + FOLDERS)


def test_another_browser_goes_on(
    program: Home, browser: Browser, page: Page, tmp_path: Path
) -> None:
    """A large file breaks off, the page is closed, and somebody goes on elsewhere."""
    large = drawn_archive(tmp_path / "large.zip", 90_001)
    context = browser.new_context()
    first = context.new_page()
    sign_in(first, program)
    slow_down(first, 1 << 20)  # most is still to be sent when the page closes, however late that is
    begin(first, program, large, words="1 file")
    first.wait_for_function(
        "() => document.querySelector('[data-upload-bar]').value > 0.3", timeout=A_WHILE
    )
    address = first.url
    context.close()
    sign_in(page, program)
    page.get_by_role("link", name="Resume large.zip").click()
    expect(page).to_have_url(address)
    offsets = []
    page.on(
        "request",
        lambda request: (
            offsets.append(int(request.headers["upload-offset"]))
            if request.method == "PATCH"
            else None
        ),
    )
    drop(page, large)
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    assert offsets[0] > 1 << 20, "it began at the beginning"
    expect(page.get_by_text("1 of 1").first).to_be_visible(timeout=A_WHILE)


def test_a_dead_network_and_a_pause(program: Home, browser: Browser, folder: Path) -> None:
    context = browser.new_context()  # whose console may complain about the network
    page = context.new_page()
    sign_in(page, program)
    sent = folder.parent / "others"
    sent.mkdir()
    for seed in range(240):
        (sent / f"{seed}.jpg").write_bytes(drawn_jpeg(70_000 + seed))
    begin(page, program, sent, words="240 files")
    wait_for_some(page, 5)
    page.context.set_offline(True)
    page.wait_for_timeout(1500)
    held = figure(page, "done")
    page.wait_for_timeout(1000)
    assert figure(page, "done") == held < 240
    page.context.set_offline(False)
    wait_for_some(page, held + 5)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_focused()
    page.get_by_role("button", name="Resume", exact=True).click()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("240 of 240").first).to_be_visible(timeout=A_WHILE)
    context.close()


def test_a_client_that_is_not_ours(program: Home, page: Page) -> None:
    """The protocol's own client sends through the pages' door, with the form's token."""
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    page.evaluate(TUS_CLIENT)  # past the content policy, which would refuse a script tag
    whole = page.evaluate(
        """async data => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const headers = {"X-CSRFToken": token, Accept: "application/json"};
            const body = new FormData();
            const begun = await fetch("/uploads/open", {method: "POST", headers, body});
            const {id} = await begun.json();
            const file = new Blob([Uint8Array.from(data)]);
            const sent = await new Promise((done, fail) => new tus.Upload(file, {
                endpoint: `/uploads/${id}/parts/new`, headers, chunkSize: 300,
                metadata: {filename: "red/1.jpg"}, uploadDataDuringCreation: true,
                onSuccess: () => done(id), onError: fail,
            }).start());
            return (await fetch(`/uploads/${sent}/parts`, {headers})).json();
        }""",
        list(drawn_jpeg(50_001)),
    )
    [part] = whole["parts"]
    assert (part["name"], part["offset"]) == ("red/1.jpg", len(drawn_jpeg(50_001)))


def test_whoever_goes_on_may_choose_part_by_part(
    program: Home, page: Page, folder: Path, tmp_path: Path
) -> None:
    """Nothing was named when the page was closed: it waits until as much is named as was chosen."""
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    names = [tmp_path / f"{seed}.jpg" for seed in range(3)]
    for seed, name in enumerate(names):
        name.write_bytes(drawn_jpeg(64_000 + seed))
    # The server never hears of them.
    page.route("**/uploads/*/parts", lambda route: route.fulfill(status=429, body=""))
    drop(page, *names)
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(SENDING)
    reload_as_another(page)
    page.unroute_all(behavior="ignoreErrors")
    expect(page.get_by_role("heading", name="3 of 3 files are not uploaded yet")).to_be_visible()
    drop(page, names[0])
    wait_for_some(page, 1)
    onward = page.get_by_role("button", name="Import")
    expect(onward).to_be_visible()
    expect(page.get_by_text("uploaded · choose more, or continue")).to_be_visible()
    drop(page, names[1])
    wait_for_some(page, 2)
    expect(onward).to_be_visible()
    drop(page, names[2])
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)


def test_an_archive_is_imported_when_somebody_says_so(program: Home, page: Page) -> None:
    sign_in(page, program)
    page.goto(urljoin(program.url, "/settings/transfers"))
    page.get_by_role("button", name="Import an archive").click()
    page.wait_for_url(SENDING)
    expect(page.get_by_text("Drop the archive of a workspace here")).to_be_visible()
    drop(page, ARCHIVE)
    wait_for_some(page, 1)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url(re.compile("/settings/transfers/"), timeout=A_WHILE)
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=A_WHILE)
