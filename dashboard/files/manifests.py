"""Reading manifests: tables that say of each file, or address, what is known of it.

Columns are found whatever their case; those that are none of ours are meta data. A value that
cannot be meant is no reason to refuse the table: its row says what is wrong with it.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, Any, Final

import orjson

from .errors import BrokenManifest, readable_size
from .fetch import refusal_of_address
from .limits import MIB

MAX_ROWS: Final = 200_000
# A JSON array is read whole.
MAX_ARRAY: Final = 64 * MIB
MAX_LINE: Final = 1 * MIB
MAX_NAME: Final = 255
MAX_PATH: Final = 1024

_COLUMNS: Final = {
    "file": "file",
    "filename": "file",
    "file_name": "file",
    "path": "file",
    "url": "url",
    "address": "url",
    "group": "group",
    "type": "type",
    "test": "test",
    "test_image": "test",
    "real": "real",
}
_YES: Final = frozenset({"yes", "y", "true", "t", "1", "on"})
_NO: Final = frozenset({"no", "n", "false", "f", "0", "off"})
_DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 64 * 1024
_FIRST_ROWS: Final = 20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass
class ManifestRow:
    """What one row says; `wrong` tells of each column that it cannot be used, in a sentence."""

    number: int
    file: str = ""
    url: str = ""
    group: str = ""
    type: str = ""
    test: bool | None = None
    real: bool | None = None
    meta_data: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def names_something(self) -> bool:
        """Say whether it tells of a file or an address, right or wrong."""
        return bool(self.file or self.url or {"file", "url"} & self.wrong.keys())


def read_manifest(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Yield the rows of a CSV or JSON file, numbered from 0. Raises BrokenManifest."""
    encoding = _encoding(file)
    text = io.TextIOWrapper(io.BufferedReader(_Kept(file)), encoding, newline="")
    try:
        start = text.read(_SAMPLE)
        text.seek(0)
        records = _records(text, start)
        for number, record in enumerate(records):
            if number >= MAX_ROWS:
                raise BrokenManifest(
                    f"The manifest has more than {MAX_ROWS:,} rows. Split it and send the parts."
                )
            yield _row(number, record)
    except UnicodeError as error:
        raise BrokenManifest(
            "The manifest is not written in UTF-8. Save it as “CSV UTF-8” and send it again."
        ) from error
    except csv.Error as error:
        raise BrokenManifest(
            f"The manifest is no table that can be read: {error}. Save it again as CSV."
        ) from error


