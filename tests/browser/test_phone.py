"""Test that a page's buttons leave room for its title on a phone."""

import pytest
from playwright.sync_api import Page

from tests.browser.demo import absolute, visit
from tests.browser.people import Home, sign_in
from tests.browser.test_pages import SQUEEZED

pytestmark = [pytest.mark.browser, pytest.mark.live]
NAME = "Face-smiling-with-a-long-name"
MAKE = f"""
from dashboard.services.library.groups import add_images, create_group
from dashboard.services.library.images import add_image
from dashboard.services.library.similarity_types import create_type
from tests.factories import drawn_jpeg
kind = create_type(workspace=workspace, name="Same face", exclusive=True, actor=actor)
group = create_group(similarity_type=kind, name="{NAME}", actor=actor)
image = add_image(workspace=workspace, data=drawn_jpeg(1), file_name="{NAME}.jpg", actor=actor)
add_images(group=group, ids=[image.pk], actor=actor)
print(f"/groups/{{group.pk}} /types/{{kind.pk}} /images/{{image.pk}}")
"""


def test_titles_keep_their_width(page: Page, program: Home) -> None:
    sign_in(page, program)
    paths = program.shell(MAKE).split()
    page.set_viewport_size({"width": 390, "height": 844})
    for path in paths:
        visit(page, absolute(page, path), "light")
        box = page.locator(".page-heading").bounding_box()
        assert box is not None
        assert box["width"] >= 250, path
        assert page.evaluate(SQUEEZED) == [], path
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
