"""Use the forwarding headers of trusted proxies, and remove all others."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Handler = Callable[[HttpRequest], HttpResponse]

# The scheme that an untrusted peer claims: not used, but a hint that a proxy is missing in the
# settings. No header can have this name.
CLAIMED = "likewise.claimed_scheme"
FOR, HOST, PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"
# No code reads these, so a library that would trust them finds none.
OTHERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_SERVER", "HTTP_X_REAL_IP")


def forwarded(get_response: Handler) -> Handler:
    """Set a request's true IP address, host and scheme where Django reads them.

    Runs before all other middleware. A request from outside `LIKEWISE_TRUSTED_PROXIES` gets those
    of its connection, whatever its headers are.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        # Removed in any case: code that reads META would trust what is left there.
        said = {name: _listed(request.META.pop(name, "")) for name in (FOR, HOST, PROTO)}
        for name in OTHERS:
            request.META.pop(name, None)
        peer = _parsed(request.META.get("REMOTE_ADDR", ""))
        if peer is not None and _is_trusted(peer):
            _believe(request, peer, said)
        elif said[PROTO]:
            request.META[CLAIMED] = said[PROTO][-1].lower()
        return get_response(request)

    return middleware


def _believe(request: HttpRequest, peer: Address, said: dict[str, list[str]]) -> None:
    client, proxies = _client(peer, said[FOR])
    request.META["REMOTE_ADDR"] = str(client)
    if host := _of_outermost(said[HOST], proxies):
        request.META["HTTP_HOST"] = host
    if (scheme := _of_outermost(said[PROTO], proxies).lower()) in ("http", "https"):
        request.META["wsgi.url_scheme"] = scheme


def _client(peer: Address, chain: list[str]) -> tuple[Address, int]:
    """Follow the chain of IP addresses from its end while they are our own proxies.

    Returns the client of the outermost proxy, and the number of proxies. Entries further left came
    from outside and may be invented.
    """
    at, proxies = peer, 1
    for text in reversed(chain):
        said = _parsed(text)
        if said is None:
            break
        at = said
        if not _is_trusted(at):
            break
        proxies += 1
    return at, proxies


def _of_outermost(values: list[str], proxies: int) -> str:
    """Return the value of our outermost proxy; each proxy behind it may have added its own."""
    return values[-min(proxies, len(values))] if values else ""


def _listed(header: str) -> list[str]:
    return [part.strip() for part in header.split(",") if part.strip()]


def _parsed(text: str) -> Address | None:
    """Parse an IP address, with or without a port; an IPv4-mapped one becomes IPv4."""
    for spelling in (text, _without_port(text)):
        try:
            address = ip_address(spelling)
        except ValueError:
            continue
        return getattr(address, "ipv4_mapped", None) or address
    return None


def _without_port(text: str) -> str:
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""


def _is_trusted(address: Address) -> bool:
    networks = _networks(tuple(settings.LIKEWISE_TRUSTED_PROXIES))
    return any(address in network for network in networks)


@lru_cache(maxsize=4)
def _networks(texts: tuple[str, ...]) -> list[Network]:
    return [ip_network(text) for text in texts]
