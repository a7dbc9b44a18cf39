"""The left bar: where a person can go, and what is under way."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

_ITEMS = (
    ("home", "Home", "home"),
    ("images", "Images", "photo"),
    ("types", "Types", "category"),
    ("groups", "Groups", "folders"),
    ("tasks", "Tasks", "target"),
    ("search", "Search", "search"),
    ("extractions", "Descriptors", "database"),
    ("jobs", "Jobs", "list-check"),
    ("activity", "Activity", "history"),
    ("settings", "Settings", "settings"),
    ("connect", "Connect", "plug-connected"),
)


@dataclass(frozen=True)
class Item:
    """A place in the left bar."""

    url: str
    label: str
    icon: str
    is_current: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every page its left bar; the place that the address lies below is current."""
    return {
        "navigation": [
            Item(reverse(name), label, icon, is_current=_is_current(request.path, reverse(name)))
            for name, label, icon in _ITEMS
        ]
    }


def _is_current(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
