"""Limit the requests of each API token."""

import math
import re
import time
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiToken

if TYPE_CHECKING:  # rest_framework.views reads its settings, which name this file
    from rest_framework.views import APIView

_RATE = re.compile(r"([1-9]\d*)/([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class TokenThrottle(BaseThrottle):
    """Counts the requests of each API token in windows, as configured by `LIKEWISE_THROTTLE`.

    A window begins with a token's first request. It needs two small cache entries, however high the
    rate; REST framework's own throttle stores the time of every request.
    """

    _left = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """Count this request and return whether it is allowed."""
        rate = _RATE.fullmatch(settings.LIKEWISE_THROTTLE)
        if rate is None or request.auth is None:
            return True
        limit, length = int(rate[1]), _SECONDS[rate[2]]
        # With the rate in the key: a changed setting begins new windows instead of misreading old
        # ones.
        key = f"throttle-{cast('ApiToken', request.auth).pk}-{settings.LIKEWISE_THROTTLE}"
        began = _window(key, length)
        self._left = began + length - time.time()
        # Counted in the window's own entry, which nobody has to reset.
        return _count(f"{key}-{began}", length) <= limit

    def wait(self) -> float:
        """Return the whole seconds until the next window, 1 at least, for `Retry-After`."""
        return float(max(1, math.ceil(self._left)))


def _window(key: str, length: int) -> float:
    """Return when the current window began."""
    now = time.time()
    began = cache.get(key)
    if isinstance(began, float) and now - length < began <= now:
        return began
    # Two processes may begin a window at once; the later one wins, and a few requests are not
    # counted.
    cache.set(key, now, length)
    return now


def _count(key: str, length: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # the first of its window
        cache.add(key, 0, length + 1)
        return cache.incr(key)
