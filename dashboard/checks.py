"""Report wrong settings at start: what is wrong, and the value to use.

Errors prevent the program from starting; warnings do not. An id is never reused for another check.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import connections

from dashboard import settings as settings_module
from dashboard.files.limits import MOST_PIXELS
from dashboard.files.store.buckets import BadBucketAddress, read_bucket
from dashboard.models.name_search import has_indexes

KNOWN_QUEUES = ("upload", "extract", "train")
LEAST_DECODING_MEMORY = 96 << 20
LEAST_PIXELS = 1_000_000
_THROTTLE = re.compile(r"0|[1-9]\d*/[smhd]")

TAG = "likewise"

Check = Callable[[], Iterator[CheckMessage]]


def _registered(check: Check) -> Check:
    """Register a check that takes no arguments and yields messages."""

    def run(**_: Any) -> list[CheckMessage]:
        return list(check())

    run.__name__ = check.__name__
    register(run, TAG)
    return check


@_registered
def data_folder() -> Iterator[CheckMessage]:
    """Refuse a data folder that this user cannot write."""
    folder = settings.LIKEWISE_DATA
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Error(
            f"The data folder {folder} is not writable.",
            hint=(
                "Give the folder to the user that runs Likewise, or set LIKEWISE_DATA to another "
                "folder."
            ),
            id="likewise.E001",
        )


@_registered
def first_owner() -> Iterator[CheckMessage]:
    """Refuse an email address without a password, and the reverse."""
    if bool(settings.LIKEWISE_ADMIN_EMAIL) != bool(settings.LIKEWISE_ADMIN_PASSWORD):
        yield Error(
            "Only one of LIKEWISE_ADMIN_EMAIL and LIKEWISE_ADMIN_PASSWORD is set.",
            hint="Set both to create the first owner at start, or neither to get a set-up link.",
            id="likewise.E002",
        )


@_registered
def throttle() -> Iterator[CheckMessage]:
    """Refuse a misspelt rate, which would disable the limit."""
    if not _THROTTLE.fullmatch(settings.LIKEWISE_THROTTLE):
        yield Error(
            f"LIKEWISE_THROTTLE is {settings.LIKEWISE_THROTTLE!r}, which is not a valid rate.",
            hint="Write 300/s (or /m, /h, /d), or 0 for no limit.",
            id="likewise.E003",
        )


@_registered
def queues() -> Iterator[CheckMessage]:
    """Refuse an unknown queue: its worker would never get a job."""
    unknown = sorted(set(settings.LIKEWISE_QUEUES) - set(KNOWN_QUEUES))
    if unknown or not settings.LIKEWISE_QUEUES:
        yield Error(
            f"LIKEWISE_QUEUES names {', '.join(unknown) or 'no queue'}.",
            hint=f"Use one or more of {', '.join(KNOWN_QUEUES)}, separated by commas.",
            id="likewise.E004",
        )


@_registered
def public_address() -> Iterator[CheckMessage]:
    """Refuse a URL that cannot be the start of links."""
    parts = urlsplit(settings.LIKEWISE_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        yield Error(
            f"LIKEWISE_URL is {settings.LIKEWISE_URL!r}, which is not a valid URL of a site.",
            hint="Write it like https://likewise.example.com, with nothing after the host.",
            id="likewise.E005",
        )


@_registered
def lease() -> Iterator[CheckMessage]:
    """Refuse a lease that expires before the next sweep."""
    if not settings.LIKEWISE_LEASE > settings.LIKEWISE_SWEEP > 0:
        yield Error(
            f"LIKEWISE_LEASE is {settings.LIKEWISE_LEASE:g} s "
            f"and LIKEWISE_SWEEP is {settings.LIKEWISE_SWEEP:g} s.",
            hint=(
                "Both must be above 0, and the lease longer than the sweep. The defaults are 30 "
                "and 5."
            ),
            id="likewise.E006",
        )


@_registered
def worker_threads() -> Iterator[CheckMessage]:
    """Refuse a worker without threads for jobs."""
    if settings.LIKEWISE_WORKERS < 1:
        yield Error(
            f"LIKEWISE_WORKERS is {settings.LIKEWISE_WORKERS}.",
            hint="Set it to 1 or more, or omit it to use the number of cores.",
            id="likewise.E007",
        )


@_registered
def share_of_a_workspace() -> Iterator[CheckMessage]:
    """Refuse a share with which no job could start."""
    if settings.LIKEWISE_JOBS_PER_WORKSPACE < 1:
        yield Error(
            f"LIKEWISE_JOBS_PER_WORKSPACE is {settings.LIKEWISE_JOBS_PER_WORKSPACE}.",
            hint="Set it to 1 or more, or omit it to use one less than the number of cores.",
            id="likewise.E014",
        )


@_registered
def private_networks() -> Iterator[CheckMessage]:
    """Refuse invalid networks."""
    yield from _networks("LIKEWISE_FETCH_PRIVATE", "likewise.E008")


@_registered
def trusted_proxies() -> Iterator[CheckMessage]:
    """Refuse invalid networks."""
    yield from _networks("LIKEWISE_TRUSTED_PROXIES", "likewise.E012")


@_registered
def https_behind_a_proxy() -> Iterator[CheckMessage]:
    """Warn that no request will count as https: only a trusted proxy can declare that."""
    if settings.LIKEWISE_URL.startswith("https://") and not settings.LIKEWISE_TRUSTED_PROXIES:
        yield Caution(
            (
                "LIKEWISE_URL is https, but LIKEWISE_TRUSTED_PROXIES names no proxy: every "
                "request looks like plain http, and is refused or redirected."
            ),
            hint="Name the network of the proxy that ends TLS, such as 127.0.0.1/32 or "
            "172.16.0.0/12, and let it send X-Forwarded-Proto.",
            id="likewise.W005",
        )


def _networks(name: str, message_id: str) -> Iterator[CheckMessage]:
    for network in getattr(settings, name):
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            yield Error(
                f"{name} names {network!r}: {error}.",
                hint="Write networks like 10.0.0.0/8, separated by commas.",
                id=message_id,
            )


@_registered
def kept_requests() -> Iterator[CheckMessage]:
    """Refuse to delete an answer before anybody can fetch it."""
    if not settings.LIKEWISE_KEEP_REQUESTS > 0:
        yield Error(
            f"LIKEWISE_KEEP_REQUESTS is {settings.LIKEWISE_KEEP_REQUESTS:g}.",
            hint="Set it to the number of days to keep answers; the default is 7.",
            id="likewise.E013",
        )


@_registered
def kept_uploads() -> Iterator[CheckMessage]:
    """Refuse to delete an upload while it arrives."""
    if not settings.LIKEWISE_KEEP_UPLOADS > 0:
        yield Error(
            f"LIKEWISE_KEEP_UPLOADS is {settings.LIKEWISE_KEEP_UPLOADS:g}.",
            hint="Set it to the number of days to keep unfinished uploads; the default is 7.",
            id="likewise.E020",
        )


@_registered
def kept_sign_ins() -> Iterator[CheckMessage]:
    """Refuse to delete a sign-in before anybody can read it."""
    if not settings.LIKEWISE_KEEP_SIGN_INS > 0:
        yield Error(
            f"LIKEWISE_KEEP_SIGN_INS is {settings.LIKEWISE_KEEP_SIGN_INS:g}.",
            hint="Set it to the number of days to keep account activity; the default is 180.",
            id="likewise.E030",
        )


@_registered
def kept_changes() -> Iterator[CheckMessage]:
    """Refuse to delete the data for an undo before anybody can undo the change."""
    if not settings.LIKEWISE_KEEP_CHANGES > 0:
        yield Error(
            f"LIKEWISE_KEEP_CHANGES is {settings.LIKEWISE_KEEP_CHANGES:g}.",
            hint="Set it to the days for which changes can be undone: 90 is the default.",
            id="likewise.E032",
        )


@_registered
def backbone() -> Iterator[CheckMessage]:
    """Refuse a missing encoder file at start, before the first job needs it."""
    if settings.LIKEWISE_BACKBONE != "builtin" and not Path(settings.LIKEWISE_BACKBONE).is_file():
        yield Error(
            f"LIKEWISE_BACKBONE is {settings.LIKEWISE_BACKBONE!r}, but this file does not exist.",
            hint="Give the path of an ONNX file, or omit it to use the built-in encoder.",
            id="likewise.E009",
        )


@_registered
def largest_collection() -> Iterator[CheckMessage]:
    """Refuse a limit with which no collection could have a record."""
    if settings.LIKEWISE_MAX_COLLECTION < 1:
        yield Error(
            f"LIKEWISE_MAX_COLLECTION is {settings.LIKEWISE_MAX_COLLECTION}.",
            hint="Set it to 1 or more; the default is 1000000.",
            id="likewise.E010",
        )


@_registered
def decoding_memory() -> Iterator[CheckMessage]:
    """Refuse a budget with which even the smallest images would be decoded one by one."""
    if settings.LIKEWISE_DECODING_MEMORY < LEAST_DECODING_MEMORY:
        yield Error(
            f"LIKEWISE_DECODING_MEMORY is {settings.LIKEWISE_DECODING_MEMORY} bytes.",
            hint="Set it to 96M or more; the default is 768M.",
            id="likewise.E024",
        )


@_registered
def largest_image() -> Iterator[CheckMessage]:
    """Refuse a limit that nearly no image meets, and one above any computer's memory."""
    if not LEAST_PIXELS <= settings.LIKEWISE_MAX_PIXELS <= MOST_PIXELS:
        yield Error(
            f"LIKEWISE_MAX_PIXELS is {settings.LIKEWISE_MAX_PIXELS}.",
            hint=(
                f"Set it to a value from {LEAST_PIXELS} to {MOST_PIXELS}; the default is 100000000."
            ),
            id="likewise.E031",
        )


