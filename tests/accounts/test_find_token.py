"""Find the token that a key belongs to, and remember that it was used."""

import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, User
from accounts.queries import PREFIX_LENGTH, find_token
from accounts.services import issue_token, touch_token
from tests.factories import Cast, make_key


def test_it_works(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = make_key(cast.bob)
    with django_assert_num_queries(1):
        token = find_token(key)
        assert token is not None
        assert (token.user.email, token.workspace_id) == ("bob@example.org", cast.workspace.pk)


def test_every_key_is_new(cast: Cast) -> None:
    keys = {make_key(cast.bob) for _ in range(20)}
    assert len(keys) == 20
    assert {key[:PREFIX_LENGTH] for key in keys} == set(
        ApiToken.objects.values_list("prefix", flat=True)
    )


@pytest.mark.parametrize("end", ["", "x", "ключ", "\x00"])
def test_the_beginning_alone_opens_nothing(cast: Cast, end: str) -> None:
    assert find_token(make_key(cast.bob)[:PREFIX_LENGTH] + end) is None


def test_one_letter_more_or_less_opens_nothing(cast: Cast) -> None:
    key = make_key(cast.bob)
    assert find_token(key[:-1]) is None
    assert find_token(key + "A") is None
    assert find_token(key.swapcase()) is None


@pytest.mark.parametrize("key", ["", "lw_", "lw_unknown_and_long", "ключ", "\x00", "x" * 100_000])
def test_an_unknown_key_opens_nothing(cast: Cast, key: str) -> None:
    make_key(cast.bob)
    assert find_token(key) is None


def test_digests_are_compared_in_constant_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, Any]] = []

    def compare(left: Any, right: Any) -> bool:
        seen.append((left, right))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    key = make_key(cast.bob)
    assert find_token(key) is None
    assert seen == [(ApiToken.objects.get().digest,) * 2]


def test_a_revoked_one_opens_nothing(cast: Cast) -> None:
    key = make_key(cast.bob)
    ApiToken.objects.update(revoked=timezone.now())
    assert find_token(key) is None


def test_an_expired_one_opens_nothing(cast: Cast) -> None:
    key = make_key(cast.bob, expires=timezone.now() + timedelta(days=1))
    assert find_token(key) is not None
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert find_token(key) is None


def test_a_switched_off_account_opens_nothing(cast: Cast) -> None:
    key = make_key(cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    assert find_token(key) is None


def test_a_deleted_workspace_takes_its_tokens_along(cast: Cast) -> None:
    key = make_key(cast.bob)
    cast.workspace.delete()
    assert find_token(key) is None


def used_at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment)
    touch_token(token=ApiToken.objects.get())


def test_its_use_is_remembered_at_most_once_in_five_minutes(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issue_token(name="shop", workspace=cast.workspace, actor=cast.alice)
    start = timezone.now()
    assert ApiToken.objects.get().last_used is None
    with django_assert_num_queries(2):  # reads, writes
        used_at(start, monkeypatch)
    for seconds in (1, 60, 299):
        with django_assert_num_queries(1):  # reads only
            used_at(start + timedelta(seconds=seconds), monkeypatch)
    assert ApiToken.objects.get().last_used == start
    used_at(start + timedelta(seconds=301), monkeypatch)
    assert ApiToken.objects.get().last_used == start + timedelta(seconds=301)
