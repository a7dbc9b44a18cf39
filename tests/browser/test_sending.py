"""Send many files from a real browser: dropped in folders, broken off, and gone on with."""

import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.factories import drawn_jpeg
from tests.live import EMAIL, PASSWORD, Server, running

pytestmark = [pytest.mark.browser, pytest.mark.live]
A_WHILE = 120_000
SENDING = re.compile("/uploads/[0-9a-f-]{36}/files$")
WHOLE = re.compile("/uploads/[0-9a-f-]{36}$")
TUS_CLIENT = (Path(__file__).parent / "vendor" / "tus.min.js").read_text()
ARCHIVE = Path(__file__).parents[1] / "services/workspace-format-1.zip"
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
        (root / f"mug {number}" / ".DS_Store").write_bytes(b"x")
    return root


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders as a mouse would, by way of the browser's debugger."""
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
    """Count the requests that bring bytes (PATCH) or ask how far they are (HEAD), by address."""
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


def in_it(page: Page, url: str) -> tuple[int, int]:
    """Count images and groups as the program tells them."""
    page.goto(urljoin(url, "/"))
    text = page.locator("main").inner_text()
    found = [re.search(rf"([\d,]+)\s+{noun}", text, re.IGNORECASE) for noun in ("images", "groups")]
    images, groups = (int(match[1].replace(",", "")) if match else 0 for match in found)
    return images, groups


@pytest.fixture(scope="module")
def program(browser: Browser) -> Iterator[Server]:
    """Run one installation for all that is sent here."""
    with running(DATABASE_URL="", REDIS_URL="") as server:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        yield server


def sign_in(page: Page, program: Server) -> None:
    page.goto(urljoin(program.url, "/accounts/login/"))
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Home · Likewise")


def begin(page: Page, program: Server, *paths: Path, words: str) -> None:
    """Drop files on the page, and have them brought in at once when all are there."""
    page.goto(urljoin(program.url, "/uploads/new"))
    drop(page, *paths)
    expect(page.locator("[data-upload-chosen]")).to_contain_text(words)
    page.get_by_label("Bring everything in at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()


def test_300_files_and_a_reload(program: Server, page: Page, folder: Path) -> None:
    sign_in(page, program)
    images, groups = in_it(page, program.url)
    page.goto(urljoin(program.url, "/uploads/new"))
    counted, asked = requests_of(page, "PATCH"), requests_of(page, "HEAD")
    drop(page, folder)
    expect(page.locator("[data-upload-chosen]")).to_contain_text("300 files")
    page.get_by_label("Or of a new type").fill("Same mug")
    page.get_by_label("Bring everything in at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Sending")).to_be_focused()
    wait_for_some(page, 40)
    assert not asked, "nothing of a file that was just named can be there"
    page.reload()
    expect(page).to_have_url(SENDING)
    heading = page.get_by_role("heading", name=re.compile("files are not here yet"))
    expect(heading).to_be_visible()
    before = Counter(counted)
    drop(page, folder)
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
    program: Server, browser: Browser, page: Page, tmp_path: Path
) -> None:
    """A large file breaks off, the page is closed, and somebody goes on elsewhere."""
    large = tmp_path / "large.zip"
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("a.jpg", drawn_jpeg(90_001) + random.Random(1).randbytes(20 << 20))
    context = browser.new_context()
    first = context.new_page()
    sign_in(first, program)
    debugger = context.new_cdp_session(first)
    debugger.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4 << 20}
    debugger.send("Network.emulateNetworkConditions", slow)
    begin(first, program, large, words="1 file")
    first.wait_for_function(
        "() => document.querySelector('[data-upload-bar]').value > 0.3", timeout=A_WHILE
    )
    address = first.url
    context.close()
    sign_in(page, program)
    page.get_by_role("link", name="Go on with large.zip").click()
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


def test_a_dead_network_and_a_pause(program: Server, browser: Browser, folder: Path) -> None:
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
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_focused()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("240 of 240").first).to_be_visible(timeout=A_WHILE)
    context.close()


