"""Test subgroups, images picked for a group, and renaming in place: by mouse and keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import follow, sign_in
from tests.browser.shop import Shop, no_barriers

pytestmark = [pytest.mark.browser, pytest.mark.live]


def cards(page: Page) -> Any:
    return page.locator("#rows .tile")


def settled(page: Page) -> None:
    """Wait the 20 ms until htmx has taken over what it brought: no hand is quicker, a test is."""
    expect(page.locator(".htmx-added, .htmx-settling, .htmx-request")).to_have_count(0)


def open_picker(page: Page) -> None:
    page.get_by_role("link", name="Add groups").click()
    expect(page.get_by_label("Search groups by name")).to_be_focused()
    settled(page)


def test_groups_go_into_a_group_and_out_again(shop: Shop, at_work: Page) -> None:
    page = at_work
    shop.group("Nest one")
    shop.group("Nest two", 1, 2)
    page.goto(shop.group("Big nest"))
    open_picker(page)
    page.keyboard.type("nEST ")
    expect(page.locator("#picker-status")).to_have_text("2 groups shown.")
    no_barriers(page)
    page.get_by_label("Nest one").focus()
    page.keyboard.press("Space")
    page.get_by_label("Nest two").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(
        page.get_by_role("status").get_by_text("2 groups were added to “Big nest”.")
    ).to_be_visible()
    expect(cards(page)).to_have_count(2)
    expect(page.locator("#rows img")).to_have_count(2)
    expect(page.get_by_text("No other group has this in its name.")).to_be_visible()
    expect(page.locator("#candidates")).to_be_focused()

    cards(page).filter(has_text="Nest two").get_by_role("link").click()
    expect(page).to_have_title("Nest two · Likewise")
    follow(page.get_by_role("link", name="Big nest"))

    expect(page.get_by_role("button", name="Remove from group")).to_be_hidden()
    page.get_by_label("Select Nest one").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 group")
    page.keyboard.press("Control+a")
    expect(page.locator("[data-bulk-count]")).to_have_text("2 groups")
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    page.get_by_label("Select Nest one").check()
    no_barriers(page)
    page.get_by_role("button", name="Remove from group").click()
    page.get_by_role("button", name="Remove 1 group").click()
    expect(page.get_by_text("1 group was removed. The workspace keeps them.")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_text("1 group.", exact=True)).to_be_focused()


def test_a_circle_is_refused_and_the_ticks_stay(shop: Shop, at_work: Page) -> None:
    page = at_work
    inner, outer = shop.group("Circle inner"), shop.group("Circle outer")
    for group, other in ((outer, "Circle inner"), (inner, "Circle outer")):
        page.goto(group)
        open_picker(page)
        page.keyboard.type("circle")
        expect(page.locator("#picker-status")).to_have_text("1 group shown.")
        page.get_by_label(other).check()
        page.get_by_role("button", name="Add", exact=True).click()
    refusal = "“Circle outer” cannot go into “Circle inner”: a group cannot contain itself."
    expect(page.get_by_text(refusal)).to_be_visible()
    expect(page.get_by_label("Circle outer")).to_be_checked()
    expect(page.get_by_text("This group is empty")).to_be_visible()


def test_images_are_picked_for_a_group(shop: Shop, at_work: Page) -> None:
    page = at_work
    taken = shop.group("Pick taken", 60, 61)
    page.goto(shop.group("Pick here"))
    follow(page.get_by_role("link", name="Add images").first)
    boxes = page.get_by_role("checkbox")
    expect(page.get_by_role("link", name="In no group of")).to_have_attribute(
        "aria-current", "true"
    )
    expect(boxes).to_have_count(60)
    boxes.nth(59).scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    expect(boxes).not_to_have_count(60)

    page.locator(".tile-pick").nth(0).click()
    page.locator(".tile-pick").nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("4 images")
    no_barriers(page)
    page.get_by_role("button", name="Add to “Pick here”").click()
    expect(page.get_by_text("4 images were added to “Pick here”.")).to_be_visible()
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator("[data-bulk]")).to_be_hidden()

    follow(page.get_by_role("link", name="All not in this group"))
    page.get_by_label("Search by file name").press_sequentially("nothing like it")
    expect(page.locator("#search-status")).to_have_text("No images found.")
    page.get_by_label("Search by file name").fill("")
    expect(boxes).to_have_count(60)
    boxes.first.focus()
    page.keyboard.press("Control+a")
    expect(page.locator("[data-bulk-count]")).to_have_text("60 images")
    page.get_by_role("button", name="Add to “Pick here”").click()
    # In any other group of the type: the other tests make some of their own.
    expect(page.get_by_role("dialog", name=re.compile("move or skip"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-bulk-count]")).to_have_text("60 images")

    follow(page.get_by_role("link", name="Done"))
    expect(cards(page)).to_have_count(4)
    cards(page).first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Remove from group").click()
    page.get_by_role("button", name="Remove 1 image").click()
    expect(page.get_by_text("1 image was removed from the group")).to_be_visible()
    expect(cards(page)).to_have_count(3)
    page.goto(taken)
    expect(cards(page)).to_have_count(2)


@pytest.mark.parametrize("noun", ["group", "type", "task", "image"])
def test_a_name_is_changed_where_it_stands(shop: Shop, at_work: Page, noun: str) -> None:
    page = at_work
    page.goto(_page_of(shop, page, noun))
    old = page.locator("h1").inner_text()
    page.get_by_role("link", name="Rename").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label(f"Name of the {noun}")
    expect(field).to_be_focused()
    settled(page)
    no_barriers(page)
    page.keyboard.type("Never saved")
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text(old)
    expect(page.get_by_role("link", name="Rename")).to_be_focused()
    settled(page)
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    settled(page)
    page.keyboard.type("   ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(re.compile("Enter a name"))
    expect(field).to_be_focused()
    settled(page)
    page.keyboard.press("Control+a")
    page.keyboard.type(f"Renamed {noun}")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Renamed {noun}")
    expect(page).to_have_title(f"Renamed {noun} · Likewise")
    expect(page.get_by_role("link", name="Rename")).to_be_focused()
    expect(page.get_by_text(f"The {noun} was renamed to “Renamed {noun}”.")).to_be_visible()
    no_barriers(page)
    page.reload()
    expect(page.locator("h1")).to_have_text(f"Renamed {noun}")


def _page_of(shop: Shop, page: Page, noun: str) -> str:
    if noun == "group":
        return shop.group("Name of old")
    if noun == "image":
        return f"{shop.url}images/{shop.images[5]}"
    page.goto(f"{shop.url}{noun}s/new")
    page.get_by_label("Name", exact=True).fill("Name of old")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(f"/{noun}s/[0-9a-f-]+$"))
    return page.url


def test_the_grid_is_searched_as_one_types(shop: Shop, at_work: Page) -> None:
    page = at_work
    page.goto(f"{shop.url}images/{shop.images[7]}")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name of the image").fill("Needle.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Needle.jpg")
    page.goto(shop.url + "images/")
    page.get_by_label("Search by file name").press_sequentially("nEEdle")
    expect(page.locator(".image-grid > .tile")).to_have_count(1)
    expect(page.locator("#search-status")).to_have_text("1 image shown.")
    expect(page).to_have_url(re.compile("search=nEEdle$"))
    expect(page.get_by_label("Search by file name")).to_be_focused()
    page.get_by_label("Select Needle.jpg").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 image")
    no_barriers(page)
    page.get_by_role("link", name="Test", exact=True).click()
    expect(page.get_by_text("No images found")).to_be_visible()
    expect(page.get_by_label("Search by file name")).to_have_value("nEEdle")
    page.go_back()
    expect(page.locator(".image-grid > .tile")).to_have_count(1)


def test_everything_works_without_javascript(shop: Shop, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context.new_page(), shop.home)
    shop.group("Plain inner", 20)
    outer, leaf = shop.group("Plain outer"), shop.group("Plain leaf")
    page.goto(outer)
    page.get_by_role("link", name="Add groups").click()
    page.get_by_label("Search groups by name").fill("plain inner")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Select at least one group first.")).to_be_visible()
    page.get_by_label("Plain inner").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page).to_have_url(outer)
    page.get_by_label("Select Plain inner").check()
    page.get_by_role("button", name="Remove from group").click()
    page.get_by_role("button", name="Remove 1 group").click()
    expect(page.get_by_text("This group is empty")).to_be_visible()

    page.goto(leaf)
    page.get_by_role("link", name="Add images").first.click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Add to “Plain leaf”").click()
    expect(page.get_by_text("1 image was added to “Plain leaf”.")).to_be_visible()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Plainer")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Plainer · Likewise")
    context.close()
