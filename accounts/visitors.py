"""Where the current request comes from, for what is written down of it far from the request."""

import contextvars
from dataclasses import dataclass
from ipaddress import ip_address

from django.http import HttpRequest

AGENT_LENGTH = 200


@dataclass(frozen=True)
class Visitor:
    """An address and what the browser calls itself."""

    ip: str | None = None
    agent: str = ""


# None outside of a request: a command, a worker.
current_visitor: contextvars.ContextVar[Visitor | None] = contextvars.ContextVar(
    "visitor", default=None
)


def visitor_of(request: HttpRequest) -> Visitor:
    """Return who asks, as `proxies.py` found it; an address that is none is None."""
    try:
        ip = str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        ip = None
    said = request.headers.get("User-Agent", "")
    return Visitor(ip, "".join(filter(str.isprintable, said))[:AGENT_LENGTH])
