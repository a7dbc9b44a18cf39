"""Linked workspaces: what a page costs there, and how quickly another server is mirrored."""

import os
import statistics
import sys
import tempfile
from collections.abc import Callable

from tests.bench.figures import ROUNDS, at_least, at_most, seconds
from tests.live import running

IMAGES = 1000
PAGE_ROUNDS = 60


def main() -> None:
    """Print `connections.pages` and `connections.bring`."""
    os.environ |= {
        "LIKEWISE_DATA": tempfile.mkdtemp(prefix="likewise-bench-"),
        "LIKEWISE_ENV": os.devnull,
        "LIKEWISE_FETCH_PRIVATE": "127.0.0.0/8",
        "LIKEWISE_RESERVE_DISK": "0",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    }
    from tests.bench import mirrored

    mirrored.ready()
    at_most("connections.pages", _pages(), 1.10)
    with running() as server:
        other = mirrored.Other(server, IMAGES)
        at_least("connections.bring", _bring(other.download, other.mirrored_anew), 0.60)


def _pages() -> float:
    """The worst page of a linked workspace over the same page of an equal one that is not."""
    from tests.bench import mirrored

    own, linked = mirrored.own_and_linked()
    ratios = {}
    for name in own.pages:
        pairs = [
            (seconds(linked.clients(name)), seconds(own.clients(name))) for _ in range(PAGE_ROUNDS)
        ]
        ratios[name] = statistics.median(a for a, _ in pairs) / statistics.median(
            b for _, b in pairs
        )
    for name, ratio in sorted(ratios.items(), key=lambda item: item[1]):
        print(f"  {name}: {ratio:.2f}")
    return max(ratios.values())


def _bring(download: Callable[[], None], anew: Callable[[], Callable[[], None]]) -> float:
    """Rate of a first pull, with all that it writes, over the bare loop's of the same links."""
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(seconds(download))
        ours.append(seconds(anew()))
        print(f"  {bare[-1] / ours[-1]:.2f} in {ours[-1]:.1f} s", file=sys.stderr)
    return statistics.median(bare) / statistics.median(ours)
