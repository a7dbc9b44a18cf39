"""Counts, plurals, shares and states have one helper each."""

import re
from pathlib import Path

import pytest
from django.template import Context, Template

from accounts.words import counted, either, percent
from tests import words

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("asked", "said"), words.COUNTED)
def test_counted(asked: tuple[int, str], said: str) -> None:
    assert counted(*asked) == said
    count, *forms = asked
    page = Template("{% load words %}{{ count|counted:forms }}")
    assert page.render(Context({"count": count, "forms": ",".join(map(str, forms))})) == said


@pytest.mark.parametrize(("asked", "said"), words.PERCENT)
def test_percent(asked: tuple[float, float], said: int) -> None:
    assert percent(*asked) == said


def test_either() -> None:
    assert [either(count, "it", "them") for count in (0, 1, 2)] == ["them", "it", "them"]
    page = Template('{% load words %}{{ count|either:"s," }}')
    assert [page.render(Context({"count": count})) for count in (1, 2)] == ["s", ""]


def test_nobody_says_it_in_another_way() -> None:
    """Find plurals made by hand: Django's filter, and conditions on a count of one."""
    by_hand = re.compile(r"""\|pluralize|["'] if [\w.()]+ == 1 else|=== 1 \? ["`]""")
    files = [
        path
        for room, kind in (("accounts", "*.py"), ("dashboard", "*.py"), ("templates", "*.html"))
        for path in (ROOT / room).rglob(kind)
    ] + [*(ROOT / "static" / "js").glob("*.js")]
    found = [str(path.relative_to(ROOT)) for path in files if by_hand.search(path.read_text())]
    assert found == [], "say it with accounts.words, or static/js/words.js"
