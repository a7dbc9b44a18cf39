"""Define a Redis cache that works without Redis for a while, with less exact limits."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger("likewise.cache")

AWAY = 5.0  # seconds until Redis is tried again; each attempt may take as long as its timeout


class ForgivingRedisCache(RedisCache):
    """Cache in Redis or, while it is unavailable, in the memory of this process.

    The cache has counters and short-lived values. Without Redis each process counts on its own, so
    that limits are multiplied by the number of processes, but still apply.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._spare = LocMemCache("without-redis", {})

    def _try(self, name: str, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
        # After a failure Redis is not used for a while: each attempt may take the whole timeout,
        # and every request makes several.
        if time.monotonic() >= _Away.until:
            try:
                return ask(*args, **options)
            except RedisError as error:
                _Away.until = time.monotonic() + AWAY
                logger.warning("event=redis-away error=%s", error)
        return getattr(self._spare, name)(*args, **options)


class _Away:
    """Until when Redis is not used, shared by all threads, each of which has its own cache."""

    until = 0.0


def _forgiving(name: str) -> Callable[..., Any]:
    asked = getattr(RedisCache, name)

    def method(self: ForgivingRedisCache, *args: Any, **options: Any) -> Any:
        return self._try(name, asked.__get__(self), *args, **options)

    return method


_READS = ("get", "get_many", "has_key")
_WRITES = ("add", "set", "touch", "incr", "delete", "set_many", "delete_many", "clear")
for _name in (*_READS, *_WRITES):
    setattr(ForgivingRedisCache, _name, _forgiving(_name))


class JsonSerializer:
    """Serialise values as JSON: Django's default, pickle, can run code when it is read."""

    def dumps(self, value: Any) -> bytes:
        """Serialise a value; whole numbers are written so that Redis can increment them."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """Deserialise a value."""
        return json.loads(data)