def test_what_fails_can_be_tried_again_or_left_out(
    program: Server, page: Page, tmp_path: Path
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
    expect(page.get_by_role("button", name="Go on without the failed ones")).to_be_visible()
    page.get_by_role("button", name="Remove 0.jpg").click()
    expect(page.get_by_role("row", name="0.jpg Not now.")).to_have_count(0)
    page.unroute("**/parts/*")
    page.get_by_role("button", name="Retry all failed").click()
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("2 of 2").first).to_be_visible(timeout=A_WHILE)


def test_answers_that_are_lost(program: Server, browser: Browser, tmp_path: Path) -> None:
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
    program: Server, browser: Browser, tmp_path: Path
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
    page.get_by_role("button", name="Leave out what is missing").click(timeout=A_WHILE)
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("1 of 1").first).to_be_visible(timeout=A_WHILE)
    assert named == [True]
    context.close()


def test_a_retry_ends_a_pause(program: Server, browser: Browser, tmp_path: Path) -> None:
    """One file fails, another is under way when a pause begins: both come in after a retry."""
    small, large = tmp_path / "small.jpg", tmp_path / "large.zip"
    small.write_bytes(drawn_jpeg(63_000))
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("a.jpg", drawn_jpeg(63_001) + random.Random(2).randbytes(20 << 20))
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, program)
    debugger = context.new_cdp_session(page)
    debugger.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4 << 20}
    debugger.send("Network.emulateNetworkConditions", slow)

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


def test_a_client_that_is_not_ours(program: Server, page: Page) -> None:
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
    program: Server, page: Page, folder: Path, tmp_path: Path
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
    page.get_by_label("Bring everything in at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(SENDING)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.get_by_role("heading", name="3 of 3 files are not here yet")).to_be_visible()
    drop(page, names[0])
    wait_for_some(page, 1)
    onward = page.get_by_role("button", name="Bring them in")
    expect(onward).to_be_visible()
    expect(page.get_by_text("sent · choose more, or go on")).to_be_visible()
    drop(page, names[1])
    wait_for_some(page, 2)
    expect(onward).to_be_visible()
    drop(page, names[2])
    page.wait_for_url(WHOLE, timeout=A_WHILE)
    expect(page.get_by_text("3 of 3").first).to_be_visible(timeout=A_WHILE)


def test_an_archive_is_imported_when_somebody_says_so(program: Server, page: Page) -> None:
    sign_in(page, program)
    page.goto(urljoin(program.url, "/settings/transfers"))
    page.get_by_role("button", name="Send an archive").click()
    page.wait_for_url(SENDING)
    expect(page.get_by_text("Drop the archive of a workspace here")).to_be_visible()
    drop(page, ARCHIVE)
    wait_for_some(page, 1)
    page.get_by_role("button", name="Import it").click()
    page.wait_for_url(re.compile("/settings/transfers/"), timeout=A_WHILE)
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=A_WHILE)


def test_giving_up_asks_first(program: Server, page: Page, tmp_path: Path) -> None:
    sign_in(page, program)
    name = tmp_path / "1.jpg"
    name.write_bytes(drawn_jpeg(66_000))
    page.route("**/parts/*", lambda route: None)  # it stays under way
    begin(page, program, name, words="1 file")
    page.wait_for_url(SENDING)
    page.get_by_role("button", name="Give up", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Sending")).to_be_visible()
    page.get_by_role("button", name="Give up", exact=True).click()
    page.get_by_role("button", name="Give it up").click()
    page.wait_for_url(urljoin(program.url, "/uploads/new"))
    page.unroute_all(behavior="ignoreErrors")


def test_addresses_of_a_form_that_was_refused_are_sent_once(program: Server, page: Page) -> None:
    sign_in(page, program)
    page.goto(urljoin(program.url, "/uploads/new"))
    page.get_by_text("Pictures at addresses").click()
    field = page.get_by_label("Addresses of pictures")
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
    heading = page.get_by_role("heading", name="What “addresses.txt” would bring")
    expect(heading).to_be_visible(timeout=A_WHILE)
    page.unroute_all(behavior="ignoreErrors")
