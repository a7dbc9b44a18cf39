"""Read an uploaded archive of a workspace, without trusting anything in it."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, Final, Self

from dashboard.files.archives.archives import open_zip
from dashboard.files.errors import BrokenTransfer, FileRefused, ForeignTransfer, TooManyPixels
from dashboard.files.exchange.transfer_rows import MOST_OF_A_LINE, Row, read_row
from dashboard.files.exchange.transfers import (
    FORMAT,
    FORMATS,
    KIND,
    MANIFEST,
    PACK_IMAGES,
    picture_name,
)
from dashboard.files.limits import configured_image_limits
from dashboard.files.store.faults import blaming_the_bytes
from dashboard.files.tables.json_values import count_values, text_has_more_values

_MOST_MEMBERS: Final = 200_000
_MOST_OF_A_MANIFEST: Final = 64 * 1024 * 1024
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_CHUNK: Final = 1024 * 1024
# Of a pack's images, and of their features, as lines: both are held in memory.
_MOST_OF_A_PACK: Final = 128 * 1024 * 1024
_MOST_VALUES_OF_A_PACK: Final = 2_000_000
_MOST_VALUES_OF_A_MANIFEST: Final = 1_000_000  # three for each of its members
_PACKED_AS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_ENCODERS: Final = 64  # with features of the same image
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError),
    *(LookupError, OverflowError, RuntimeError, MemoryError),
)


@dataclass(frozen=True)
class Pack:
    """Up to 500 images of an archive, with their rows, features and files."""

    images: list[Row]
    features: list[Row]
    _zip: zipfile.ZipFile

    def region_features(self) -> Iterator[Row]:
        """Yield the region features of the images, in any number; none in format 1."""
        if "region_features.jsonl" in self._zip.namelist():
            yield from _pack_rows("region_features", self._zip)

    def picture(self, row: Row) -> bytes:
        """Return the stored bytes of one of the images.

        Raises BrokenTransfer, and TooManyPixels before anything is read.
        """
        name = picture_name(row)
        most = self._most(row)
        data = _read(self._zip, name, most)
        # In addition to the manifest's checksums of whole packs: this ties the bytes to their row.
        if hashlib.sha256(data).hexdigest() != row["stored_sha256"]:
            raise BrokenTransfer(f"the image {name} is not the one that was exported")
        return data

    @staticmethod
    def _most(row: Row) -> int:
        """Return the most bytes that an image of this size can take in any encoding."""
        width, height = int(row["width"]), int(row["height"])
        most = configured_image_limits().pixels
        if width * height > most:
            raise TooManyPixels(most, width, height)
        # Four bytes a pixel, uncompressed, and room for headers: no encoding here takes more.
        return 4 * width * height + _CHUNK


class TransferReader:
    """Reads an uploaded archive. Everything that it returns was checked.

    Raises ForeignTransfer or BrokenTransfer when it is opened, and BrokenTransfer later.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        try:
            self._zip = open_zip(file, members=_MOST_MEMBERS)
            _judge_packing(self._zip)
        except FileRefused as error:
            raise ForeignTransfer(_FOREIGN) from error
        self.manifest = self._read_manifest()
        self.counts: dict[str, int] = self.manifest["counts"]
        self.members: dict[str, dict[str, Any]] = self.manifest["members"]
        names = [info.filename for info in self._zip.infolist()]
        # Lists, not sets: of two members with the same name, one could be checked and the other
        # read.
        if sorted(names) != sorted([*self.members, MANIFEST]):
            raise BrokenTransfer("it contains other files than it lists")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def check_sums(self) -> Iterator[int]:
        """Read every member whole and compare it with the manifest; yield the numbers of bytes."""
        for name, stated in self.members.items():
            size, digest = 0, hashlib.sha256()
            with _reading(name), self._zip.open(name) as member:
                # One byte more than stated is enough to know.
                while size <= stated["size"] and (chunk := member.read(_CHUNK)):
                    size += len(chunk)
                    digest.update(chunk)
                    yield len(chunk)
            if size != stated["size"] or digest.hexdigest() != stated["sha256"]:
                raise BrokenTransfer(f"{name} differs from what was exported")

    def rows(self, noun: str) -> Iterator[Row]:
        """Yield the rows of a noun in their order."""
        name = f"{noun}.jsonl"
        if name not in self.members:
            raise BrokenTransfer(f"{name} is missing")
        with _reading(name), self._zip.open(name) as file:
            yield from _rows(noun, file)

    def packs(self) -> Iterator[Pack]:
        """Yield the packs in their order, each open until the next one."""
        # Names have leading zeros, so that this is the order in which packs were written.
        for name in sorted(self.members):
            if name.startswith("images/"):
                with open_zip(self._window(name), members=2 * PACK_IMAGES) as inner:
                    _judge_packing(inner)
                    yield Pack(
                        images=_some("images", inner, PACK_IMAGES),
                        features=_some("features", inner, PACK_IMAGES * _MOST_ENCODERS),
                        _zip=inner,
                    )

    def read(self, name: str, most: int) -> bytes:
        """Return a member of at most `most` bytes."""
        return _read(self._zip, name, most)

    def _window(self, name: str) -> IO[bytes]:
        """Return a stored member as a file of its own: zipfile's own would seek by reading."""
        info = self._zip.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            raise BrokenTransfer(f"{name} is compressed, and exports are not")
        with _reading(name):
            self._file.seek(info.header_offset)
            header = self._file.read(_LOCAL_HEADER.size)
            _, name_size, extra_size = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name_size + extra_size
        return io.BufferedReader(_Window(self._file, start, info.file_size))

    def _read_manifest(self) -> dict[str, Any]:
        try:
            text = _read(self._zip, MANIFEST, _MOST_OF_A_MANIFEST)
            # Before it is parsed, which takes many times the memory of the text.
            if text_has_more_values(text, _MOST_VALUES_OF_A_MANIFEST):
                raise ForeignTransfer(_FOREIGN)
            manifest = json.loads(text)
        except (FileRefused, ValueError, RecursionError) as error:
            raise ForeignTransfer(_FOREIGN) from error
        if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
            raise ForeignTransfer(_FOREIGN)
        if manifest.get("format") not in FORMATS:
            raise ForeignTransfer(
                f"The archive has format {str(manifest.get('format'))[:20]}, and this "
                f"installation reads format {FORMAT}. Update the installation, then upload the "
                "archive again."
            )
        if not (_is_counts(manifest.get("counts")) and _is_members(manifest.get("members"))):
            raise BrokenTransfer("its manifest is not complete")
        return manifest


