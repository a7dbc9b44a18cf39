"""Encrypt the secrets of second factors in the database.

The keys are derived from `SECRET_KEY` and `SECRET_KEY_FALLBACKS`. The first encrypts, all of them
decrypt, so that the key can be replaced without losing second factors.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.errors import SecretUnreadable

_PURPOSE = b"likewise second factors"


def encrypt(text: str) -> str:
    """Encrypt with the current key."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str, *, seconds: int | None = None) -> str:
    """Decrypt with any of the keys. Raises `SecretUnreadable`, also after `seconds`."""
    try:
        return _cipher().decrypt(token.encode(), ttl=seconds).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def _cipher() -> MultiFernet:
    return _made_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _made_of(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    # HKDF with a purpose: the same SECRET_KEY signs sessions and links, with other keys.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return urlsafe_b64encode(derived.derive(secret.encode()))
