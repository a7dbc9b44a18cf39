"""Write arrays into one file that numpy reads, row by row: none is ever whole in memory."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import orjson

_ROWS_AT_ONCE = 500


class NpzWriter:
    """Writes one array after another into a ZIP, each as a member in numpy's own format."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._zip = zipfile.ZipFile(path, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @contextmanager
    def matrix(self, name: str, rows: int, columns: int) -> Iterator[IO[bytes]]:
        """Open an array of float32 into which exactly `rows` rows are written as bytes."""
        with self.member(name, "<f4", (rows, columns), zipfile.ZIP_STORED) as file:
            yield file

    def scalar(self, name: str, text: str) -> None:
        """Write one text as an array without a dimension."""
        value = np.array(text)
        with self.member(name, value.dtype.str, (), zipfile.ZIP_STORED) as file:
            file.write(value.tobytes())

    @contextmanager
    def texts(self, *names: str) -> Iterator["Texts"]:
        """Collect columns of texts in temporary files: their width is known only at the end."""
        with ExitStack() as stack:
            columns = [
                _Column(name, stack.enter_context(tempfile.TemporaryFile(dir=self._folder)))
                for name in names
            ]
            yield Texts(self, columns)

    @contextmanager
    def member(
        self, name: str, kind: str, shape: tuple[int, ...], compression: int
    ) -> Iterator[IO[bytes]]:
        """Open one array for writing, with its header already written."""
        # `numpy.savez` would need the arrays whole. Readers cannot tell the difference.
        info = zipfile.ZipInfo(f"{name}.npy")
        info.compress_type = compression
        with self._zip.open(info, "w", force_zip64=True) as file:
            header = {"descr": kind, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            yield file


class _Column:
    """A column of texts in a file of its own, one per line."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name, self.file = name, file
        self.width = 1

    def add(self, text: str) -> None:
        self.width = max(self.width, len(text))
        self.file.write(orjson.dumps(text, option=orjson.OPT_APPEND_NEWLINE))

    def portions(self) -> Iterator[bytes]:
        self.file.seek(0)
        while lines := list(islice(self.file, _ROWS_AT_ONCE)):
            texts: list[Any] = [orjson.loads(line) for line in lines]
            yield np.array(texts, f"<U{self.width}").tobytes()


class Texts:
    """Rows of texts; `write` writes their columns as arrays."""

    def __init__(self, archive: NpzWriter, columns: list[_Column]) -> None:
        self._archive, self._columns = archive, columns
        self._rows = 0

    def add(self, *texts: str) -> None:
        """Add a row, one text per column."""
        for column, text in zip(self._columns, texts, strict=True):
            column.add(text)
        self._rows += 1

    def write(self) -> None:
        """Write the columns; their padding compresses to almost nothing."""
        for column in self._columns:
            # Fixed width, as all of numpy's texts: objects would be pickles, which `np.load`
            # refuses.
            kind, shape = f"<U{column.width}", (self._rows,)
            member = self._archive.member(column.name, kind, shape, zipfile.ZIP_DEFLATED)
            with member as file:
                for portion in column.portions():
                    file.write(portion)
