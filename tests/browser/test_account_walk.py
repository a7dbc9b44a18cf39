"""Test the account's pages: email address, password, second factor, recovery, sessions."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.totp import code_of
from tests.browser.demo import absolute
from tests.browser.people import Home, sign_in
from tests.live import PASSWORD, running

pytestmark = [pytest.mark.browser, pytest.mark.live]
NEW_EMAIL, NEW_PASSWORD = "alice@new.example.org", "staple battery horse"


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[Path]:
    """Have letters written into a folder, a file each."""
    folder = tmp_path / "letters"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mailing(letters: Path) -> Iterator[Home]:
    """Run an installation that writes its letters into the folder."""
    with running(
        DATABASE_URL="", REDIS_URL="", LIKEWISE_EMAIL_URL=f"filemail:///{letters}"
    ) as server:
        yield Home.made(server, "alice")


def test_it_works(mailing: Home, letters: Path, page: Page, browser: Browser) -> None:
    sign_in(page, mailing)
    page.locator(".sidebar .menu-up summary").click()
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page).to_have_title("Account · Likewise")
    _change_the_address(page, letters)
    _change_the_password(page)
    secret, codes = _set_up_a_second_factor(page)
    _sign_out(page)
    changed = Home(mailing.server, NEW_EMAIL, NEW_PASSWORD)
    _sign_in_by_code(page, changed, code_of(secret, 1))
    _sign_out(page)
    _sign_in_by_code(page, changed, codes[0])
    _sign_out_everywhere(page, changed, browser, codes[1])
    _new_codes_and_off(page)


def _fits(page: Page) -> None:
    """See that a page needs no scrolling sideways on a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def _change_the_address(page: Page, letters: Path) -> None:
    page.get_by_role("link", name="Change email address").click()
    page.get_by_label("New email address").fill(NEW_EMAIL)
    page.get_by_label("Your current password").fill("not this one")
    page.get_by_role("button", name="Send link").click()
    field = page.get_by_label("Your current password")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("not your current password"))
    field.fill(PASSWORD)
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text(f"{NEW_EMAIL} is not confirmed yet")).to_be_visible()
    _fits(page)
    written = "\n".join(file.read_text() for file in letters.iterdir())
    link = re.search(r"http\S+/settings/account/email/confirm/\S+", written)
    assert link is not None, written
    page.goto(absolute(page, urlsplit(link[0]).path))
    _fits(page)
    page.get_by_role("button", name="Confirm email address").click()
    expect(page.get_by_text(f"sign in with {NEW_EMAIL} from now on.")).to_be_visible()


def _change_the_password(page: Page) -> None:
    page.get_by_role("link", name="Change password").click()
    page.get_by_label("Your current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Confirm new password").fill(NEW_PASSWORD)
    _fits(page)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password was changed.")).to_be_visible()


def _set_up_a_second_factor(page: Page) -> tuple[str, list[str]]:
    page.get_by_role("link", name=re.compile("^Second factor")).last.click()
    page.get_by_role("link", name="Set up").click()
    picture = page.get_by_role("img", name=re.compile("QR code"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code from the app").fill("000000")
    page.get_by_label("Your current password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("This code is wrong").first).to_be_visible()
    assert page.locator("#secret").inner_text() == secret
    _fits(page)
    page.get_by_label("Code from the app").fill(code_of(secret))
    page.get_by_label("Your current password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Your second factor is on")).to_be_visible()
    codes = re.findall(r"\d{5} \d{5}", page.locator("#codes").inner_text())
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert all(code in Path(download.value.path()).read_text() for code in codes)
    _fits(page)
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("10 codes left")).to_be_visible()
    _fits(page)
    return secret, codes


def _sign_out(page: Page) -> None:
    page.locator(".sidebar .menu-up summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Likewise")


def _sign_in_by_code(page: Page, home: Home, code: str) -> None:
    sign_in(page, home)
    expect(page).to_have_title("Second factor · Likewise")
    expect(page.get_by_label("Code")).to_be_focused()
    _fits(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("This code is wrong").first).to_be_visible()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_title("Home · Likewise")


def _sign_out_everywhere(page: Page, home: Home, browser: Browser, code: str) -> None:
    context = browser.new_context()
    other = context.new_page()
    _sign_in_by_code(other, home, code)
    page.goto(absolute(page, "/settings/account/sessions"))
    expect(page.locator("tbody tr").filter(has_text="Chrome on Linux")).to_have_count(2)
    _fits(page)
    page.get_by_role("button", name="Sign out everywhere else").click()
    page.locator("dialog[open]").get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("Signed out of one other session.")).to_be_visible()
    other.reload()
    expect(other).to_have_title("Sign in · Likewise")
    context.close()


def _new_codes_and_off(page: Page) -> None:
    page.goto(absolute(page, "/settings/account/second-factor"))
    expect(page.get_by_text("8 codes left")).to_be_visible()
    page.get_by_role("link", name="Create new codes").click()
    _fits(page)
    page.get_by_label("Your current password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Create new codes").click()
    expect(page.get_by_role("heading", name="Your new recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_role("link", name="Turn off").click()
    _fits(page)
    page.get_by_label("Your current password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("Your second factor is off: your password")).to_be_visible()
