"""Test errors while files are sent from a browser, and how the page handles them."""

from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.people import Home, sign_in
from tests.browser.senders import (
    A_WHILE,
    READ_LATER,
    SENDING,
    WHOLE,
    begin,
    drawn_archive,
    drawn_folder,
    drop,
    reload_as_another,
    send_one_while_a_folder_is_read,
    slow_down,
)
from tests.factories import drawn_jpeg

pytestmark = [pytest.mark.browser, pytest.mark.live]


def test_what_fails_can_be_tried_again_or_left_out(
    program: Home, page: Page, tmp_path: Path
) -> None:
    names = [tmp_path / f"{seed}.jpg" for seed in range(3)]
    for seed, name in enumerate(names):
        name.write_bytes(drawn_jpeg(60_000 + seed))
    refused = {"status": 403, "json": {"detail": "Not now."}}

    def refuse(route: Route) -> None:
        if route.request.method == "PATCH":
            route.fulfill(**refused)
        else:
            route.continue_()

    sign_in(page, program)
    page.route("**/parts/*", refuse)
    begin(page, program, *names, words="3 files")
    expect(page.get_by_role("row", name="0.jpg Not now.")).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_role("button", name="Continue without failed files")).to_be_visible()
    page.get_by_role("button", name="Remove 0.jpg").click()
    expect(page.get_by_role("row", name="0.jpg Not now.")).to_have_count(0)
    page.unroute("**/parts/*")
    page.get_by_role("button", name="Retry all failed").click()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)


def test_answers_that_are_lost(program: Home, browser: Browser, tmp_path: Path) -> None:
    """The server has done what it was asked, and nobody hears of it: the page asks again."""
    context = browser.new_context()  # whose console may complain about the server
    page = context.new_page()
    names = [tmp_path / f"{seed}.jpg" for seed in range(3)]
    for seed, name in enumerate(names):
        name.write_bytes(drawn_jpeg(61_000 + seed))
    lost = []

    def lose_the_first(route: Route) -> None:
        if route.request.method != "POST" or route.request.url in lost:
            return route.continue_()
        lost.append(route.request.url)
        assert route.fetch().ok
        return route.fulfill(status=503, body="")

    sign_in(page, program)
    for call in ("parts", "finish"):
        page.route(f"**/uploads/*/{call}", lose_the_first)
    begin(page, program, *names, words="3 files")
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    assert [url.rsplit("/", 1)[1] for url in lost] == ["parts", "finish"]
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)
    context.close()


def test_what_another_page_named_can_be_left_out(
    program: Home, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context()
    page, named = context.new_page(), []
    (tmp_path / "here.jpg").write_bytes(drawn_jpeg(62_000))

    def name_another(route: Route) -> None:
        if not named:
            named.append(route.fetch(post_data={"files": [{"name": "gone.jpg", "size": 9}]}).ok)
        route.continue_()

    sign_in(page, program)
    page.route("**/uploads/*/parts", name_another)
    begin(page, program, tmp_path / "here.jpg", words="1 file")
    page.get_by_role("button", name="Continue without missing files").click(timeout=A_WHILE)
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("1 of 1").first).to_be_visible(timeout=A_WHILE)
    assert named == [True]
    context.close()


def test_a_retry_ends_a_pause(program: Home, browser: Browser, tmp_path: Path) -> None:
    """One file fails, another is under way when a pause begins: both come in after a retry."""
    small, large = tmp_path / "small.jpg", drawn_archive(tmp_path / "large.zip", 63_001)
    small.write_bytes(drawn_jpeg(63_000))
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, program)
    slow_down(page)
    refused: set[str] = set()

    def refuse(route: Route) -> None:
        if route.request.method == "PATCH" and not refused - {route.request.url}:
            refused.add(route.request.url)
            route.fulfill(status=403, json={"detail": "Not now."})
        else:
            route.continue_()

    page.route("**/parts/*", refuse)
    begin(page, program, small, large, words="2 files")
    expect(page.get_by_role("row", name="small.jpg Not now.")).to_be_visible(timeout=A_WHILE)
    page.get_by_role("button", name="Pause").click()
    page.unroute("**/parts/*")
    page.get_by_role("button", name="Retry all failed").click()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)
    context.close()


