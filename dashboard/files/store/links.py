"""Signed links: who has one may fetch the file behind it, for a while, with no more than the link.

A link changes once an hour and stays valid for one to two hours, so that browsers can cache it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer

_HOUR: Final = 3600
_SALT: Final = "dashboard.files.store.links"


def sign(path_key: str, now: float) -> str:
    """Return the query string that opens `path_key`; `now` is in seconds since 1970.

    Two calls within the same hour give the same string.
    """
    # Up to the next full hour, and one more: never less than an hour is left.
    expires = (int(now) // _HOUR + 2) * _HOUR
    # Both parts are letters, digits, - and _: nothing to escape.
    return f"expires={expires}&signature={_signature(f'{expires}:{path_key}')}"


def verify(path_key: str, query: Mapping[str, str], now: float) -> bool:
    """Tell whether the query opens `path_key` at this moment. Compares in constant time."""
    expires, signature = query.get("expires", ""), query.get("signature", "")
    try:
        _signer().unsign(f"{expires}:{path_key}:{signature}")
    except BadSignature:
        return False
    # Only a number of our own can carry our signature.
    return now < int(expires)


def seconds_left(query: Mapping[str, str], now: float) -> int:
    """Return how long a verified link stays valid: what a cache may keep it for."""
    return max(0, int(query["expires"]) - int(now))


def _signature(text: str) -> str:
    """Return what `Signer.signature` returns, at a tenth of its cost: a page signs a hundred."""
    digest = hmac.digest(_key(settings.SECRET_KEY), text.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=2)
def _key(secret: str) -> bytes:
    """Derive the key as `django.utils.crypto.salted_hmac` does for a `Signer` of our salt."""
    return hashlib.sha256(f"{_SALT}signer{secret}".encode()).digest()


def _signer() -> Signer:
    return Signer(salt=_SALT)
