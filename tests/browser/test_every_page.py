"""Test that each page is opened in the browser, or has a reason why it is none."""

from tests.browser.demo import NOT_A_PAGE, OUTSIDE, PAGES
from tests.routes import ROUTES, Admin, Api, Open

LOOKED_AT = {*PAGES, *OUTSIDE}


def test_every_address_is_looked_at_or_says_why_not() -> None:
    shown = {
        route.name
        for route in ROUTES
        if not isinstance(route, Admin | Api)
        and (isinstance(route, Open) or "GET" in route.methods)
    }
    missing = sorted(shown - LOOKED_AT - NOT_A_PAGE.keys())
    assert missing == [], "give these a place in PAGES, OUTSIDE or NOT_A_PAGE of demo.py"
    assert sorted(LOOKED_AT - shown) == [], "these are looked at and not there"
    assert sorted(NOT_A_PAGE.keys() - shown) == [], "these are listed and not there"


def test_a_page_is_not_both() -> None:
    assert sorted(LOOKED_AT & NOT_A_PAGE.keys()) == []
    assert all(NOT_A_PAGE.values())
