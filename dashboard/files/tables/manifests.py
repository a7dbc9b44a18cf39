"""Read manifests: tables with the group and metadata of each file or URL.

Columns are matched in any case; unknown ones are metadata. An invalid value does not refuse the
table: its row has the error.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, Any, Final
from urllib.parse import unquote

import orjson

from dashboard.files.errors import BrokenManifest
from dashboard.files.fetch.fetch import refusal_of_address
from dashboard.files.limits import MIB
from dashboard.files.sizes import readable_size
from dashboard.files.tables.meta_data import refusal_of_json
from dashboard.files.tables.table_lines import MAX_LINE, Cells, lines_of, text_of

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
_TOLD_SEPARATOR: Final = re.compile(
    r"\ufeff?\"?sep=([,;\t|])\"?[,;\t|]*(?:\r\n?|\n)", re.IGNORECASE
)
_NO_NUMBER: Final = re.compile(r"\b(?:NaN|Infinity)\b")
_FILE_URL: Final = "file:"
_SAMPLE: Final = 64 * 1024
_HEAD: Final = 512
_FIRST_ROWS: Final = 20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


Record = Mapping[Any, Any]


@dataclass
class ManifestRow:
    """One row; `wrong` has a sentence for each column that cannot be used.

    A row without a file and a URL has the reason under `name`; `names_something` is false unless it
    was meant to have one.
    """

    number: int
    file: str = ""
    url: str = ""
    group: str = ""
    type: str = ""
    test: bool | None = None
    real: bool | None = None
    meta_data: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    names_something: bool = True


def read_manifest(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Yield the rows of a CSV or JSON file, numbered from 0. Raises BrokenManifest."""
    encoding = _encoding(file)
    text = text_of(file, encoding, newline="")
    try:
        start = text.read(_SAMPLE)
        text.seek(0)
        count = 0
        for number, record in enumerate(_records(text, start)):
            if record is None:  # an empty row of a spreadsheet
                continue
            # Empty rows are not counted: spreadsheets may append any number of them.
            if count >= MAX_ROWS:
                raise BrokenManifest(
                    f"The manifest has more than {MAX_ROWS:,} rows. Split it and upload the parts."
                )
            yield _row(number, record)
            count += 1
    except UnicodeError as error:
        raise BrokenManifest(
            "The manifest is not UTF-8. Save it as “CSV UTF-8” and upload it again."
        ) from error
    except csv.Error as error:
        raise BrokenManifest(
            f"The manifest is not a table that can be read: {error}. Save it again as CSV."
        ) from error


