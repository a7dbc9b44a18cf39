"""Provide where the current request comes from to code that has no request."""

import contextvars
from dataclasses import dataclass
from ipaddress import ip_address

from django.http import HttpRequest

AGENT_LENGTH = 200


@dataclass(frozen=True)
class Visitor:
    """An IP address and the browser's user agent."""

    ip: str | None = None
    agent: str = ""


# None outside of a request: in a command or a worker.
current_visitor: contextvars.ContextVar[Visitor | None] = contextvars.ContextVar(
    "visitor", default=None
)


def visitor_of(request: HttpRequest) -> Visitor:
    """Return the visitor, as `proxies.py` found it; an invalid IP address becomes None."""
    try:
        ip = str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        ip = None
    said = request.headers.get("User-Agent", "")
    return Visitor(ip, "".join(filter(str.isprintable, said))[:AGENT_LENGTH])
