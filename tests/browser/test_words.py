"""The browser's words for counts, shares and sizes are the server's."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests import prepared, words
from tests.browser.people import Home

TABLES = (("counted", words.COUNTED), ("percent", words.PERCENT), ("size", words.SIZES))
pytestmark = [pytest.mark.browser, pytest.mark.live]


def test_they_are_the_same(page: Page, program: Home) -> None:
    page.goto(f"{program.url}accounts/login/")
    [module] = prepared.static_files().glob("js/words.*.js")  # its name holds its hash
    for name, table in TABLES:
        cases: list[Any] = [list(asked) for asked, _ in table]
        said = page.evaluate(
            """async ([name, cases, module]) => {
                const words = await import(`/static/js/${module}`);
                return cases.map(asked => words[name](...asked));
            }""",
            [name, cases, module.name],
        )
        assert said == [expected for _, expected in table]
