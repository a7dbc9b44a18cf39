"""Test actions on ticked images: they confirm first, work by keyboard, and lose nothing."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.people import sign_in
from tests.browser.shop import Shop, no_barriers
from tests.factories import drawn_jpeg

pytestmark = [pytest.mark.browser, pytest.mark.live]
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def tick(page: Page, *numbers: int) -> None:
    for number in numbers:
        page.locator(".tile-check input").nth(number).check()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", SIZES)
def test_deleting_asks_and_says_from_which_groups(shop: Shop, at_work: Page, size: str) -> None:
    page = at_work
    page.set_viewport_size(SIZES[size])
    name = f"Delete {size}"
    first, second = (14, 15) if size == "desk" else (16, 17)
    shop.group(name, first)
    page.goto(f"{shop.url}images/")
    for number in (first, second):
        page.locator(f'input[value="{shop.images[number]}"]').check()
    delete = page.locator("[data-bulk]").get_by_role("button", name="Delete")
    delete.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete 2 images?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(f"1 in “{name}”")
    expect(dialog).to_contain_text("1 in no group")
    expect(dialog.get_by_role("img")).to_have_count(2)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert fits(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(delete).to_be_focused()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 images")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Delete 2 images")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 images were deleted and removed from their groups.")).to_be_visible()
    expect(page.locator(f'input[value="{shop.images[first]}"]')).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_those_in_another_group_are_asked_about(shop: Shop, at_work: Page, size: str) -> None:
    page = at_work
    page.set_viewport_size(SIZES[size])
    start = 20 if size == "desk" else 26
    phone = shop.group(f"phone {size}", start, start + 1, start + 2)
    page.goto(f"{shop.url}images/")
    for number in range(start, start + 5):
        page.locator(f'input[value="{shop.images[number]}"]').check()
    page.get_by_label("Name of the group").fill(f"case {size}")
    page.keyboard.press("Enter")
    question = f"3 of them are in “phone {size}”: move or skip them?"
    dialog = page.get_by_role("dialog", name=question)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("img")).to_have_count(3)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", dialog.inner_text())
    assert fits(page)
    if size == "desk":
        no_barriers(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Name of the group")).to_be_focused()
    expect(page.locator("[data-bulk-count]")).to_have_text("5 images")
    expect(page.get_by_label("Name of the group")).to_have_value(f"case {size}")
    page.get_by_role("button", name="Add to group").click()
    answer = "Skip them" if size == "desk" else "Move them"
    dialog.get_by_role("button", name=answer).click()
    moved = size == "phone"
    told = "5 images were added" if moved else "2 images were added"
    expect(page.get_by_text(told)).to_be_visible()
    page.goto(phone)
    expect(page.locator("#rows .tile")).to_have_count(0 if moved else 3)


def test_the_picker_of_a_group_asks_and_goes_on(shop: Shop, at_work: Page) -> None:
    page = at_work
    shop.group("Held here", 40, 41)
    page.goto(shop.group("Wanted there") + "/images")
    for number in (40, 41, 42):
        page.locator(f'input[value="{shop.images[number]}"]').check()
    page.get_by_role("button", name="Add to “Wanted there”").click()
    dialog = page.get_by_role("dialog", name="2 of them are in “Held here”")
    dialog.get_by_role("button", name="Skip them").click()
    expect(page.get_by_text("1 image was added to “Wanted there”; 2 were skipped")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator(f'input[value="{shop.images[42]}"]')).to_have_count(0)


def test_a_refusal_keeps_ticks_and_name(shop: Shop, at_work: Page) -> None:
    page = at_work
    page.goto(f"{shop.url}images/")
    tick(page, 0, 1)
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_text("Enter the name of a new or an existing group.")).to_be_visible()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 images")
    assert not page.get_by_role("dialog").count()


def test_without_javascript_nothing_is_lost_either(shop: Shop, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context.new_page(), shop.home)
    shop.group("Plain phone", 50)
    page.goto(f"{shop.url}images/")
    for number in (50, 51):
        page.locator(f'input[value="{shop.images[number]}"]').check()
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_text("Enter the name of a new")).to_be_visible()
    expect(page.locator(".tile-check input:checked")).to_have_count(2)
    page.get_by_label("Name of the group").fill("Plain case")
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "1 of them is in “Plain phone”: move or skip it?"
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".tile-check input:checked")).to_have_count(2)
    expect(page.get_by_label("Name of the group")).to_have_value("Plain case")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 2 images?")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".tile-check input:checked")).to_have_count(2)
    page.get_by_role("button", name="Add to group").click()
    page.get_by_role("button", name="Move it").click()
    expect(page).to_have_url(f"{shop.url}images/")
    expect(
        page.get_by_text("2 images were added to “Plain case”; 1 moved from other")
    ).to_be_visible()
    context.close()


# By keyboard


def focused(page: Page) -> int:
    """Return the place in its grid of the tile that has the focus; -1 outside of any."""
    script = """() => {
        const item = document.activeElement.closest(".image-grid > li, .strip > li");
        return item ? [...item.parentElement.children].indexOf(item) : -1;
    }"""
    return int(page.evaluate(script))


def stands_at(page: Page, place: int) -> None:
    script = """(place) => {
        const item = document.activeElement.closest(".image-grid > li");
        return item && [...item.parentElement.children].indexOf(item) === place;
    }"""
    page.wait_for_function(script, arg=place, timeout=PATIENCE)


def columns(page: Page) -> int:
    script = (
        "getComputedStyle(document.querySelector('.image-grid')).gridTemplateColumns.split(' ')"
    )
    return int(page.evaluate(f"{script}.length"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def into_grid(page: Page) -> None:
    """Tab from the search into the grid, and see that the next Tab leaves it."""
    page.locator("#search").focus()
    for _ in range(12):
        press(page, "Tab")
        if focused(page) >= 0:
            break
    assert focused(page) == 0
    press(page, "Tab")
    assert focused(page) == -1, "a grid is one stop"
    press(page, "Shift+Tab")
    assert focused(page) == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_grid_by_keyboard(shop: Shop, at_work: Page, size: str) -> None:
    page = at_work
    page.set_viewport_size(SIZES[size])
    page.goto(f"{shop.url}images/")
    into_grid(page)
    wide = columns(page)
    assert wide == (2 if size == "phone" else wide)
    for key, place in (
        ("ArrowRight", 1),
        ("ArrowDown", 1 + wide),
        ("ArrowLeft", wide),
        ("ArrowUp", 0),
        ("ArrowUp", 0),
        ("ArrowLeft", 0),
    ):
        press(page, key)
        assert focused(page) == place, key
    press(page, "PageDown")
    assert focused(page) >= wide
    press(page, "PageUp")
    assert focused(page) == 0

    press(page, "b")
    expect(page.get_by_text("Select something first")).to_be_visible()
    press(page, "ArrowRight", "Space")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 image")
    press(page, "Shift+ArrowRight", "Shift+ArrowRight")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 images")
    assert page.evaluate("document.activeElement.getBoundingClientRect().bottom < innerHeight")
    press(page, "b")
    expect(page.get_by_label("Type of the group")).to_be_focused()
    press(page, "Escape")
    assert focused(page) == 3
    expect(page.locator("[data-bulk-count]")).to_have_text("3 images")
    press(page, "Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()

    press(page, "End")
    expect(page.locator(".image-grid > .tile")).not_to_have_count(60)
    stands_at(page, 60)  # what was loaded goes on where "Load more" was
    press(page, "Home", "ArrowRight")
    opened = page.locator(".image-grid > .tile").nth(1).locator("a").get_attribute("href")
    press(page, "Enter")
    expect(page).to_have_url(re.compile(f"{opened}$"))


def test_keys_of_every_page(shop: Shop, at_work: Page) -> None:
    page = at_work
    page.goto(f"{shop.url}images/")
    press(page, "/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("a/b?")
    expect(page.locator("#search")).to_have_value("a/b?")
    press(page, "Escape", "Escape")
    expect(page.locator("#search")).not_to_be_focused()
    page.goto(f"{shop.url}images/")
    into_grid(page)
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    no_barriers(page)
    press(page, "Escape")
    expect(keys).to_be_hidden()
    assert focused(page) == 0
    no_barriers(page)
    page.goto(shop.url)
    page.locator(".sidebar .menu-up summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(keys).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_the_other_grids_by_keyboard(shop: Shop, at_work: Page) -> None:
    page = at_work
    group = shop.group("Keyed", 52, 53, 54)
    page.goto(group)
    page.locator("#rows input").first.focus()
    press(page, "ArrowRight", "Space", "b")
    expect(page.get_by_role("button", name="Remove from group")).to_be_focused()
    press(page, "Escape")
    assert focused(page) == 1
    page.goto(f"{group}/images")
    into_grid(page)
    press(page, "Space", "ArrowRight", "Enter")
    expect(page).to_have_url(f"{group}/images")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 image")
    press(page, "b", "Enter")
    expect(page.get_by_text("1 image was added to “Keyed”.")).to_be_visible()
    shop.group("Keyed too")
    page.goto(f"{shop.url}groups/")
    into_grid(page)
    name = page.locator("#rows > .tile").nth(1).locator(".fw-medium").inner_text()
    press(page, "ArrowRight", "Enter")
    expect(page.locator("h1")).to_have_text(name)


# Results of a search


@pytest.mark.parametrize("size", SIZES)
def test_results_are_there_again_on_back(shop: Shop, at_work: Page, size: str) -> None:
    page = at_work
    page.set_viewport_size(SIZES[size])
    seed = 60 if size == "desk" else 62
    shop.group(f"Found {size}", seed, seed + 1)
    page.goto(f"{shop.url}search/")
    look = page.get_by_role("button", name="Index them now")
    if look.count():
        look.click()
        expect(page.get_by_text("New images are being indexed")).to_be_hidden()
        expect(look).to_have_count(0)
    picture = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": drawn_jpeg(seed)}
    page.locator("input[name=file]").set_input_files([picture])
    results = page.locator("#found .image-grid > .tile")
    expect(results).to_have_count(24)
    expect(results.first).to_contain_text(f"Found {size}")
    page.locator("select[name=k]").select_option("12")
    expect(results).to_have_count(12)
    expect(page).to_have_url(re.compile("picture=.+k=12"))
    assert fits(page)
    names = results.locator(".tile-caption > span:first-child").all_inner_texts()
    results.nth(1).locator(".tile-picture").click()
    expect(page.locator("#facts-title")).to_be_visible()
    page.go_back()
    expect(results).to_have_count(12)
    assert results.locator(".tile-caption > span:first-child").all_inner_texts() == names
    expect(page.get_by_role("heading", name="mine.jpg")).to_be_visible()
    page.reload()
    expect(results).to_have_count(12)

    results.locator("input").first.focus()
    press(page, "ArrowRight", "Space")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 image")
    if size == "desk":
        no_barriers(page)
    press(page, "s")
    expect(page).to_have_url(re.compile("image=.+k=12"))
    expect(results).to_have_count(12)
    page.go_back()
    expect(page.get_by_role("heading", name="mine.jpg")).to_be_visible()
