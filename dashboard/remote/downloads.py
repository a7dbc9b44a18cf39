"""Download the files behind links."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from urllib3.exceptions import HTTPError

from dashboard.network.connections import PrivateNetwork
from dashboard.remote import errors
from dashboard.remote.address import check_link, next_hop
from dashboard.remote.answers import Answer
from dashboard.remote.bodies import TooSlow, chunks
from dashboard.remote.calls import Calls
from dashboard.remote.transport import Lost, Outcome, forbidden, lost

_NAME: Final = "Download a file"
_REDIRECTS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloaded:
    """A downloaded file: its size in bytes, and its hash in hexadecimal digits."""

    size: int
    sha256: str


class DownloadCalls(Calls):
    """Downloads of images and thumbnails by their links."""

    def download(self, link: str, target: Path, *, most_bytes: int | None = None) -> Downloaded:
        """Stream the file behind a link to `target`, which exists only once it is complete.

        The token is not sent: links do not need it. Redirects are followed, and each host is
        checked. An interrupted download starts again from the beginning. Raises `NotFound` for a
        deleted image, `Forbidden` for an expired link, `TooLarge`, `ForbiddenAddress`,
        `Unavailable`, and OSError if the file cannot be written.
        """
        check_link(link)
        most = self._transport.limits.download_bytes if most_bytes is None else most_bytes
        with _aside(target) as part:
            found: list[Downloaded] = []
            self._transport.until_answered(
                lambda: self._attempt_download(link, part, most, found), name=_NAME
            )
            if not found:
                raise errors.BadAnswer("The link answers without a file.", call=_NAME)
            part.replace(target)
            return found[-1]

    def _attempt_download(
        self, link: str, part: Path, most: int, found: list[Downloaded]
    ) -> Outcome:
        try:
            for _ in range(_REDIRECTS + 1):
                outcome, link = self._opened(link, part, most, found)
                if not link:
                    return outcome
        except (requests.RequestException, HTTPError, TooSlow, ValueError) as failure:
            return lost(_NAME, failure)
        except PrivateNetwork as failure:
            return Lost(forbidden(_NAME, failure), sent=False, passing=False)
        except errors.RemoteError as error:
            return Lost(error, passing=False)
        return Lost(errors.BadAnswer("The link redirects too often."), passing=False)

    def _opened(
        self, url: str, part: Path, most: int, found: list[Downloaded]
    ) -> tuple[Answer, str]:
        """Write the body to `part`; return the answer without it, and the target of a redirect."""
        limits, session = self._transport.limits, self._transport.session
        with session.get(
            url,
            headers={"Accept-Encoding": "identity"},
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect_seconds, limits.read_seconds),
        ) as response:
            target = session.get_redirect_target(response)
            if response.status_code == 200:
                body = chunks(
                    response, call=_NAME, most_bytes=most, seconds=limits.download_seconds
                )
                found.append(_written(body, part))
            answer = Answer(_NAME, response.status_code, dict(response.headers.lower_items()), b"")
            return answer, next_hop(url, target) if target else ""


def _written(body: Iterator[bytes], part: Path) -> Downloaded:
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        for chunk in body:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Downloaded(size=size, sha256=digest.hexdigest())


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Yield the name of a temporary file beside the target; delete the file at the end."""
    part = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
