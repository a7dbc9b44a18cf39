"""Sending a message to a URL that a user named: guarded, bounded in time, nothing followed."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util.retry import Retry

from dashboard.files.errors import AddressFailed, AddressTooSlow, FileRefused, ForbiddenAddress
from dashboard.files.fetch.guard import Guard, open_session
from dashboard.files.limits import FetchLimits

# What of an answer is read, so that the other side can end in peace; nobody looks at it.
_READ: Final = 64 * 1024


@dataclass(frozen=True)
class Answered:
    """The status of an answer, and the seconds after which it asks to be tried again."""

    status: int
    retry_after: float | None = None


def post(url: str, body: bytes, headers: Mapping[str, str], limits: FetchLimits) -> Answered:
    """Send the body and return what was answered; a redirect is an answer.

    `limits.seconds` are for everything: names, connection, TLS, answer. Raises ForbiddenAddress,
    AddressTooSlow, AddressFailed; their reasons have nothing of the answer.
    """
    with Guard(url, limits) as guard, open_session() as session:
        try:
            return _posted(session, guard, body, headers)
        except (requests.RequestException, HTTPError, OSError, ValueError, FileRefused) as error:
            # `from None`: the library's words may hold the URL, which may hold a secret.
            raise _failure(error, guard) from None


def private_network(url: str) -> str:
    """Say why a message is not sent to the host of a URL."""
    return (
        f"{urlsplit(url).hostname} is in a private network, which this server does not open. Use "
        "a public URL, or ask your administrator to allow the network."
    )


def _posted(
    session: requests.Session, guard: Guard, body: bytes, headers: Mapping[str, str]
) -> Answered:
    with session.post(
        guard.url,
        data=body,
        headers={"Accept": "*/*", **headers},
        stream=True,
        allow_redirects=False,
        timeout=guard.seconds_left(),
    ) as response:
        answered = Answered(response.status_code, _retry_after(response))
        # The status has come: whatever becomes of the rest, that is the answer.
        with contextlib.suppress(requests.RequestException, HTTPError, OSError, ValueError):
            response.raw.read(_READ, decode_content=False)
        return answered


def _failure(error: Exception, guard: Guard) -> FileRefused:
    if isinstance(error, ForbiddenAddress):
        return ForbiddenAddress(private_network(guard.url), url=guard.url)
    try:
        guard.raise_if_late()
    except AddressTooSlow as late:
        return AddressFailed(
            f"The receiver did not answer within {late.seconds:g} seconds.", url=guard.url
        )
    if isinstance(error, requests.exceptions.SSLError):
        reason = "The receiver's certificate is not valid, so nothing was sent."
    elif isinstance(error, requests.ConnectionError | OSError):
        reason = "The receiver cannot be reached, or closed the connection without an answer."
    else:
        reason = "The receiver did not answer as a web server does."
    return AddressFailed(reason, url=guard.url)


def _retry_after(response: requests.Response) -> float | None:
    asked = response.headers.get("Retry-After")
    if asked is None:
        return None
    try:
        return Retry().parse_retry_after(asked)
    except (InvalidHeader, ValueError, OverflowError):
        return None
