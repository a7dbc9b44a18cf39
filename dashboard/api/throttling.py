"""How often a token may ask."""

import re
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:  # rest_framework.views reads its settings, which name this file
    from rest_framework.views import APIView

_RATE = re.compile(r"(\d+)/([smhd])\w*")


class TokenThrottle(SimpleRateThrottle):
    """Count the requests of each token in a sliding window, as `LIKEWISE_THROTTLE` says."""

    scope = "token"

    def get_rate(self) -> str | None:
        """Return the setting; None switches the throttle off."""
        rate: str = settings.LIKEWISE_THROTTLE
        return rate if _RATE.fullmatch(rate) else None

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:  # noqa: ARG002
        """Name the bucket: the token's own; requests without one are refused anyway."""
        return f"throttle-{request.auth.pk}" if request.auth is not None else None
