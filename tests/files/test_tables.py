"""Tables of descriptors are what other programs read, however many rows there are."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dashboard.files.tables.tables import Described, Header, write_table

DIMENSION = 16


def header(count: int) -> Header:
    return Header("a-task", "Shoes", 3, DIMENSION, "builtin-1", count, failed=2)


def rows(count: int) -> Iterator[Described]:
    for number in range(count):
        vector = np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32)
        groups = ["Schuhe, „rot“", "b"][: number % 3]
        yield Described(f"id-{number}", f"{'ä' * (number % 5)}.jpg", groups, vector)


def read(path: Path, kind: str) -> tuple[dict[str, object], list[tuple[object, ...]]]:
    """Return the header and the rows of a table."""
    match kind:
        case "parquet":
            table = pq.read_table(path)
            told = json.loads(table.schema.metadata[b"likewise"])
            return told, [tuple(row.values()) for row in table.to_pylist()]
        case "npz":
            with np.load(path, allow_pickle=False) as arrays:
                columns = (
                    *(arrays["ids"].tolist(), arrays["file_names"].tolist()),
                    [json.loads(groups) for groups in arrays["groups"]],
                    arrays["descriptors"].tolist(),
                )
                return json.loads(str(arrays["header"])), list(zip(*columns, strict=True))
        case "jsonl":
            first, *lines = [json.loads(line) for line in path.read_bytes().splitlines()]
            return first["header"], [tuple(line.values()) for line in lines]
    first_line, rest = path.read_text().split("\n", 1)
    found = csv.reader(io.StringIO(rest))
    next(found)
    return json.loads(first_line.removeprefix("# ")), [
        (row[0], row[1], json.loads(row[2]), [float(value) for value in row[3:]]) for row in found
    ]


@pytest.mark.parametrize("kind", ["parquet", "npz", "jsonl", "csv"])
@pytest.mark.parametrize("count", [0, 1, 1203])
def test_it_works(tmp_path: Path, kind: str, count: int) -> None:
    path = tmp_path / "table"
    assert write_table(path, kind, header(count), rows(count)) == count
    told, found = read(path, kind)
    assert told == {
        "task": "a-task",
        "task_name": "Shoes",
        "version": 3,
        "dimension": DIMENSION,
        "encoder": "builtin-1",
        "count": count,
        "failed": 2,
    }
    assert [row[:3] for row in found] == [(r.id, r.file_name, r.groups) for r in rows(count)]
    for one, row in zip(found, rows(count), strict=True):
        assert np.array_equal(np.array(one[3], np.float32), row.descriptor)
    assert [file.name for file in tmp_path.iterdir()] == ["table"]


@pytest.mark.parametrize("kind", ["parquet", "npz", "jsonl", "csv"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, kind: str) -> None:
    peaks = []
    for count in (500, 1_000, 4_000):
        tracemalloc.start()
        write_table(tmp_path / "table", kind, header(count), rows(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1] + 200_000


def test_another_format_is_none(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_table(tmp_path / "table", "pickle", header(0), rows(0))
