"""Check and build the URLs of a server and of the links in its answers."""

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from dashboard.remote.errors import BadAnswer


@dataclass(frozen=True)
class Address:
    """The base URL of the API, without a trailing slash."""

    url: str

    @classmethod
    def of(cls, text: str) -> "Address":
        """Return the base URL from what a person entered. Raises ValueError."""
        _check(text)
        return cls(text.rstrip("/"))

    def of_path(self, path: str) -> str:
        """Return the URL of a call's path."""
        return f"{self.url}/{path}"

    def is_home_of(self, url: str) -> bool:
        """Return whether a URL has the same scheme, host and port: there the token may be sent."""
        return _origin(url) == _origin(self.url)


def segment(text: str) -> str:
    """Return an id as one segment of a path, quoted, whatever characters it has."""
    return quote(text, safe="")


def next_hop(url: str, target: str) -> str:
    """Return the absolute target of a redirect. Raises `BadAnswer`."""
    try:
        leads = urljoin(url, target)
        _check(leads)
    except ValueError:
        raise BadAnswer("The server redirects to something that is not a URL.") from None
    return leads


def check_link(url: str) -> str:
    """Return a link from an answer after checking it. Raises `BadAnswer`."""
    try:
        _check(url)
    except ValueError:
        raise BadAnswer("The server names a link that is not a URL.") from None
    return url


def _check(url: str) -> None:
    try:
        parsed = parse_url(url)
    except LocationParseError:
        parsed = parse_url("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("This is not a valid URL. Write it in full, with https://.")
    if parsed.auth is not None:
        raise ValueError("A URL with a user name or password is not opened.")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