@_registered
def storage() -> Iterator[CheckMessage]:
    """Refuse a URL without a bucket; the message never repeats the secrets in it."""
    if not settings.LIKEWISE_STORAGE:
        return
    try:
        bucket = read_bucket(settings.LIKEWISE_STORAGE)
    except BadBucketAddress as error:
        yield Error(
            f"LIKEWISE_STORAGE is not a valid bucket URL: {error}.",
            hint="Omit it to keep the files in the data folder.",
            id="likewise.E015",
        )
    else:
        if (
            bool(os.environ.get("AWS_ACCESS_KEY_ID"))
            != bool(os.environ.get("AWS_SECRET_ACCESS_KEY"))
            and not bucket.key
        ):
            yield Error(
                "Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set.",
                hint="Set both, or neither if the machine has a role of its own.",
                id="likewise.E016",
            )


@_registered
def quotas() -> Iterator[CheckMessage]:
    """Refuse a negative quota or reserve."""
    for name in ("QUOTA_BYTES", "QUOTA_IMAGES", "QUOTA_WORKSPACES", "RESERVE_DISK"):
        if getattr(settings, f"LIKEWISE_{name}") < 0:
            yield Error(
                f"LIKEWISE_{name} is below 0.",
                hint="Set it to 0 for no limit.",
                id="likewise.E021",
            )


