"""Reading manifests: tables that say of each file, or address, what is known of it.

Columns are found whatever their case; those that are none of ours are meta data. A value that
cannot be meant is no reason to refuse the table: its row says what is wrong with it.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, Any, Final

import orjson

from .errors import BrokenManifest, readable_size
from .fetch import refusal_of_address
from .limits import MIB
from .meta_data import refusal_of_json
from .table_lines import MAX_LINE, Cells, lines_of, text_of

MAX_ROWS: Final = 200_000
# A JSON array is read whole.
MAX_ARRAY: Final = 64 * MIB
MAX_NAME: Final = 255
MAX_PATH: Final = 1024
# Of one row, as JSON: hundreds of rows are in memory together.
MAX_META_DATA: Final = 64_000

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
_HEAD: Final = 512
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
    text = text_of(file, encoding, newline="")
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


def read_possible_manifest(file: IO[bytes], *, is_beside: bool = False) -> Iterator[ManifestRow]:
    """Read a table that nobody sent as a manifest, as `read_manifest` does.

    Yields nothing for a sidecar, which tells of a single picture: `is_beside` says that there is
    one of its name. The address in such a record is where that picture came from.
    Raises BrokenManifest before the first row if none of the first ones tells of a file.
    """
    rows = read_manifest(file)
    try:
        first = list(islice(rows, _FIRST_ROWS))
    except BrokenManifest:
        if is_beside:
            return
        raise
    if is_beside and not tells_of_several(first):
        return
    if len(first) == 1 and first[0].url and _begins_as_object(file):
        return
    if first and not any(row.names_something for row in first):
        raise BrokenManifest("None of its first records has a “file” or a “url”.")
    yield from chain(first, rows)


def tells_of_several(rows: Iterable[ManifestRow]) -> bool:
    """Say whether the rows name two files or more."""
    return len({row.file for row in rows if row.file}) > 1


def _begins_as_object(file: IO[bytes]) -> bool:
    file.seek(0)
    head = file.read(_HEAD).decode(_encoding(file), "replace")
    return head.lstrip("\ufeff \t\r\n").startswith("{")


def read_addresses(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Yield a row for each line of a list of addresses. Raises BrokenManifest."""
    text = text_of(file, _encoding(file), errors="replace")
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
    cells = Cells(text)
    reader = csv.DictReader(iter(cells), dialect=_dialect(start), restval="")
    columns = [(name or "").strip() for name in reader.fieldnames or ()]
    if not {_COLUMNS.get(name.lower()) for name in columns} & {"file", "url"}:
        raise BrokenManifest(
            "The manifest has neither a column “file” nor a column “url”: its first line must "
            "name its columns. Add that line and send it again."
        )
    reader.fieldnames = columns
    cells.begin_row()
    for row in reader:
        cells.begin_row()
        yield row


def _dialect(start: str) -> type[csv.Dialect]:
    """Find out what separates the cells, by the first line: that one has no text in it."""
    line = start.lstrip("\ufeff").splitlines()[0] if start.strip("\ufeff \r\n") else ""

    class Found(csv.excel):
        delimiter = max(_DELIMITERS, key=line.count)

    return Found


def _json_lines(text: io.TextIOWrapper) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines_of(text), 1):
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
    reason = refusal_of_meta_data(row.meta_data)
    if reason is not None:
        row.wrong["row"] = f"Its meta data cannot be kept. {reason}"
        row.meta_data = {}
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
    if "\x00" in address:
        address, reason = address.replace("\x00", ""), "Its address holds a null character."
    row.url = address[:MAX_PATH] if reason else address
    if reason is not None:
        row.wrong["url"] = reason


def _set_mark(row: ManifestRow, column: str, value: Any) -> None:
    if not isinstance(value, str | int | float):
        row.wrong[column] = f"Its {column} is no text: write yes or no."
        return
    text = str(value).strip().lower().replace("\x00", "")
    if text in _YES | _NO:
        setattr(row, column, text in _YES)
    elif text:
        row.wrong[column] = f"Its {column} is “{text[:40]}”: write yes or no."


def refusal_of_meta_data(meta_data: dict[str, Any]) -> str | None:
    """Say in a sentence why a file cannot have this meta data; None if it can."""
    if not meta_data:
        return None
    if (reason := refusal_of_json(meta_data)) is not None:
        return reason
    if is_too_much(meta_data):
        return f"It is larger than {readable_size(MAX_META_DATA)}: shorten it."
    return None


def is_too_much(meta_data: dict[str, Any]) -> bool:
    """Say whether it is more than one file may have."""
    return len(orjson.dumps(meta_data)) > MAX_META_DATA


def plain_path(path: str) -> str:
    """Return a path as files are called here, whichever system wrote it."""
    parts = (part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
    return "/".join(parts)