def read_possible_manifest(file: IO[bytes], *, is_beside: bool = False) -> Iterator[ManifestRow]:
    """Read a table that may be a manifest, as `read_manifest` does.

    Yields nothing for a sidecar, which describes a single image: `is_beside` says that an image has
    its name. The URL in such a record is where that image came from.

    Raises BrokenManifest before the first row if none of the first ones names a file.
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
    # A record of one image's origin, which crawlers store beside it, not a table.
    if len(first) == 1 and first[0].url and _begins_as_object(file):
        return
    if first and not any(row.names_something for row in first):
        raise BrokenManifest("None of its first records has a “file” or a “url”.")
    yield from chain(first, rows)


def tells_of_several(rows: Iterable[ManifestRow]) -> bool:
    """Return whether the rows name two files or more."""
    return len({row.file for row in rows if row.file}) > 1


def _begins_as_object(file: IO[bytes]) -> bool:
    file.seek(0)
    head = file.read(_HEAD).decode(_encoding(file), "replace")
    return head.lstrip("\ufeff \t\r\n").startswith("{")


def read_addresses(file: IO[bytes]) -> Iterator[ManifestRow]:
    """Yield a row for each line of a list of URLs. Raises BrokenManifest."""
    text = text_of(file, _encoding(file), errors="replace")
    number = 0
    while line := text.readline(MAX_LINE):
        address = line.strip()
        if not address or address.startswith("#"):
            continue
        if number >= MAX_ROWS:
            raise BrokenManifest(
                f"The list has more than {MAX_ROWS:,} URLs. Split it and upload the parts."
            )
        row = ManifestRow(number)
        _set_url(row, address)
        yield row
        number += 1


def _encoding(file: IO[bytes]) -> str:
    head = file.read(4)
    file.seek(0)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def _records(text: io.TextIOWrapper, start: str) -> Iterator[Record | None]:
    first = start.lstrip("\ufeff \t\r\n")[:1]
    if first == "[":
        return _json_array(text)
    return _json_objects(text) if first == "{" else _csv_rows(text, start)


def _csv_rows(text: io.TextIOWrapper, start: str) -> Iterator[Record | None]:
    """Yield a record for each row, and None for one that has only separators."""
    cells = Cells(text)
    lines = iter(cells)
    told = _TOLD_SEPARATOR.match(start)
    if told:
        next(lines)
    reader = csv.reader(lines, dialect=_dialect(start[told.end() :] if told else start, told))
    columns = next((row for row in map(_stripped, reader) if any(row)), [])
    _judge_columns(columns)
    cells.begin_row()
    for row in reader:
        cells.begin_row()
        yield _csv_record(columns, row) if any(map(str.strip, row)) else None


def _stripped(row: list[str]) -> list[str]:
    return [cell.strip("\ufeff \t\r\n") for cell in row]


def _judge_columns(columns: list[str]) -> None:
    """Raise BrokenManifest if a column is missing, or if one would hide another."""
    meant: dict[str, str] = {}
    for name in filter(None, columns):
        other = meant.setdefault(_COLUMNS.get(name.lower(), name), name)
        if other is not name and other.lower() == name.lower():
            raise BrokenManifest(
                f"The manifest has the column “{name[:80]}” twice. Rename or delete one of them, "
                "and upload it again."
            )
        if other is not name:
            raise BrokenManifest(
                f"The columns “{other}” and “{name}” of the manifest have the same meaning. "
                "Rename or delete one of them, and upload it again."
            )
    if not meant.keys() & {"file", "url"}:
        raise BrokenManifest(
            "The manifest has neither a column “file” nor a column “url”. Name its columns in the "
            "first line and upload it again."
        )


def _csv_record(columns: list[str], row: list[str]) -> Record:
    """Return the cells under their columns' names, and the error of the others under None."""
    named = [(name, cell) for name, cell in zip(columns, row, strict=False) if name]
    record: dict[str | None, str] = dict(named)
    if any(map(str.strip, row[len(columns) :])):
        record[None] = "It has more cells than the table has columns."
    elif any(cell.strip() for name, cell in zip(columns, row, strict=False) if not name):
        record[None] = "It has a value in a column without a name."
    return record


def _dialect(start: str, told: re.Match[str] | None) -> type[csv.Dialect]:
    """Determine the delimiter from the first line, which contains no text.

    Spreadsheets state it in a line of its own, `sep=;`, and people write a space behind it.
    """
    line = next((one for one in start.splitlines() if one.strip(f"\ufeff \t{_DELIMITERS}")), "")

    class Found(csv.excel):
        delimiter = told[1] if told else max(_DELIMITERS, key=line.count)
        skipinitialspace = True

    return Found


def _json_objects(text: io.TextIOWrapper) -> Iterator[Record]:
    """Yield the records of JSON Lines, or of one object over any number of lines."""
    lines = (line for line in enumerate(lines_of(text), 1) if line[1].strip())
    number, first = next(lines)
    following = next(lines, None)
    if following is None:
        yield from _of_object(_json_record(first, f"line {number:,}"))
    elif following[1].lstrip().startswith("{"):
        yield _json_record(first, f"line {number:,}")
        for number, line in chain((following,), lines):
            yield _json_record(line, f"line {number:,}")
    else:
        text.seek(0)
        yield from _of_object(_json_record(_whole(text), "the object"))


def _of_object(found: Record) -> Iterator[Record]:
    """Yield the records of the one list in an object, or the object if it has none."""
    lists = {name: one for name, one in found.items() if isinstance(one, list)}
    if _names_something(found) or not lists:
        yield found
        return
    telling = {name: one for name, one in lists.items() if one and _names_something(one[0])}
    if len(telling or lists) > 1:
        names = ", ".join(f"“{str(name)[:80]}”" for name in telling or lists)
        raise BrokenManifest(
            f"The manifest has several lists: {names}. Upload only the one that names the files."
        )
    [records] = (telling or lists).values()
    yield from (_record(one, f"record {number:,}") for number, one in enumerate(records, 1))


def _names_something(record: Any) -> bool:
    names = record if isinstance(record, dict) else ()
    return any(_COLUMNS.get(str(name).strip().lower()) in ("file", "url") for name in names)


def _json_array(text: io.TextIOWrapper) -> Iterator[Record]:
    found = _parsed(_whole(text), "the array")
    yield from (_record(one, f"record {number:,}") for number, one in enumerate(found, 1))


