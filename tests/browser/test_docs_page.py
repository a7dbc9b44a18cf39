"""Test the API's page: read it signed out, paste a token, try a call."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Home, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.live]


def test_it_works(program: Home, page: Page) -> None:
    sign_in(page, program)
    key = program.server.manage("token", "create", "--email", program.email, "--name", "docs")
    page.goto(program.url + "connect/")
    page.get_by_role("link", name="API reference").click()
    expect(page.get_by_role("heading", name="The API", exact=True)).to_be_visible()
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.locator(".auth-container input").fill(key)
    page.locator(".auth-btn-wrapper button[type=submit]").click()
    page.locator(".btn-done").click()
    call = page.locator("#operations-Tasks-tasks_list")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    answer = call.locator(".live-responses-table")
    expect(answer.locator(".response .response-col_status").first).to_contain_text("200")
    body = json.loads(answer.locator(".response-col_description pre").first.inner_text())
    assert body == {"count": 0, "next": None, "previous": None, "results": []}
