"""Distribute the tests to processes: each file to one process, the longest first.

Each server, browser and installation that the tests of a file share is then started once. The two
set-ups of a file start separate servers anyway and may run side by side.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import setups

_SET_UP = re.compile(rf"\[({'|'.join(setups.NAMES)})\b")
# First the files that take a minute or more, then those that start the program, then all others.
LONGEST = (
    "tests/browser/test_pages.py",
    "tests/faults/test_faults.py",
    "tests/upgrade/test_history.py",
    "tests/fuzz/test_schema.py",
    "tests/faults/test_redis.py",
    "tests/files/test_image_memory.py",
    "tests/test_routes.py",
)


class FileByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Assign one file at a time to each process, or the part of a file for one set-up."""

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Store the tests that a process has collected; it is asked for them only by position."""
        super().add_node_collection(node, told_apart(collection))

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Return the key of the tests that stay together in one process."""
    found = _SET_UP.search(nodeid)
    return nodeid.partition("::")[0] + (found[0] if found else "")


def told_apart(names: Sequence[str]) -> list[str]:
    """Make equal names unique, as of the API's calls: of equal ones, xdist would run only one."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name}[{seen[name]}]" if seen[name] > 1 else name)
    return told


def longest_first(items: list[pytest.Item], root: Path) -> None:
    """Sort by known duration, the longest first; keep the order otherwise."""
    ranks = {path: rank for rank, path in enumerate(LONGEST)}

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(root).as_posix()
        starts_it = any(item.iter_markers("live")) or any(item.iter_markers("browser"))
        return ranks.get(path, len(ranks) + (not starts_it))

    items.sort(key=rank)