def _whole(text: io.TextIOWrapper) -> str:
    whole = text.read(MAX_ARRAY + 1)
    if len(whole) > MAX_ARRAY:
        raise BrokenManifest(
            f"The manifest is larger than {readable_size(MAX_ARRAY)}. Write one record a line "
            "(JSON Lines) instead of one array or object, and upload it again."
        )
    return whole


def _json_record(line: str, where: str) -> Record:
    return _record(_parsed(line, where), where)


def _parsed(text: str, where: str) -> Any:
    text = text.strip("\ufeff")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if _NO_NUMBER.search(text):
            with suppress(ValueError, TypeError, RecursionError):
                # Again by orjson, which rejects values that cannot be stored.
                found = json.loads(text, parse_constant=lambda _: None)
                return orjson.loads(orjson.dumps(found))
        raise BrokenManifest(
            f"The manifest is not valid JSON, in {where}: {error}. Fix it and upload it again."
        ) from error


def _record(found: Any, where: str) -> Record:
    if isinstance(found, dict):
        return found
    raise BrokenManifest(
        f"The manifest must be a list of records such as {{“file”: …}}, but {where} is not one. "
        "Fix it and upload it again."
    )


def _row(number: int, record: Record) -> ManifestRow:
    row = ManifestRow(number)
    for name, value in record.items():
        if name is None:
            row.wrong["row"] = value
        elif value is not None and value != "":
            _set(row, str(name).strip(), value)
    if not row.file and not row.url:
        row.names_something = "file" in row.wrong
        nothing = f"Row {number + 1:,} has neither a file nor a URL."
        row.wrong = {"name": row.wrong.pop("file", nothing)} | row.wrong
    elif row.file and row.url:
        row.wrong["row"] = "It names a file and a URL. Remove one of them."
        row.url = ""
    reason = refusal_of_meta_data(row.meta_data)
    if reason is not None:
        row.wrong["row"] = f"Its metadata cannot be stored. {reason}"
        row.meta_data = {}
    return row


def _set(row: ManifestRow, name: str, value: Any) -> None:
    column = _COLUMNS.get(name.lower())
    if column is None:
        row.meta_data[name] = value
    elif column in ("test", "real"):
        _set_mark(row, column, value)
    elif not isinstance(value, str | int | float) or isinstance(value, bool):
        row.wrong[column] = f"Its {column} is not text."
    elif column == "url":
        _set_url(row, str(value).strip())
    elif column != "file" or plain_path(str(value)):
        _set_text(row, column, str(value).strip().replace("\x00", ""))


def _set_text(row: ManifestRow, column: str, text: str) -> None:
    limit = MAX_PATH if column == "file" else MAX_NAME
    if len(text) > limit:
        row.wrong[column] = f"Its {column} has more than {limit:,} characters. Shorten it."
    else:
        setattr(row, column, text)


def _set_url(row: ManifestRow, address: str) -> None:
    if address.lower().startswith(_FILE_URL):
        _set_text(row, "file", address.replace("\x00", ""))
        return
    reason = refusal_of_address(address)
    if "\x00" in address:
        address, reason = address.replace("\x00", ""), "Its URL contains a null character."
    # A refused one is only shown; a valid one is stored whole, however long.
    row.url = address[:MAX_PATH] if reason else address
    if reason is not None:
        row.wrong["url"] = reason


def _set_mark(row: ManifestRow, column: str, value: Any) -> None:
    if not isinstance(value, str | int | float):
        row.wrong[column] = f"Its {column} is not text. Write yes or no."
        return
    text = str(value).strip().lower().replace("\x00", "")
    if text in _YES | _NO:
        setattr(row, column, text in _YES)
    elif text:
        row.wrong[column] = f"Its {column} is “{text[:40]}”. Write yes or no."


def refusal_of_meta_data(meta_data: dict[str, Any]) -> str | None:
    """Return why a file cannot have this metadata, as a sentence, or None."""
    if not meta_data:
        return None
    if (reason := refusal_of_json(meta_data)) is not None:
        return reason
    if is_too_much(meta_data):
        return f"It is larger than {readable_size(MAX_META_DATA)}. Shorten it."
    return None


def is_too_much(meta_data: dict[str, Any]) -> bool:
    """Return whether it exceeds the limit of one file."""
    return len(orjson.dumps(meta_data)) > MAX_META_DATA


def plain_path(path: str) -> str:
    """Return a path with `/` as separator, whichever system wrote it."""
    path = path.strip()
    if path.lower().startswith(_FILE_URL):
        path = unquote(path[len(_FILE_URL) :]).replace("\x00", "")
    parts = (part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
    return "/".join(parts)
