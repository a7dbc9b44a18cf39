"""Test which tests stay together in a process, and which run first."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import scheduling

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("node", "unit"),
    [
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[red]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[sqlite]", "tests/a/test_b.py[sqlite"),
        ("tests/a/test_b.py::test_c[postgres-disk-full]", "tests/a/test_b.py[postgres"),
        ("tests/a/test_b.py::test_c[postgresql-is-it]", "tests/a/test_b.py"),
    ],
)
def test_a_file_stays_together_but_for_its_set_ups(node: str, unit: str) -> None:
    assert scheduling.unit_of(node) == unit


def test_the_longest_come_first_then_what_starts_the_program() -> None:
    items: list[Any] = [
        item("tests/a/test_b.py"),
        item("tests/a/test_live.py", "live"),
        item("tests/faults/test_faults.py", "live"),
        item("tests/a/test_browser.py", "browser"),
        item("tests/a/test_c.py"),
        item("tests/browser/test_pages.py", "browser", "live"),
    ]
    scheduling.longest_first(items, ROOT)
    assert [one.path.stem.removeprefix("test_") for one in items] == [
        *("pages", "faults", "live", "browser", "b", "c")
    ]


def test_no_two_have_one_name() -> None:
    assert scheduling.told_apart(["a", "b", "a", "a"]) == ["a", "b", "a[2]", "a[3]"]


def test_those_that_take_long_are_there() -> None:
    assert [path for path in scheduling.LONGEST if not (ROOT / path).is_file()] == []


def item(path: str, *marks: str) -> SimpleNamespace:
    return SimpleNamespace(
        path=ROOT / path, iter_markers=lambda name: [name] if name in marks else []
    )
