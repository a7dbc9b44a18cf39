from urllib.parse import parse_qsl

import pytest

from dashboard.files.store import links

HOUR = 3600
NOW = 500_000 * HOUR + 1234.5
KEY = "11111111/images/ab/ab34.jpg"


def query(now=NOW, key=KEY):
    return dict(parse_qsl(links.sign(key, now)))


def test_it_works():
    assert links.verify(KEY, query(), NOW)
    assert not links.verify(KEY, {}, NOW)


@pytest.mark.parametrize("second", [0, 1, 1800, 3599])
def test_a_link_lasts_one_to_two_hours(second):
    made = 500_000 * HOUR + second
    assert links.verify(KEY, query(made), made + HOUR)
    assert not links.verify(KEY, query(made), made + 2 * HOUR)
    assert HOUR < links.seconds_left(query(made), made) <= 2 * HOUR


def test_a_link_stays_the_same_within_an_hour():
    start = 500_000 * HOUR
    assert links.sign(KEY, start) == links.sign(KEY, start + 3599.9)
    assert links.sign(KEY, start) != links.sign(KEY, start + 3600)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expires", str(500_010 * HOUR)),
        ("expires", ""),
        ("expires", "soon"),
        ("signature", ""),
        ("signature", "x" * 43),
        ("signature", "ünicode"),
    ],
)
def test_an_altered_link_is_refused(field, value):
    assert not links.verify(KEY, query() | {field: value}, NOW)


def test_a_part_of_a_link_is_refused():
    assert not links.verify(KEY, {"signature": query()["signature"]}, NOW)
    assert not links.verify(KEY, {"expires": query()["expires"]}, NOW)


def test_a_link_opens_one_thing():
    assert not links.verify(KEY + "x", query(), NOW)
    assert not links.verify(KEY, query(key="other"), NOW)


def test_a_link_is_signed_with_the_secret(settings):
    made = query()
    settings.SECRET_KEY = "another"
    assert not links.verify(KEY, made, NOW)


def test_a_changed_secret_can_leave_links_valid(settings):
    made = query()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert links.verify(KEY, made, NOW)
