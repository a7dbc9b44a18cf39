"""What a proxy says of a request counts if it is one of ours, and nothing of it otherwise."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Handler = Callable[[HttpRequest], HttpResponse]

# Where an untrusted peer says of itself over what it came: not to be believed, but a hint that a
# proxy is missing in the settings. No header can be called so.
CLAIMED = "likewise.claimed_scheme"
FOR, HOST, PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"
# Nothing below reads these, so a library that would believe them finds none.
OTHERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_SERVER", "HTTP_X_REAL_IP")


def forwarded(get_response: Handler) -> Handler:
    """Put a request's true address, host and scheme where Django reads them.

    Stands before all other middleware. Whoever asks from outside `LIKEWISE_TRUSTED_PROXIES` is
    taken for what the connection says, whatever the headers are.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        # Removed in any case: code that reads META would believe what is left there.
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
    """Follow the chain from our end while it is our own proxies that speak.

    Returns who asked the outermost of them, and how many they are. What stands further left came
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
    """Return what our outermost proxy wrote; each that stands behind it may have added its own."""
    return values[-min(proxies, len(values))] if values else ""


def _listed(header: str) -> list[str]:
    return [part.strip() for part in header.split(",") if part.strip()]


def _parsed(text: str) -> Address | None:
    """Read an address, also one with a port; an IPv4 address in IPv6 clothes is itself."""
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
