"""Where bytes are kept: a folder on the disk by default, any Django storage by the settings.

A file is there whole or not at all. Nothing here gives out a path of the disk, since an object
store has none.
"""

from __future__ import annotations  # Django's File is generic for type checkers only

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from .errors import ArchiveTooLarge, readable_size

_ASIDE: Final = ".unfinished"
_CHUNK: Final = 1024 * 1024


class AtomicFileSystemStorage(FileSystemStorage):
    """Write aside, rename last: under its name a file is always complete.

    The same name may be written again, and the last one to finish wins; readers keep what they
    opened. What a killed process leaves lies in `.unfinished`, until `remove_unfinished` is called.
    With `durable` a file also survives a power cut, at the price of waiting for the disk.
    """

    def __init__(self, *args: Any, durable: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.durable = durable

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """Return the name as it is: names come from ids, so the same name means the same file."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        aside = Path(self.path(f"{_ASIDE}/{uuid.uuid4().hex}"))
        try:
            self._write_aside(aside, content)
            self._put_in_place(aside, target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return Path(name).as_posix()

    def _write_aside(self, aside: Path, content: File[bytes]) -> None:
        with _made_folder(aside).open("xb") as file:
            for chunk in content.chunks(_CHUNK):
                file.write(chunk)
            if self.durable:
                file.flush()
                os.fsync(file.fileno())
        if self.file_permissions_mode is not None:
            aside.chmod(self.file_permissions_mode)

    def _put_in_place(self, aside: Path, target: Path) -> None:
        try:
            aside.replace(target)
        except FileNotFoundError:
            aside.replace(_made_folder(target))
        if self.durable:
            _sync_folder(target.parent)

    def remove_unfinished(self, older_than: float) -> int:
        """Remove what killed processes left aside more than so many seconds ago; count it."""
        removed = 0
        for path in Path(self.path(_ASIDE)).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than:
                    path.unlink()
                    removed += 1
        return removed


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: its size in bytes and its SHA-256."""

    size: int
    sha256: str


def write(name: str, data: bytes) -> None:
    """Store the bytes under this name, whole or not at all; what was there before is replaced."""
    _save(name, ContentFile(data))


def write_stream(name: str, stream: IO[bytes], *, limit: int) -> Written:
    """Store what the stream holds, hashing it on the way; never more than a chunk is in memory.

    Raises ArchiveTooLarge past `limit` bytes; then nothing is stored.
    """
    measured = _Measured(stream, limit)
    _save(name, File(cast("IO[bytes]", measured)))
    return Written(measured.count, measured.hash.hexdigest())


def write_from(name: str, stream: IO[bytes]) -> None:
    """Store what the stream holds, which bounds itself; never more than a chunk is in memory."""
    _save(name, File(stream))


def read(name: str) -> bytes:
    """Return the bytes under this name. Raises FileNotFoundError."""
    with _storage().open(name, "rb") as file:
        return cast("bytes", file.read())


def open(name: str) -> File[bytes]:  # noqa: A001  # reads as storage.open(name)
    """Open the file under this name for reading, seekable. Raises FileNotFoundError."""
    return _storage().open(name, "rb")


def size(name: str) -> int:
    """Return how many bytes are under this name. Raises FileNotFoundError."""
    return _storage().size(name)


def exists(name: str) -> bool:
    """Tell whether there is a file under this name."""
    return _storage().exists(name)


def delete(name: str) -> None:
    """Remove the file under this name; one that is not there is no error."""
    _storage().delete(name)


def names(folder: str) -> Iterator[str]:
    """Yield the names of all files in a folder and below."""
    try:
        folders, files = _storage().listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}" for file in files)
    for inner in folders:
        yield from names(f"{folder}/{inner}")


def delete_all(folder: str) -> int:
    """Remove a folder with everything in it; return how many files that were."""
    count = 0
    for name in [*names(folder)]:
        delete(name)
        count += 1
    _delete_empty(folder)
    return count


def remove_unfinished(older_than: float = 24 * 3600) -> int:
    """Remove what killed processes left behind, where the storage can have such; count it."""
    storage = _storage()
    if not isinstance(storage, AtomicFileSystemStorage):
        return 0
    return storage.remove_unfinished(older_than)


class _Measured:
    """Count and hash a stream while it is read, and stop it at a limit."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit = stream, limit
        self.count, self.hash = 0, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(_CHUNK if size is None or size < 0 else size)
        self.count += len(data)
        if self.count > self._limit:
            raise ArchiveTooLarge(f"more than {readable_size(self._limit)}")
        self.hash.update(data)
        return data


def _storage() -> Storage:
    return storages["default"]


def _save(name: str, content: File[bytes]) -> None:
    saved = _storage().save(name, content)
    if saved != name:  # a storage that is set up to keep both files: rows would point to the old
        _storage().delete(saved)
        raise FileExistsError(f"{name} exists, and the storage is set up not to overwrite files.")


def _delete_empty(folder: str) -> None:
    storage = _storage()
    if isinstance(storage, FileSystemStorage):  # an object store has no folders
        with contextlib.suppress(FileNotFoundError):
            for inner in storage.listdir(folder)[0]:
                _delete_empty(f"{folder}/{inner}")
            storage.delete(folder)


def _made_folder(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
