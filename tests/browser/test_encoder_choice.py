"""Test choosing the fast encoder: the estimate, the job, and what search then uses.

With LIKEWISE_TEST_PICTURES its pages are saved as pictures: light, dark, and on a phone.
"""

import os
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Workspace
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Job, Usage
from dashboard.services.training.describing import start_describing
from tests.browser.barriers import bring_axe, violations
from tests.factories import (
    Cast,
    make_cast,
    make_image,
    make_task,
    make_type,
    make_version,
    signed_in,
)
from tests.views.training.test_versions import of_both

pytestmark = [
    pytest.mark.browser,
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
]
PICTURES = os.environ.get("LIKEWISE_TEST_PICTURES", "")
LOOKS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (390, "light")}


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """Create a workspace whose images were looked at, on a machine that was measured."""
    cast = make_cast()
    for seed in range(6):
        make_image(cast.workspace, seed)
    run_job(str(start_describing(workspace=cast.workspace, actor=cast.bob).id))
    Usage.objects.filter(workspace=cast.workspace).update(count=23_000)
    for key, seconds in ((BOTH, 0.03), (BUILTIN, 0.01)):
        Encoder.objects.create(
            key=key, name=key, state="ready", dimension=512, file_size=0,
            seconds=seconds, measured=timezone.now(),
        )  # fmt: skip
    cast.ann.is_staff = True
    cast.ann.save()
    return cast


def look_at(page: Page, name: str) -> None:
    """Judge the page as it is, and keep pictures of it."""
    for look, (width, scheme) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is wider than a {look} window"
        if PICTURES:
            page.screenshot(path=Path(PICTURES, f"{name}-{look}.png"), full_page=True)
    bring_axe(page)
    found = [one["id"] for one in violations(page)]
    assert found == [], name
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def test_it_works(page: Page, cast: Cast, live_server: LiveServer) -> None:
    key = signed_in(cast.ann).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
    page.goto(f"{live_server.url}/settings/")
    fast = page.get_by_label("Built in, fast.")
    expect(page.get_by_text("the best for most images. Search uses it now.")).to_be_visible()
    expect(page.get_by_text("To index all images: 23,000 images, about")).to_be_visible()
    look_at(page, "settings")
    fast.check()
    page.locator("#encoder").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Processing all images with")).to_be_visible()
    expect(page.get_by_text("Search works as before until it is done.")).to_be_visible()
    look_at(page, "job")
    run_job(str(Job.objects.get(kind=Job.Kind.DESCRIBE, state=Job.State.QUEUED).id))
    expect(page.get_by_text("Search now uses “Built in, fast”.")).to_be_visible()
    page.goto(f"{live_server.url}/settings/")
    expect(fast).to_be_checked()
    expect(page.get_by_text("in a third of the time. Search uses it now.")).to_be_visible()
    assert Workspace.objects.get(pk=cast.workspace.pk).search_encoder == BUILTIN
    page.close()  # before the server ends


def test_the_pages_that_tell_of_it(page: Page, cast: Cast, live_server: LiveServer) -> None:
    task = make_task(cast.workspace)
    kind = make_type(cast.workspace, fold_by="shoot")
    version = make_version(task, metrics={"a": of_both(0.7, fold_by="shoot")}, encoder=BOTH)
    key = signed_in(cast.ann).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
    for name, path in {
        "version": f"versions/{version.pk}",
        "task": f"tasks/{task.pk}",
        "task-form": f"tasks/{task.pk}/change",
        "type": f"types/{kind.pk}",
        "type-form": f"types/{kind.pk}/change",
        "encoders": "settings/encoders",
    }.items():
        assert page.goto(f"{live_server.url}/{path}").status == 200, name
        look_at(page, name)
    page.close()