_FOREIGN: Final = (
    "This is not a complete archive of a workspace. Upload a file that was downloaded from "
    "“Export and import”."
)


def _judge_packing(archive: zipfile.ZipFile) -> None:
    """Refuse methods that exports do not use: an LZMA member sets its own memory use."""
    if any(info.compress_type not in _PACKED_AS for info in archive.infolist()):
        raise BrokenTransfer("it is packed differently from exports")


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        type(count) is int and count >= 0 for count in value.values()
    )


def _is_members(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(stated, dict)
        and type(stated.get("size")) is int
        and isinstance(stated.get("sha256"), str)
        for stated in value.values()
    )


def _pack_rows(noun: str, inner: zipfile.ZipFile) -> Iterator[Row]:
    with _reading(noun), inner.open(f"{noun}.jsonl") as file:
        yield from _rows(noun, file)


def _some(noun: str, inner: zipfile.ZipFile, most: int) -> list[Row]:
    """Return the rows of a pack, which are in memory together, within limits."""
    rows: list[Row] = []
    size = values = 0
    with _reading(noun), inner.open(f"{noun}.jsonl") as file:
        for line in _lines(noun, file):
            size += len(line)
            values += count_values(line)
            if len(rows) == most or size > _MOST_OF_A_PACK or values > _MOST_VALUES_OF_A_PACK:
                raise BrokenTransfer(f"a pack of it has more {noun} than allowed")
            # Checked line by line: the pack is refused as soon as it is too large, not once it is
            # built.
            rows.append(read_row(noun, line, len(rows) + 1))
    return rows


def _rows(noun: str, file: IO[bytes]) -> Iterator[Row]:
    for number, line in enumerate(_lines(noun, file), 1):
        yield read_row(noun, line, number)


def _lines(noun: str, file: IO[bytes]) -> Iterator[bytes]:
    number = 0
    # Bounded: otherwise a member without a line break would be read whole.
    while line := file.readline(MOST_OF_A_LINE + 1):
        number += 1
        if len(line) > MOST_OF_A_LINE:
            raise BrokenTransfer(f"line {number:,} of the {noun} is too long")
        yield line


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with _reading(name), archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise BrokenTransfer(f"{name} is larger than allowed")
    return data


def _reading(name: str) -> AbstractContextManager[None]:
    """Turn errors of zipfile into a refusal."""
    return blaming_the_bytes(_BROKEN, lambda: BrokenTransfer(f"{name} cannot be read"))


class _Window(io.RawIOBase):
    """A part of a file as a file of its own; it moves the position of the file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size = file, start, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
