"""Write the archive of a whole workspace: one ZIP of few members, whatever the workspace contains.

    likewise.json      kind and format, and the size and SHA-256 of each other member
    types.jsonl        and so on, one for each noun: a line of JSON for each row
    images/000000.zip  packs of up to 500 images: the images, images.jsonl, features.jsonl,
                       region_features.jsonl
    versions/ID/       the files of a trained version

Packs are ordinary ZIPs inside the ZIP: a ZIP's directory is held in memory, and one of a million
images would take gigabytes on either side. Images and packs are stored, lines are deflated.

Format 1, which can still be read, has no creation times and no features of regions.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Self

import orjson

from dashboard.files.exchange.transfer_rows import Row

FORMAT: Final = 3
FORMATS: Final = (1, 2, 3)  # that can be read
KIND: Final = "likewise-workspace"
MANIFEST: Final = "likewise.json"
PACK_IMAGES: Final = 500
PACK_META_DATA: Final = 64 * 1024 * 1024  # bytes: half of the limit for reading a pack


class _Hashed:
    """Counts and hashes what is written; zipfile sees a stream that cannot seek."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size, self.hash = 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.hash.update(data)
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


class TransferWriter:
    """Writes an archive; without `finish` it has no manifest, and is not accepted as one."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._members: dict[str, dict[str, Any]] = {}
        self._packs = 0
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a member from its bytes, piece by piece."""
        with self._member(name) as file:
            for chunk in chunks:
                file.write(chunk)

    def rows(self, noun: str, rows: Iterable[Row]) -> None:
        """Write and count the rows of a noun."""
        with self._member(f"{noun}.jsonl", zipfile.ZIP_DEFLATED) as file:
            for row in rows:
                file.write(_line(row))
                self._count(noun, 1)
        self._count(noun, 0)

    def pack(
        self,
        pictures: Iterable[tuple[Row, bytes]],
        features: Iterable[Row],
        region_features: Iterable[Row],
    ) -> None:
        """Write images with their stored bytes, and then their features."""
        name = f"images/{self._packs:06d}.zip"
        self._packs += 1
        images: list[Row] = []
        # Written directly into the outer archive: a pack is never whole in memory or in a file of
        # its own.
        with self._member(name) as file, zipfile.ZipFile(file, "w") as inner:  # type: ignore[call-overload]
            for row, picture in pictures:
                images.append(row)
                inner.writestr(picture_name(row), picture)
            self._lines(inner, "images", images)
            self._lines(inner, "features", features)
            self._lines(inner, "region_features", region_features)

    def _lines(self, archive: zipfile.ZipFile, noun: str, rows: Iterable[Row]) -> None:
        """Write and count rows one by one: an image may have any number of regions."""
        info = zipfile.ZipInfo(f"{noun}.jsonl")
        info.compress_type = zipfile.ZIP_DEFLATED
        self._count(noun, 0)
        with archive.open(info, "w", force_zip64=True) as file:
            for row in rows:
                file.write(_line(row))
                self._count(noun, 1)

    def finish(self, about: dict[str, Any]) -> None:
        """Write the manifest, which completes the archive."""
        manifest = {"kind": KIND, "format": FORMAT, **about}
        manifest |= {"counts": self.counts, "members": self._members}
        # Last: it has the checksums of all others, and an archive that was cut off has none.
        self._zip.writestr(MANIFEST, json.dumps(manifest, indent=1), zipfile.ZIP_DEFLATED)

    @contextmanager
    def _member(self, name: str, compression: int = zipfile.ZIP_STORED) -> Iterator[_Hashed]:
        info = zipfile.ZipInfo(name)
        info.compress_type = compression
        with self._zip.open(info, "w", force_zip64=True) as file:
            hashed = _Hashed(file)
            yield hashed
        self._members[name] = {"size": hashed.size, "sha256": hashed.hash.hexdigest()}

    def _count(self, noun: str, more: int) -> None:
        self.counts[noun] = self.counts.get(noun, 0) + more


def picture_name(row: Row) -> str:
    """Return the name of an image's file in its pack."""
    return f"{row['id']}.{row['extension']}"


def _line(row: Row) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
