"""Without Redis there are still answers, and still limits."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisAway

from accounts import cache as module
from accounts.cache import ForgivingRedisCache, JsonSerializer
from tests.api.calls import TASK
from tests.conftest import REDIS_URL
from tests.factories import Cast, api_client

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _as_in_the_settings(settings: Settings) -> Iterator[None]:
    module._Away.until = 0.0
    use(settings, NOWHERE)
    yield
    module._Away.until = 0.0


def use(settings: Settings, url: str) -> None:
    options = {"serializer": "accounts.cache.JsonSerializer", "socket_connect_timeout": 2}
    backend = "accounts.cache.ForgivingRedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": url, "OPTIONS": options}}


def test_it_works() -> None:
    assert cache.get("a", 5) == 5
    cache.set("a", 1.5)
    assert (cache.get("a"), cache.has_key("a"), "a" in cache) == (1.5, True, True)
    assert (cache.add("a", 2), cache.add("b", 2)) == (False, True)
    assert cache.incr("b") == 3
    assert cache.get_many(["a", "b"]) == {"a": 1.5, "b": 3}
    assert cache.touch("a")
    assert cache.delete("a")
    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")
    assert cache.set_many({"c": 1}) == []
    cache.delete_many(["c"])
    cache.clear()
    assert cache.get("b") is None


def test_a_call_is_answered_and_counted(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_THROTTLE = "2/h"
    client = api_client(cast.bob)
    answers = [client.get(TASK) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 3000


def test_one_can_sign_in_and_guessing_is_slowed_down(cast: Cast, client: Client) -> None:
    wrong = {"login": cast.alice.email, "password": "wrong"}
    for _ in range(5):
        assert client.post("/accounts/login/", wrong).status_code == 200
    answer = client.post("/accounts/login/", wrong)
    assert "Too many failed" in str(answer.context["form"].errors)


def test_redis_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def ask(self: Any, key: str, *_: Any, **__: Any) -> None:
        asked.append(key)
        raise RedisAway

    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get", ask)
    for _ in range(3):
        cache.get("a")
    assert len(asked) == 1
    now[0] += module.AWAY
    cache.get("a")
    assert len(asked) == 2
    assert [record.message.split()[0] for record in caplog.records] == ["event=redis-away"] * 2


@pytest.mark.redis
@pytest.mark.skipif(not REDIS_URL, reason="needs Redis: set REDIS_URL")
def test_with_redis_it_is_redis(settings: Settings) -> None:
    use(settings, REDIS_URL)
    try:
        cache.set("a", [1.25, "ä"])
        assert cache.add("b", 0)
        assert (cache.incr("b"), cache.get("b"), cache.get("a")) == (1, 1, [1.25, "ä"])
        assert isinstance(cache._connections["default"], ForgivingRedisCache)  # type: ignore[attr-defined]
        assert module._Away.until == 0.0
        with pytest.raises(ValueError, match="not found"):
            cache.incr("c")
    finally:
        cache.delete_many(["a", "b"])


@pytest.mark.parametrize("value", [0, -5, 1.5, 1732309200.123457, "ä", [1, 2.5], None, True, {}])
def test_what_is_kept_comes_back(value: Any) -> None:
    assert JsonSerializer().loads(JsonSerializer().dumps(value)) == value
