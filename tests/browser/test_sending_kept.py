"""Test that the browser stores the chosen files: after a reload the upload resumes."""

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import Home, sign_in
from tests.browser.senders import (
    A_WHILE,
    SENDING,
    WHOLE,
    begin,
    drawn_folder,
    drop,
    send_one_while_a_folder_is_read,
)

pytestmark = [pytest.mark.browser, pytest.mark.live]
KEPT = """async () => {
    if (!(await indexedDB.databases()).some(({ name }) => name === "likewise")) return 0;
    const asked = indexedDB.open("likewise");
    await new Promise((done) => (asked.onsuccess = done));
    const counted = asked.result.transaction("chosen").objectStore("chosen").count();
    await new Promise((done) => (counted.onsuccess = done));
    asked.result.close();
    return counted.result;
}"""
MUST_ASK = """
    FileSystemHandle.prototype.queryPermission = async () => "prompt";
"""
REFUSED = "() => (FileSystemHandle.prototype.requestPermission = async () => 'denied')"


@pytest.fixture
def held(program: Home, page: Page) -> Page:
    """Sign in where nothing that is sent arrives until all routes are taken away."""
    sign_in(page, program)
    page.route("**/parts/*", lambda route: None)
    return page


def test_files_and_addresses_that_were_chosen(program: Home, held: Page, tmp_path: Path) -> None:
    """Of these the browser gives no handles: it keeps them themselves."""
    folder = drawn_folder(tmp_path / "cups", 71_000, 71_001)
    held.goto(urljoin(program.url, "/uploads/new"))
    held.get_by_label("Choose files").set_input_files(sorted(folder.iterdir()))
    held.get_by_text("Add images by URL").click()
    held.get_by_label("URLs of images").fill("http://127.0.0.1:1/a.jpg")
    held.get_by_role("button", name="Upload", exact=True).click()
    held.wait_for_url(SENDING)
    wait_until_kept(held, 6)
    arrive_after_a_reload(held)
    heading = held.get_by_role("heading", name="Review of “3 files”")
    expect(heading).to_be_visible(timeout=A_WHILE)
    assert held.evaluate(KEPT) == 0


def test_what_was_taken_out_stays_out(program: Home, held: Page, tmp_path: Path) -> None:
    folder = drawn_folder(tmp_path / "pots", 72_000, 72_001)
    refused = {"status": 403, "json": {"detail": "Not now."}}
    held.unroute_all()
    held.route(
        "**/parts/*",
        lambda route: (
            route.fulfill(**refused) if route.request.method == "PATCH" else route.continue_()
        ),
    )
    begin(held, program, folder, words="2 files")
    held.get_by_role("button", name="Remove pots/72000.jpg").click(timeout=A_WHILE)
    expect(held.get_by_role("row", name="72000.jpg")).to_have_count(0)
    wait_until_kept(held, 4)
    held.unroute_all()
    arrive_after_a_reload(held)
    expect(held.get_by_text("1 of 1").first).to_be_visible(timeout=A_WHILE)


def test_the_browser_wants_to_be_asked(program: Home, held: Page, tmp_path: Path) -> None:
    folder = drawn_folder(tmp_path / "pans", 73_000, 73_001)
    begin(held, program, folder, words="2 files")
    held.wait_for_url(SENDING)
    wait_until_kept(held, 3)
    held.add_init_script(MUST_ASK)
    held.reload()
    held.unroute_all(behavior="ignoreErrors")
    expect(held.get_by_role("heading", name="2 of 2 files are not uploaded yet")).to_be_visible()
    onward = held.get_by_role("button", name="Resume with the chosen files")
    held.evaluate(REFUSED)
    onward.click()
    expect(held.get_by_role("alert").get_by_text("folders again")).to_be_visible()
    expect(onward).to_be_hidden()
    held.reload()
    onward.click()
    held.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(held.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)


def test_signing_out_forgets(program: Home, held: Page, tmp_path: Path) -> None:
    begin(held, program, drawn_folder(tmp_path / "lids", 74_000), words="1 file")
    held.wait_for_url(SENDING)
    wait_until_kept(held, 3)
    held.locator("summary", has_text=program.email).click()
    held.get_by_role("button", name="Sign out").click()
    expect(held).to_have_title("Sign in · Likewise")
    assert held.evaluate(KEPT) == 0


def test_a_reload_while_a_folder_is_read(program: Home, page: Page, tmp_path: Path) -> None:
    sign_in(page, program)
    send_one_while_a_folder_is_read(page, program, tmp_path, 75_000)
    wait_until_kept(page, 6)
    arrive_after_a_reload(page)
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)


def test_a_reload_while_files_are_named(program: Home, page: Page, tmp_path: Path) -> None:
    """The server knows them and the page never heard of it: they are found again."""
    folder, named = drawn_folder(tmp_path / "mugs", 76_000, 76_001), []

    def name_in_vain(route: Route) -> None:
        if route.request.method == "POST":
            named.append(route.fetch().ok)
        else:
            route.continue_()

    sign_in(page, program)
    page.route("**/uploads/*/parts", name_in_vain)
    begin(page, program, folder, words="2 files")
    page.wait_for_url(SENDING)
    wait_until_kept(page, 3)
    wait_for_one(page, named)
    arrive_after_a_reload(page)
    expect(page.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)


def test_who_chooses_before_it_goes_on_has_chosen_once(
    program: Home, held: Page, tmp_path: Path
) -> None:
    folder, asked = drawn_folder(tmp_path / "jugs", 77_000, 77_001), []
    begin(held, program, folder, words="2 files")
    held.wait_for_url(SENDING)
    wait_until_kept(held, 3)
    held.route("**/parts?*", lambda route: asked.append(route))
    held.reload()
    drop(held, folder)
    wait_for_one(held, asked)
    held.unroute("**/parts/*")
    asked[0].continue_()
    held.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(held.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)


def wait_for_one(page: Page, seen: list[Any]) -> None:
    for _ in range(A_WHILE // 50):
        if seen:
            return
        page.wait_for_timeout(50)
    raise AssertionError("it was not asked")


def wait_until_kept(page: Page, many: int) -> None:
    """Wait for what is written beside everything else."""
    page.wait_for_function(f"async () => (await ({KEPT})()) === {many}")


def arrive_after_a_reload(page: Page) -> None:
    page.reload()
    page.unroute_all(behavior="ignoreErrors")
    page.wait_for_url(WHOLE, timeout=A_WHILE)
