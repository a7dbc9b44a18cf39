"""Provide the left bar of every page."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

_ITEMS = (
    ("home", "Home", "home"),
    ("images", "Images", "photo"),
    ("types", "Types", "category"),
    ("groups", "Groups", "folders"),
    ("tasks", "Tasks", "target"),
    ("collections", "Collections", "stack-2"),
    ("search", "Search", "search"),
    ("extractions", "Embeddings", "database"),
    ("jobs", "Jobs", "list-check"),
    ("activity", "Activity", "history"),
    ("settings", "Settings", "settings"),
    ("connect", "Connect", "plug-connected"),
    ("manual", "Docs", "book"),
)


@dataclass(frozen=True)
class Item:
    """An entry of the left bar."""

    url: str
    label: str
    icon: str
    is_current: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Provide pages with the left bar, computed when a template uses it: fragments have none."""
    return {"navigation": partial(_items, request.path)}


def _items(path: str) -> list[Item]:
    """Return the entries; the one whose page contains the path is current."""
    return [
        Item(url, label, icon, is_current=_is_current(path, url))
        for name, label, icon in _ITEMS
        for url in [reverse(name)]
    ]


def _is_current(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
