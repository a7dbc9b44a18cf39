"""Test names of groups: completion while typing, and a notice of equal names."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import Home, follow, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.live]
MAKE = """
from dashboard.services.library.groups import add_images, create_group
from dashboard.services.library.images import add_image
from dashboard.services.library.similarity_types import create_type
from tests.factories import drawn_jpeg
kind = create_type(workspace=workspace, name="Same face", exclusive=False, actor=actor)
images = [
    add_image(workspace=workspace, data=drawn_jpeg(seed), file_name=f"{seed}.jpg", actor=actor)
    for seed in range(3)
]
for name in ("face-smiling", "face-frowning", "foot", "Foot"):
    group = create_group(similarity_type=kind, name=name, actor=actor)
    add_images(group=group, ids=[images[0].pk], actor=actor)
print(kind.pk)
"""


@pytest.fixture(scope="module")
def kind(program: Home) -> str:
    """Make a type with a few groups and images, and return its id."""
    return program.shell(MAKE)


def test_names_are_completed_and_equal_ones_told(page: Page, program: Home, kind: str) -> None:
    sign_in(page, program, f"/types/{kind}")
    page.get_by_label("Name of the new group").press_sequentially("FACE")
    options = page.locator("datalist option")
    expect(options).to_have_count(2)
    offered = options.evaluate_all("all => all.map(one => one.value)")
    assert offered == ["face-frowning", "face-smiling"]
    page.get_by_label("Name of the new group").fill("Face-Smiling")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_text("A group named “face-smiling”")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Face-Smiling")
    follow(page.get_by_role("link", name="“face-smiling”"))

    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name of the group").fill("FACE-frowning")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("A group named “face-frowning”")

    page.goto(f"{program.url}images/")
    page.get_by_role("checkbox", name="1.jpg").check()
    page.get_by_role("checkbox", name="2.jpg").check()
    page.get_by_label("Name of the group").press_sequentially("smil")
    expect(page.locator("datalist option")).to_have_count(1)
    page.get_by_label("Name of the group").fill("FACE-SMILING")
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_text("2 images were added to “face-smiling”.")).to_be_visible()


@pytest.fixture
def late(page: Page, program: Home) -> Iterator[Callable[[], None]]:
    """Sign in where htmx does not arrive until it is told to."""
    sign_in(page, program)
    held: list[Route] = []

    def let_it_come() -> None:
        for route in held:
            route.continue_()

    page.route("**/htmx*.js", lambda route: held.append(route))
    yield let_it_come
    page.unroute_all(behavior="ignoreErrors")


def test_what_was_typed_before_htmx_came_is_completed(
    page: Page, program: Home, kind: str, late: Callable[[], None]
) -> None:
    page.goto(f"{program.url}types/{kind}", wait_until="commit")
    page.get_by_label("Name of the new group").press_sequentially("FACE")
    late()
    expect(page.locator("datalist option")).to_have_count(2)


@pytest.mark.usefixtures("kind")
def test_what_was_typed_before_htmx_came_is_searched_for(
    page: Page, program: Home, late: Callable[[], None]
) -> None:
    page.goto(f"{program.url}images/", wait_until="commit")
    page.get_by_label("Search by file name").press_sequentially("2.j")
    late()
    expect(page.locator(".image-grid > .tile")).to_have_count(1)


@pytest.mark.usefixtures("kind")
def test_of_two_equal_names_a_person_chooses(page: Page, program: Home) -> None:
    sign_in(page, program, "/images/")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("1.jpg", "2.jpg"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("Name of the group").fill("foot")
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_role("heading", name="Which “foot”?")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(2)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("radio", name="Foot 1 image").last.check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("2 images were added to “Foot”.")).to_be_visible()