def test_giving_up_asks_first(program: Home, page: Page, tmp_path: Path) -> None:
    sign_in(page, program)
    name = tmp_path / "1.jpg"
    name.write_bytes(drawn_jpeg(66_000))
    page.route("**/parts/*", lambda route: None)  # it stays under way
    begin(page, program, name, words="1 file")
    page.wait_for_url(SENDING)
    page.get_by_role("button", name="Discard", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Uploading")).to_be_visible()
    page.get_by_role("button", name="Discard", exact=True).click()
    page.locator("#giving-up").get_by_role("button", name="Discard").click()
    page.wait_for_url(urljoin(program.url, "/uploads/new"))
    page.unroute_all(behavior="ignoreErrors")


def test_addresses_of_a_form_that_was_refused_are_sent_once(program: Home, page: Page) -> None:
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    page.get_by_text("Add images by URL").click()
    field = page.get_by_label("URLs of images")
    opened = []

    def refuse(route: Route) -> None:
        opened.append(route.request.url)
        if len(opened) == 1:
            route.fulfill(status=422, json={"detail": "Choose a type or name a new one, not both."})
        else:
            route.continue_()

    page.route("**/uploads/open", refuse)
    for text in ("http://127.0.0.1:1/a.jpg http://", "http://127.0.0.1:1/a.jpg"):
        field.fill(text)
        page.get_by_role("button", name="Upload", exact=True).click()
        if text.endswith("http://"):
            expect(page.get_by_text("not both")).to_be_visible()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    # Sent twice they would be two files.
    heading = page.get_by_role("heading", name="Review of “addresses.txt”")
    expect(heading).to_be_visible(timeout=A_WHILE)
    page.unroute_all(behavior="ignoreErrors")


def test_it_is_not_over_while_a_folder_is_read(program: Home, page: Page, tmp_path: Path) -> None:
    sign_in(page, program)
    send_one_while_a_folder_is_read(page, program, tmp_path, 67_000)
    page.wait_for_timeout(1000)
    expect(page).to_have_url(SENDING)
    page.evaluate("readFolders()")
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)


def test_what_cannot_be_read_holds_up_nothing(program: Home, page: Page, tmp_path: Path) -> None:
    shop = drawn_folder(tmp_path / "shop", 68_000, 68_001)
    (shop / "gone.jpg").write_bytes(b"x")
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    page.evaluate(READ_LATER)
    drop(page, shop)
    page.evaluate("readFolders()")
    expect(
        page.get_by_text("1 file could not be read and was skipped: shop/gone.jpg")
    ).to_be_visible()
    expect(page.locator("[data-upload-chosen]")).to_contain_text("2 files")


def test_a_picture_in_two_folders_is_two_files_after_a_reload(
    program: Home, page: Page, tmp_path: Path
) -> None:
    red = drawn_folder(tmp_path / "red", 69_000, 69_001)
    blue = drawn_folder(tmp_path / "blue", 69_000)
    sign_in(page, program)
    page.route("**/parts/*", lambda route: None)  # it stays under way
    page.goto(urljoin(program.url, "/uploads/new"))
    drop(page, red)
    page.get_by_label("Or of a new type").fill("Same cup")
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(SENDING)
    reload_as_another(page)
    page.unroute_all(behavior="ignoreErrors")
    drop(page, blue, red)
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)
    page.goto(urljoin(program.url, "/groups/?search=blue"))
    expect(page.get_by_role("link", name="blue").first).to_be_visible()


def test_a_page_that_may_not_go_on_says_so(program: Home, page: Page, tmp_path: Path) -> None:
    shop = drawn_folder(tmp_path / "late", 66_500)
    sign_in(page, program)
    page.route("**/parts/*", lambda route: None)
    begin(page, program, shop, words="1 file")
    page.wait_for_url(SENDING)
    refused = {"status": 403, "json": {"detail": "Not now."}}
    page.route("**/parts?*", lambda route: route.fulfill(**refused))
    page.reload()
    expect(page.get_by_role("alert").get_by_text("Not now.")).to_be_visible()
    expect(page.get_by_role("heading", name="Uploading")).to_be_hidden()
