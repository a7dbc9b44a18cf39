"""Write descriptors as files for other programs: Parquet, NPZ, JSON Lines, CSV.

Rows are written one after another, whatever their number.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dashboard.files.tables.npz import NpzWriter

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Header:
    """What the descriptors were computed with; it is part of every format.

    `count` is the number of descriptors, `failed` the number of images without one.
    """

    task: str
    task_name: str
    version: int
    dimension: int
    encoder: str
    count: int
    failed: int = 0


@dataclass(frozen=True)
class Described:
    """One image: its id, name and groups, and its descriptor (dimension,) float32."""

    id: str
    file_name: str
    groups: list[str]
    descriptor: NDArray[np.float32]


def write_table(path: Path, kind: str, header: Header, rows: Iterable[Described]) -> int:
    """Write the rows in a format by its short name; return how many there were.

    If that differs from the header, the file must not be used: some formats write the number first.
    Raises `KeyError` for another format.
    """
    counted = _Counted(rows)
    _WRITERS[kind](path, header, iter(counted))
    return counted.count


class _Counted:
    def __init__(self, rows: Iterable[Described]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Described]:
        for row in self._rows:
            self.count += 1
            yield row


def _parquet(path: Path, header: Header, rows: Iterator[Described]) -> None:
    fields = [
        pa.field("id", pa.string()),
        pa.field("file_name", pa.string()),
        pa.field("groups", pa.list_(pa.string())),
        pa.field("descriptor", pa.list_(pa.float32(), header.dimension)),
    ]
    schema = pa.schema(fields, metadata={"likewise": json.dumps(asdict(header))})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            flat = np.concatenate([row.descriptor for row in batch])
            columns = [
                pa.array([row.id for row in batch]),
                pa.array([row.file_name for row in batch]),
                pa.array([row.groups for row in batch], pa.list_(pa.string())),
                pa.FixedSizeListArray.from_arrays(pa.array(flat), header.dimension),
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _npz(path: Path, header: Header, rows: Iterator[Described]) -> None:
    with NpzWriter(path) as archive, archive.texts("ids", "file_names", "groups") as texts:
        with archive.matrix("descriptors", header.count, header.dimension) as vectors:
            for row in rows:
                vectors.write(row.descriptor.astype("<f4").tobytes())
                texts.add(row.id, row.file_name, json.dumps(row.groups))
        texts.write()
        archive.scalar("header", json.dumps(asdict(header)))


def _jsonl(path: Path, header: Header, rows: Iterator[Described]) -> None:
    with path.open("wb") as file:
        file.write(orjson.dumps({"header": asdict(header)}, option=orjson.OPT_APPEND_NEWLINE))
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
        for row in rows:
            file.write(orjson.dumps(row, option=options))


def _csv(path: Path, header: Header, rows: Iterator[Described]) -> None:
    with path.open("w", newline="") as file:
        file.write("# " + json.dumps(asdict(header)) + "\n")
        writer = csv.writer(file)
        numbers = [f"d{place}" for place in range(header.dimension)]
        writer.writerow(["id", "file_name", "groups", *numbers])
        for row in rows:
            # `repr` of the doubles restores the same float32; fewer digits would change distances.
            values = [repr(value) for value in row.descriptor.tolist()]
            writer.writerow([row.id, row.file_name, json.dumps(row.groups), *values])


_WRITERS: dict[str, Callable[[Path, Header, Iterator[Described]], None]] = {
    "parquet": _parquet,
    "npz": _npz,
    "jsonl": _jsonl,
    "csv": _csv,
}
