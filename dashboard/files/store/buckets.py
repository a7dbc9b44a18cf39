"""Parse and check the URL of a bucket: `s3://key:secret@bucket/prefix?endpoint_url=…`.

The key and its secret may be part of it, or come from where the AWS tools look. No message repeats
them.
"""

import os
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

STYLES: Final = ("auto", "path", "virtual")
_PARAMETERS: Final = ("endpoint_url", "region", "addressing_style")
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_FOLDER: Final = re.compile(r"[A-Za-z0-9!_.*'()/-]*")
_EXAMPLE: Final = "s3://bucket/prefix?endpoint_url=https://storage.example.com"


class BadBucketAddress(ValueError):
    """The URL does not identify a bucket; the message says what is wrong with it."""


@dataclass(frozen=True)
class Bucket:
    """The location of a bucket and how to open it; missing keys come from the environment."""

    name: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    addressing_style: str = "auto"
    key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


def read_bucket(address: str) -> Bucket:
    """Parse the URL of a bucket. Raises `BadBucketAddress`."""
    try:
        parts = urlsplit(address)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise BadBucketAddress(f"it cannot be read; write it like {_EXAMPLE}") from error
    if parts.scheme != "s3":
        raise BadBucketAddress(f"it does not begin with s3://; write it like {_EXAMPLE}")
    given = _single(query)
    endpoint = _endpoint(given.get("endpoint_url"))
    key, secret = _keys(parts)
    return Bucket(
        name=_name(parts),
        prefix=_prefix(parts),
        endpoint_url=endpoint,
        region=given.get("region") or os.environ.get("AWS_REGION") or None,
        addressing_style=_style(given.get("addressing_style"), endpoint),
        key=key,
        secret=secret,
    )


def _single(query: dict[str, list[str]]) -> dict[str, str]:
    if unknown := sorted(set(query) - set(_PARAMETERS)):
        raise BadBucketAddress(
            f"it has {unknown[0]!r}, which is unknown; known are {', '.join(_PARAMETERS)}"
        )
    if several := sorted(name for name, values in query.items() if len(values) > 1):
        raise BadBucketAddress(f"it has {several[0]} more than once")
    return {name: values[0] for name, values in query.items()}


def _name(parts: SplitResult) -> str:
    name = parts.netloc.rpartition("@")[2]
    if not _BUCKET.fullmatch(name):
        raise BadBucketAddress(f"it names no bucket; write it like {_EXAMPLE}")
    return name


def _prefix(parts: SplitResult) -> str:
    """Return the folder in the bucket, without `/` at its ends."""
    prefix = parts.path.strip("/")
    if not _FOLDER.fullmatch(prefix) or not {"", ".", ".."}.isdisjoint(
        prefix.split("/") if prefix else []
    ):
        raise BadBucketAddress("its prefix is not a plain folder: use letters, digits, - and _")
    return prefix


def _endpoint(url: str | None) -> str | None:
    """Return the URL of a store that is not Amazon's; None leaves it to `AWS_ENDPOINT_URL`."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise BadBucketAddress("its endpoint_url is not a URL like https://storage.example.com")
    return url


def _style(style: str | None, endpoint: str | None) -> str:
    """Return how requests name the bucket; self-hosted stores seldom have a host name for each."""
    if style is None:
        # With its name in the host, each bucket needs a name in DNS and a certificate.
        return "path" if endpoint else "auto"
    if style not in STYLES:
        raise BadBucketAddress(f"its addressing_style is not one of {', '.join(STYLES)}")
    return style


def _keys(parts: SplitResult) -> tuple[str | None, str | None]:
    given = parts.netloc.rpartition("@")[0]
    if not given:
        return None, None
    key, _, secret = given.partition(":")
    if not key or not secret:
        raise BadBucketAddress("it has a key without a secret; write both, as in s3://key:secret@…")
    return unquote(key), unquote(secret)
