"""Names of groups in the browser: completed while one types, and equal ones told."""

import pytest
from playwright.sync_api import Page, expect

from tests.live import EMAIL, PASSWORD, Server

pytestmark = [pytest.mark.browser, pytest.mark.live]
MAKE = """
from accounts.models import User
from dashboard.services.groups import add_images, create_group
from dashboard.services.images import add_image
from dashboard.services.similarity_types import create_type
from tests.factories import drawn_jpeg
actor = User.objects.first()
workspace = actor.memberships.first().workspace
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
def kind(program: Server) -> str:
    """Make a type with a few groups and images, and return its id."""
    return program.manage("shell", "--verbosity=0", "--command", MAKE)


def test_names_are_completed_and_equal_ones_told(page: Page, program: Server, kind: str) -> None:
    page.goto(f"{program.url}accounts/login/?next=/types/{kind}")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_label("Name of the new group").press_sequentially("FACE")
    options = page.locator("datalist option")
    expect(options).to_have_count(2)
    offered = options.evaluate_all("all => all.map(one => one.value)")
    assert offered == ["face-frowning", "face-smiling"]
    page.get_by_label("Name of the new group").fill("Face-Smiling")
    page.get_by_role("button", name="Make the group").click()
    expect(page.get_by_text("There is already a group “face-smiling”")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Face-Smiling")
    page.get_by_role("link", name="“face-smiling”").click()

    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name of the group").fill("FACE-frowning")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("There is already a group “face-frowning”")

    page.goto(f"{program.url}images/")
    page.get_by_role("checkbox", name="1.jpg").check()
    page.get_by_role("checkbox", name="2.jpg").check()
    page.get_by_label("Name of the group").press_sequentially("smil")
    expect(page.locator("datalist option")).to_have_count(1)
    page.get_by_label("Name of the group").fill("FACE-SMILING")
    page.get_by_role("button", name="Put into group").click()
    expect(page.get_by_text("2 images went into “face-smiling”.")).to_be_visible()


@pytest.mark.usefixtures("kind")
def test_of_two_equal_names_a_person_chooses(page: Page, program: Server) -> None:
    page.goto(f"{program.url}accounts/login/?next=/images/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("1.jpg", "2.jpg"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("Name of the group").fill("foot")
    page.get_by_role("button", name="Put into group").click()
    expect(page.get_by_role("heading", name="Which “foot”?")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(2)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("radio", name="Foot 1 image").last.check()
    page.get_by_role("button", name="Put in", exact=True).click()
    expect(page.get_by_text("2 images went into “Foot”.")).to_be_visible()
