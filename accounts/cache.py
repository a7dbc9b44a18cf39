"""A cache in Redis that does without Redis for a while: a limit less exact beats no answer."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger("likewise.cache")

AWAY = 5.0  # seconds until Redis is asked again; each try may take as long as its time-out


class ForgivingRedisCache(RedisCache):
    """Keep everything in Redis or, while that is away, in the memory of this process.

    What is kept here are counters and short-lived answers. Without Redis each process counts for
    itself, so that limits are wider by their number and still there.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._spare = LocMemCache("without-redis", {})

    def _try(self, name: str, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
        # After a failure Redis is left alone for a while: each try may take the whole time-out, and
        # every request makes several.
        if time.monotonic() >= _Away.until:
            try:
                return ask(*args, **options)
            except RedisError as error:
                _Away.until = time.monotonic() + AWAY
                logger.warning("event=redis-away error=%s", error)
        return getattr(self._spare, name)(*args, **options)


class _Away:
    """Since when Redis is left alone: one thing for all threads, each of which has its cache."""

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
    """Keep values as JSON: what Django would write by itself is code to whoever reads it."""

    def dumps(self, value: Any) -> bytes:
        """Write a value; a whole number as Redis counts."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """Read a value."""
        return json.loads(data)