@_registered
def unknown_settings() -> Iterator[CheckMessage]:
    """Warn of a misspelt name: it has no effect, and nobody would notice."""
    known = known_settings()
    given = (name for name in os.environ if name.startswith("LIKEWISE_"))
    for name in sorted(given):
        if name.removesuffix("_FILE") in known or name.startswith("LIKEWISE_TEST_"):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        yield Caution(
            f"{name} is set, but no setting has that name.",
            hint=f"Did you mean {near[0]}?" if near else "docs/settings.md lists the settings.",
            id="likewise.W001",
        )


@register(Tags.database)
def name_search(*, databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warn that searches by name have no index; run with the database, as by `migrate`."""
    bare = [
        alias
        for alias in databases or ()
        if connections[alias].vendor == "postgresql"
        and "dashboard_image" in connections[alias].introspection.table_names()
        and not has_indexes(connections[alias])
    ]
    return [
        Caution(
            "Searches by name have no index: they are slow in workspaces with very many images.",
            hint=(
                "Ask an administrator of PostgreSQL to run “CREATE EXTENSION pg_trgm” in the "
                "database of Likewise, then start again."
            ),
            id="likewise.W002",
        )
        for _alias in bare
    ]


def known_settings() -> set[str]:
    """Return the names of environment variables that settings.py reads, from its source."""
    text = Path(settings_module.__file__).read_text()
    return set(re.findall(r'(?:env\.\w+|_size|environ\.get)\(\s*"([A-Z_]+)"', text))
