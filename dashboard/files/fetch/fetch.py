"""Fetch an image from a URL that a user named: guarded, with limits of bytes and time."""

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final
from urllib.parse import unquote, urlsplit

import requests
from requests.compat import urljoin
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from dashboard.files.errors import AddressFailed, FileRefused, ForbiddenAddress, ImageTooLarge
from dashboard.files.fetch.guard import Guard, open_session, private_network
from dashboard.files.limits import FetchLimits, configured_fetch_limits
from dashboard.network.addresses import is_allowed

_CHUNK: Final = 64 * 1024
# As many files of 20 MB may be in memory at once.
_SIDE_BY_SIDE: Final = 16

_Content = bytes | FileRefused
_Waiting = Future[_Content] | _Content


def fetch_image(url: str, limits: FetchLimits | None = None) -> bytes:
    """Return the response of a URL; only decoding shows whether it is an image.

    Raises ForbiddenAddress, AddressFailed, AddressTooSlow and ImageTooLarge.
    """
    limits = limits or configured_fetch_limits()
    with Guard(url, limits) as guard, open_session() as session:
        try:
            data = _follow(session, guard)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            guard.raise_if_late()
            raise AddressFailed(
                "The URL did not answer correctly. Check it, then try again.", url=url
            ) from error
        # A connection that was cut off can look like one that ended.
        guard.raise_if_late()
        return data


def _may_pass(failure: BaseException) -> bool:
    return isinstance(failure, AddressFailed) and failure.may_pass


@retry(
    retry=retry_if_exception(_may_pass),
    # Half a second, then two seconds between the attempts; a thread of the pool waits meanwhile.
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.5, exp_base=4),
    reraise=True,
)
def fetch_patiently(url: str, limits: FetchLimits | None = None) -> bytes:
    """Fetch as `fetch_image` does, and retry twice if the failure may be temporary."""
    return fetch_image(url, limits)


def refusal_of_address(url: str, limits: FetchLimits | None = None) -> str | None:
    """Return why a URL would never be opened, as a sentence, or None.

    The network is not used: a host name may still resolve to a private IP address.
    """
    limits = limits or configured_fetch_limits()
    try:
        _check_spelling(url)
        host = parse_url(url).host or ""
        with contextlib.suppress(ValueError):  # a name, not an IP address
            if not is_allowed(host.strip("[]"), limits.allowed_networks):
                return private_network(host)
    except ForbiddenAddress as refusal:
        return refusal.reason
    except (HTTPError, ValueError):
        return "This is not a valid URL. Write it in full, with https://."
    return None


def last_segment(url: str) -> str:
    """Return a file name for a URL; an empty string for an invalid URL."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path).rsplit("/", 1)[-1].replace("\x00", "")


def fetch_many(
    sources: Iterable[str | _Content],
    limits: FetchLimits | None = None,
    *,
    fetch: Callable[[str, FetchLimits | None], bytes] = fetch_image,
) -> Generator[_Content]:
    """Fetch in parallel; yield for each URL, in order, its bytes or why it has none.

    Other sources are passed through unchanged.
    """
    limits = limits or configured_fetch_limits()
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="fetch") as pool:
        waiting: deque[_Waiting] = deque()
        for source in sources:
            # Read ahead only as far as results are consumed, so that memory stays bounded.
            if len(waiting) == _SIDE_BY_SIDE:
                yield _taken(waiting.popleft())
            if isinstance(source, str):
                waiting.append(pool.submit(_fetch_or_refusal, fetch, source, limits))
            else:
                waiting.append(source)
            while waiting and not isinstance(waiting[0], Future):
                yield _taken(waiting.popleft())
        while waiting:
            yield _taken(waiting.popleft())


def _taken(waiting: _Waiting) -> _Content:
    return waiting.result() if isinstance(waiting, Future) else waiting


def _fetch_or_refusal(
    fetch: Callable[[str, FetchLimits | None], bytes], url: str, limits: FetchLimits
) -> _Content:
    try:
        return fetch(url, limits)
    except FileRefused as refusal:
        return refusal


def _follow(session: requests.Session, guard: Guard) -> bytes:
    url = guard.url
    for _ in range(guard.limits.redirects + 1):
        _check_spelling(url)
        with session.get(
            # Redirects are followed here, so that each target is checked like the first URL.
            url,
            stream=True,
            allow_redirects=False,
            timeout=guard.seconds_left(),
        ) as response:
            target = session.get_redirect_target(response)
            if target is None:
                return _body(response, guard)
            url = urljoin(url, target)
    raise AddressFailed("The URL redirects too often. Use the final one instead.", url=guard.url)


def _check_spelling(url: str) -> None:
    """Refuse an invalid URL before connecting. Raises ForbiddenAddress and ValueError."""
    address = parse_url(url)
    if address.scheme not in ("http", "https"):
        raise ForbiddenAddress("Only URLs with http:// or https:// are opened.", url=url)
    # Refused: `https://example.com@10.0.0.1/` looks like one host and is another.
    if address.auth is not None:
        raise ForbiddenAddress("URLs with a user name or password are not opened.", url=url)
    if not address.host:
        raise ValueError("no host")


def _body(response: requests.Response, guard: Guard) -> bytes:
    if response.status_code != 200:
        status = response.status_code
        raise AddressFailed(
            f"The URL answered with status {status} instead of a file. Check it.",
            url=guard.url,
            status=status,
        )
    limit = guard.limits.size
    claimed = response.headers.get("Content-Length", "")
    # The header may be wrong; it only avoids reading a file that admits to be too large.
    if claimed.isdecimal() and int(claimed) > limit:
        raise ImageTooLarge(limit, int(claimed))
    parts: list[bytes] = []
    read = 0
    for chunk in response.iter_content(_CHUNK):
        read += len(chunk)
        if read > limit:
            raise ImageTooLarge(limit)
        parts.append(chunk)
    return b"".join(parts)
