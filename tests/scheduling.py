"""What runs where when tests run on several cores: a file stays in one process, the longest first.

So that each server, browser and installation that the tests of a file share is started once. The
two set-ups of a file start servers of their own anyway and may run side by side.
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
# What takes longest, from a minute on; then what starts the program; then all else in any order.
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
    """Give each process a file at a time, or what a file has for one set-up."""

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Take what a process has found; it is asked for its tests by their places alone."""
        super().add_node_collection(node, told_apart(collection))

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Name what a test stays together with."""
    found = _SET_UP.search(nodeid)
    return nodeid.partition("::")[0] + (found[0] if found else "")


def told_apart(names: Sequence[str]) -> list[str]:
    """Number tests of one name, as of the calls of the API have: of equals xdist would run one."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name}[{seen[name]}]" if seen[name] > 1 else name)
    return told


def longest_first(items: list[pytest.Item], root: Path) -> None:
    """Sort by what is known to take long; the order is otherwise as it was."""
    ranks = {path: rank for rank, path in enumerate(LONGEST)}

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(root).as_posix()
        starts_it = any(item.iter_markers("live")) or any(item.iter_markers("browser"))
        return ranks.get(path, len(ranks) + (not starts_it))

    items.sort(key=rank)
