"""Test live jobs: progress, cancelling, the pauses and end of polling, and the tray.

No worker runs: the tests write a job's progress as a worker would, step by step.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from dashboard.models import Job
from dashboard.services.jobs import jobs
from tests.browser.barriers import bring_axe, violations
from tests.factories import Cast, make_cast, make_job, make_upload, signed_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
]
PHONE = {"width": 390, "height": 844}
PICTURES = os.environ.get("LIKEWISE_TEST_PICTURES", "")


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def opened(page: Page, cast: Cast, live_server: LiveServer) -> Iterator[Page]:
    """Sign Bob in, and keep the server's address at hand."""
    sign_in(page, cast.bob, live_server)
    yield page
    page.close()  # before the server ends, which would wait for its polls


def sign_in(page: Page, user: User, server: LiveServer) -> None:
    key = signed_in(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": server.url}])
    page.goto(f"{server.url}/jobs/")


def claimed(job: Job) -> jobs.Handle:
    taken = jobs.claim(job.pk, "worker")
    assert taken is not None
    return jobs.Handle(taken)


def polls_of(page: Page, part: str) -> list[str]:
    """Collect what htmx asks for."""
    asked: list[str] = []

    def hear(request: Any) -> None:
        if "hx-request" in request.headers and part in request.url:
            asked.append(request.url)

    page.on("request", hear)
    return asked


def kept(page: Page, name: str) -> None:
    """Keep a picture of the page in every look, for who asks for it."""
    if not PICTURES:
        return
    size = page.viewport_size
    for look in ("light", "dark", "phone"):
        page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        page.set_viewport_size(PHONE if look == "phone" else {"width": 1280, "height": 900})
        page.screenshot(path=Path(PICTURES) / f"{name}-{look}.png")
    page.set_viewport_size(size or {"width": 1280, "height": 900})


def problems(page: Page) -> list[Any]:
    bring_axe(page)
    found = violations(page)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] + (
        ["too wide"] if wide else []
    )


def test_the_list_shows_progress_cancels_and_ends(opened: Page, cast: Cast) -> None:
    first, second = (
        make_job(cast.workspace, subject_id=make_upload(cast.workspace).pk) for _ in range(2)
    )
    jobs.give_sign(name="worker", queues=["upload"])
    opened.reload()
    asked = polls_of(opened, "/jobs/")
    expect(opened.get_by_text("This job is next in the queue.")).to_be_visible()
    expect(opened.get_by_text("1 job is ahead of it in the queue.")).to_be_visible()

    handle = claimed(first)
    handle.report(total=400, done=100, fraction=0.25, step="Importing")
    expect(opened.get_by_text("25 %")).to_be_visible()
    expect(opened.get_by_text("100 of 400")).to_be_visible()
    kept(opened, "jobs")
    assert problems(opened) == []
    opened.set_viewport_size(PHONE)
    assert problems(opened) == []
    opened.set_viewport_size({"width": 1280, "height": 900})

    row = opened.locator(f"#row-{second.pk}")
    row.get_by_role("button", name="Cancel").click()
    expect(row.get_by_text("Cancelled").first).to_be_visible()
    expect(opened.get_by_text("The job was cancelled").first).to_be_visible()
    opened.locator(f"#row-{first.pk}").get_by_role("button", name="Cancel").click()
    expect(opened.get_by_text("Cancelling")).to_be_visible()
    with pytest.raises(jobs.JobCancelled):
        handle.check()
    jobs.end(handle.job, state=Job.State.CANCELLED, message="Cancelled.")
    expect(opened.locator("[data-poll]")).to_have_count(0)
    assert len(set(asked)) <= 3  # the list, and two cancels: nothing is asked of a row alone
    expect(opened.locator(".htmx-request")).to_have_count(0)
    count = len(asked)
    opened.wait_for_timeout(2500)
    assert len(asked) == count


def test_polling_backs_off_and_rests_while_nobody_looks(opened: Page, cast: Cast) -> None:
    make_job(cast.workspace)
    opened.clock.install()
    opened.reload()
    asked = polls_of(opened, "/jobs/")

    def within(seconds: int) -> int:
        """Count what is asked in so many seconds of the page's clock."""
        before = len(asked)
        for _ in range(seconds):
            opened.clock.run_for(1000)
            expect(opened.locator(".htmx-request")).to_have_count(0)
        return len(asked) - before

    assert within(10) >= 8
    opened.clock.fast_forward(2 * 60_000)
    assert 4 <= within(30) <= 8
    opened.clock.fast_forward(10 * 60_000)
    assert 1 <= within(30) <= 4
    opened.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
    assert within(40) == 0


def test_the_filter_is_in_the_address(opened: Page, cast: Cast, live_server: LiveServer) -> None:
    make_job(cast.workspace, title="Upload of hats")
    make_job(cast.workspace, title="Training of shoes", kind=Job.Kind.TRAIN)
    opened.reload()
    opened.get_by_label("Kind").select_option("train")
    expect(opened.get_by_text("Upload of hats")).to_have_count(0)
    expect(opened.get_by_text("Training of shoes")).to_be_visible()
    assert "kind=train" in opened.url
    opened.reload()
    expect(opened.get_by_text("Upload of hats")).to_have_count(0)


def test_the_tray(opened: Page, cast: Cast, live_server: LiveServer) -> None:
    handle = claimed(make_job(cast.workspace, title="Upload of hats"))
    opened.goto(f"{live_server.url}/types/")
    tray = opened.get_by_role("complementary", name="Running jobs")
    expect(tray.get_by_text("Upload of hats")).to_be_visible()
    handle.report(fraction=0.5)
    expect(tray.get_by_text("1 running (50 %)")).to_be_visible()
    kept(opened, "tray")
    assert problems(opened) == []

    tray.locator("summary").press("Enter")
    expect(tray.get_by_text("Upload of hats")).to_be_hidden()
    handle.report(fraction=0.6)
    expect(tray.get_by_text("1 running (60 %)")).to_be_visible()
    expect(tray.get_by_text("Upload of hats")).to_be_hidden()
    opened.reload()
    expect(tray.get_by_text("Upload of hats")).to_be_hidden()

    jobs.end(handle.job, state=Job.State.DONE)
    expect(tray).to_have_count(0)


def test_the_tray_covers_nothing_on_a_phone(
    opened: Page, cast: Cast, live_server: LiveServer
) -> None:
    claimed(make_job(cast.workspace, title="Upload of hats"))
    opened.set_viewport_size(PHONE)
    opened.goto(f"{live_server.url}/types/")
    expect(opened.locator("#tray > summary")).to_be_visible()
    expect(opened.locator("#tray")).not_to_have_attribute("open", "")
    for _ in range(2):  # closed, then open
        bottom = opened.evaluate("document.getElementById('tray').getBoundingClientRect().bottom")
        top = opened.evaluate("document.querySelector('main').getBoundingClientRect().top")
        assert bottom <= top + 1
        assert problems(opened) == []
        opened.locator("#tray > summary").click()
