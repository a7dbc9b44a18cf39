"""Descriptors as files that other programs read: Parquet, NPZ, JSON Lines, CSV.

Rows are written as they come; only NPZ, whose arrays must be whole, holds them in memory.
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

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Header:
    """What the descriptors were made with; it goes into every format."""

    task: str
    task_name: str
    version: int
    dimension: int
    encoder: str
    count: int


@dataclass(frozen=True)
class Described:
    """One image: its id, name and groups, and its descriptor (dimension,) float32."""

    id: str
    file_name: str
    groups: list[str]
    descriptor: NDArray[np.float32]


def write_table(path: Path, kind: str, header: Header, rows: Iterable[Described]) -> None:
    """Write the rows in a format by its short name; raises `KeyError` for another."""
    _WRITERS[kind](path, header, iter(rows))


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
    described = list(rows)
    vectors = np.zeros((len(described), header.dimension), np.float32)
    for place, row in enumerate(described):
        vectors[place] = row.descriptor
    with path.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            header=np.array(json.dumps(asdict(header))),
            ids=np.array([row.id for row in described], "U36"),
            file_names=np.array([row.file_name for row in described], "U255"),
            groups=np.array([json.dumps(row.groups) for row in described], np.str_),
            descriptors=vectors,
        )


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
            values = [repr(float(value)) for value in row.descriptor]
            writer.writerow([row.id, row.file_name, json.dumps(row.groups), *values])


_WRITERS: dict[str, Callable[[Path, Header, Iterator[Described]], None]] = {
    "parquet": _parquet,
    "npz": _npz,
    "jsonl": _jsonl,
    "csv": _csv,
}