def read_possible_manifest(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Read a table that nobody sent as a manifest, as `read_manifest` does.

    Raises BrokenManifest before the first row if none of the first ones tells of a file.
    """
    rows = read_manifest(file)
    first = list(islice(rows, _FIRST_ROWS))
    if first and not any(row.names_something for row in first):
        raise BrokenManifest("None of its first records has a “file” or a “url”.")
    yield from chain(first, rows)


def read_addresses(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Yield a row for each line of a list of addresses. Raises BrokenManifest."""
    text = io.TextIOWrapper(io.BufferedReader(_Kept(file)), _encoding(file), errors="replace")
    number = 0
    while line := text.readline(MAX_LINE):
        address = line.strip()
        if not address or address.startswith("#"):
            continue
        if number >= MAX_ROWS:
            raise BrokenManifest(
                f"The list has more than {MAX_ROWS:,} addresses. Split it and send the parts."
            )
        row = ManifestRow(number)
        _set_url(row, address)
        yield row
        number += 1


def _encoding(file: IO[bytes]) -> str:
    head = file.read(4)
    file.seek(0)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def _records(text: io.TextIOWrapper, start: str) -> Iterator[Mapping[str, Any]]:
    first = start.lstrip("\ufeff \t\r\n")[:1]
    if first == "[":
        return _json_array(text)
    return _json_lines(text) if first == "{" else _csv_rows(text, start)


def _csv_rows(text: io.TextIOWrapper, start: str) -> Iterator[Mapping[str, Any]]:
    reader = csv.DictReader(text, dialect=_dialect(start), restval="")
    columns = [(name or "").strip() for name in reader.fieldnames or ()]
    if not {_COLUMNS.get(name.lower()) for name in columns} & {"file", "url"}:
        raise BrokenManifest(
            "The manifest has neither a column “file” nor a column “url”: its first line must "
            "name its columns. Add that line and send it again."
        )
    reader.fieldnames = columns
    return iter(reader)


def _dialect(start: str) -> type[csv.Dialect]:
    """Find out what separates the cells, by the first line: that one has no text in it."""
    line = start.lstrip("\ufeff").splitlines()[0] if start.strip("\ufeff \r\n") else ""

    class Found(csv.excel):
        delimiter = max(_DELIMITERS, key=line.count)

    return Found


def _json_lines(text: io.TextIOWrapper) -> Iterator[Mapping[str, Any]]:
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if line.strip():
            yield _json_record(line, f"line {number:,}")


def _json_array(text: io.TextIOWrapper) -> Iterator[Mapping[str, Any]]:
    whole = text.read(MAX_ARRAY + 1)
    if len(whole) > MAX_ARRAY:
        raise BrokenManifest(
            f"The manifest is larger than {readable_size(MAX_ARRAY)}. Write one record a line "
            "(JSON Lines) instead of one array, and send it again."
        )
    found = _parsed(whole, "the array")
    yield from (_record(one, f"record {number:,}") for number, one in enumerate(found, 1))


def _json_record(line: str, where: str) -> Mapping[str, Any]:
    return _record(_parsed(line, where), where)


def _parsed(text: str, where: str) -> Any:
    try:
        return orjson.loads(text.strip("\ufeff"))
    except orjson.JSONDecodeError as error:
        raise BrokenManifest(
            f"The manifest is no JSON that can be read, in {where}: {error}. Mend it and send it "
            "again."
        ) from error


def _record(found: Any, where: str) -> Mapping[str, Any]:
    if isinstance(found, dict):
        return found
    raise BrokenManifest(
        f"The manifest must be a list of records such as {{“file”: …}}; {where} is none. Mend it "
        "and send it again."
    )


def _row(number: int, record: Mapping[Any, Any]) -> ManifestRow:
    row = ManifestRow(number)
    for name, value in record.items():
        if name is None:  # cells that no column has a name for
            row.wrong["row"] = "It has more cells than the table has columns."
        elif value is not None and value != "":
            _set(row, str(name).strip(), value)
    if not row.names_something:
        row.wrong["row"] = "It names neither a file nor an address."
    elif row.file and row.url:
        row.wrong["row"] = "It names a file and an address. Leave one of them out."
        row.url = ""
    return row


def _set(row: ManifestRow, name: str, value: Any) -> None:
    column = _COLUMNS.get(name.lower())
    if column is None:
        row.meta_data[name] = value
    elif column in ("test", "real"):
        _set_mark(row, column, value)
    elif not isinstance(value, str | int | float) or isinstance(value, bool):
        row.wrong[column] = f"Its {column} is no text."
    elif column == "url":
        _set_url(row, str(value).strip())
    else:
        _set_text(row, column, str(value).strip().replace("\x00", ""))


def _set_text(row: ManifestRow, column: str, text: str) -> None:
    limit = MAX_PATH if column == "file" else MAX_NAME
    if len(text) > limit:
        row.wrong[column] = f"Its {column} is longer than {limit:,} characters: shorten it."
    else:
        setattr(row, column, text)


def _set_url(row: ManifestRow, address: str) -> None:
    reason = refusal_of_address(address)
    row.url = address[:MAX_PATH] if reason else address
    if reason is not None:
        row.wrong["url"] = reason


def _set_mark(row: ManifestRow, column: str, value: Any) -> None:
    text = str(value).strip().lower()
    if text in _YES | _NO:
        setattr(row, column, text in _YES)
    elif text:
        row.wrong[column] = f"Its {column} is “{text[:40]}”: write yes or no."


class _Kept(io.RawIOBase):
    """A file that stays open when the text that is read from it is let go."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def plain_path(path: str) -> str:
    """Return a path as files are called here, whichever system wrote it."""
    parts = (part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
    return "/".join(parts)
