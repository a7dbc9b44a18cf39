"""Test that all functions, classes and methods are used."""

import fnmatch
import re
from collections import Counter
from pathlib import Path

from django.conf import settings
from vulture import Vulture

from dashboard.remote import Server

ROOMS = ("accounts", "dashboard")
KINDS = ("function", "class", "method", "property")
# What a framework calls by a name that it alone knows.
CALLED_BY_NAME = (
    "clean_*",
    "has_*_permission",
    "get_totp_issuer",
    "is_open_for_signup",
    "password_change",
    "create_superuser",
    "process_view",
    "authenticate_header",
    "allow_request",
    "get_available_name",
    "valid_value",
    "prepare_value",
    "value_from_datadict",
    "pre_save",
    "create_cursor",
    "readall",
    "find_class",
    "persistent_load",
    "ensure_connected",
    "on_connection_error_before_connected",
    "run_child_validation",
    "resolve_redirects",
    "get_operation_id",
    "get_summary",
    "get_description",
    "get_tags",
    "get_response_serializers",
    "get_examples",
    "get_security_definition",
    # Methods of others that are overridden, private as theirs are.
    "_authenticate_by_email",
    "_get_login_attempts_cache_key",
    "_get",
    "_queue_bind",
    "_get_parameters",
    "_get_response_bodies",
    "_is_list_view",
    "_proc_pax",
    "_proc_sparse",
    # `transfer_links` finds a noun's check by the noun.
    "_nestings",
    "_encoders",
    "_tasks",
    "_collections",
)
CALLS_OF_THE_LIBRARY = {name for name in dir(Server) if not name.startswith("_")}
# The journal keeps these already, so that an undo can later read what was changed before it came.
AHEAD = {"marked", "lost_with"}
# Classes that announce themselves to drf-spectacular by being there.
ANNOUNCED = "*/schema/fields.py"


def test_everything_is_used() -> None:
    """vulture finds what no Python names; what a template or a setting names is used all the same.

    Tests do not count: what they alone call, nobody needs. The public calls of `Server` do, as
    that is a library: `tests/walks/test_our_client.py` makes each of them.
    """
    found = Vulture(ignore_decorators=["@_registered", "@admin.register"])
    rooms = [str(settings.BASE_DIR / room) for room in ROOMS]
    found.scavenge(rooms, exclude=["*/migrations/*", ANNOUNCED])
    named = _words()
    unused = [
        f"{item.filename.relative_to(settings.BASE_DIR)}:{item.first_lineno} {item.name}"
        for item in found.get_unused_code()
        if item.typ in KINDS
        and named[item.name] < 2
        and not _is_called_by_name(item.name)
        and item.name not in CALLS_OF_THE_LIBRARY | AHEAD
    ]
    assert unused == []


def _is_called_by_name(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in CALLED_BY_NAME)


def _words() -> Counter[str]:
    """Count every name in the program's code, its templates, and its settings."""
    files: list[Path] = [settings.BASE_DIR / "pyproject.toml"]
    for folder, ending in (*((room, "*.py") for room in ROOMS), ("templates", "*.html")):
        files += (settings.BASE_DIR / folder).rglob(ending)
    counts: Counter[str] = Counter()
    for file in files:
        counts.update(re.findall(r"\w+", file.read_text()))
    return counts
