"""Sizes are said in one way."""

import pytest
from django.conf import settings
from django.template import Context, Template

from dashboard.files.sizes import readable_size
from tests import words


@pytest.mark.parametrize(("asked", "said"), words.SIZES)
def test_it_works(asked: tuple[int], said: str) -> None:
    assert readable_size(*asked) == said
    page = Template("{% load sizes %}{{ count|size }}")
    assert page.render(Context({"count": asked[0]})) == said


def test_no_template_says_it_in_another_way() -> None:
    pages = (settings.BASE_DIR / "templates").rglob("*.html")
    assert [page.name for page in pages if "filesizeformat" in page.read_text()] == []
