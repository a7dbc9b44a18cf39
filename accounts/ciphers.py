"""What is kept encrypted in the database: second factors, API tokens of other servers, webhooks.

The keys come from `SECRET_KEY` and `SECRET_KEY_FALLBACKS`. The first encrypts, all of them decrypt,
so that `SECRET_KEY` can be replaced without losing anything.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.errors import SecretUnreadable

SECOND_FACTORS = "likewise second factors"


def encrypt(text: str, purpose: str = SECOND_FACTORS) -> str:
    """Encrypt with the current key. What is encrypted for one purpose opens for no other."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(token: str, purpose: str = SECOND_FACTORS, *, seconds: int | None = None) -> str:
    """Decrypt with any of the keys.

    Raises `SecretUnreadable`, also for what was encrypted more than so many seconds ago.
    """
    try:
        return _cipher(purpose).decrypt(token.encode(), ttl=seconds).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def _cipher(purpose: str) -> MultiFernet:
    return _made_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), purpose)


@lru_cache(maxsize=8)
def _made_of(secrets: tuple[str, ...], purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str, purpose: str) -> bytes:
    # HKDF with a purpose: the same SECRET_KEY signs sessions and links, by other keys.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return urlsafe_b64encode(derived.derive(secret.encode()))
