"""Store bytes: in a folder on the disk by default, in a bucket or any storage by the settings.

A file is complete or absent. No function returns a path of the disk, since an object store has
none.
"""

from __future__ import annotations  # Django's File is generic for type checkers only

import contextlib
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast, runtime_checkable

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from dashboard.files.errors import ArchiveTooLarge
from dashboard.files.sizes import readable_size
from dashboard.files.store.entries import Entry

_ASIDE: Final = ".unfinished"
_CHUNK: Final = 1024 * 1024
_MAKING: Final = threading.Lock()


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes to a temporary file and renames it: under its name a file is always complete.

    The same name may be written again, and the last one to finish wins; readers keep the file that
    they opened. Files of killed processes stay in `.unfinished`, until `remove_unfinished` is
    called. With `durable` a file also survives a power cut, at the price of waiting for the disk.
    """

    def __init__(self, *args: Any, durable: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.durable = durable

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """Return the name unchanged: names come from ids, so the same name means the same file."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        # In the same file system as the target: only there is a rename atomic.
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
            # The folder usually exists. Creating it first would cost a system call for each file.
            aside.replace(target)
        except FileNotFoundError:
            aside.replace(_made_folder(target))
        if self.durable:
            # The name is in the folder: without this a power cut may keep the bytes and lose the
            # name.
            _sync_folder(target.parent)

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yield the entries of a folder and its subfolders, one folder in memory at a time."""
        yield from _walk(Path(self.path(folder)), folder.strip("/"))

    def delete_all(self, folder: str) -> int:
        """Delete a folder with its content; return how many files."""
        count = 0
        for entry in self.entries(folder):
            self.delete(entry.name)
            count += 1
        _delete_empty(Path(self.path(folder)))
        return count

    def unfinished(self, older_than: float) -> Iterator[Path]:
        """Yield unfinished files older than `older_than` seconds, which killed processes left."""
        for path in Path(self.path(_ASIDE)).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than:
                    yield path

    def remove_unfinished(self, older_than: float) -> int:
        """Delete unfinished files older than `older_than` seconds; return how many."""
        removed = 0
        for path in self.unfinished(older_than):
            path.unlink(missing_ok=True)
            removed += 1
        return removed

    def probe(self) -> None:
        """Do nothing: the system checks test whether the folder can be written."""


@runtime_checkable
class Kept(Protocol):
    """What our two storages support in addition to Django's interface."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yield the entries of a folder and its subfolders."""

    def delete_all(self, folder: str) -> int:
        """Delete a folder with its content; return how many files."""

    def unfinished(self, older_than: float) -> Iterator[object]:
        """Yield unfinished files older than `older_than` seconds."""

    def remove_unfinished(self, older_than: float) -> int:
        """Delete them; return how many."""

    def probe(self) -> None:
        """Raise `StorageAway` if it cannot be used."""


@dataclass(frozen=True, slots=True)
class Written:
    """A written file: its size in bytes and its SHA-256."""

    size: int
    sha256: str


def write(name: str, data: bytes) -> None:
    """Store bytes under this name, atomically; an existing file is replaced."""
    _save(name, ContentFile(data))


def write_stream(name: str, stream: IO[bytes], *, limit: int) -> Written:
    """Store a stream and hash it, with one chunk in memory at a time.

    Raises ArchiveTooLarge past `limit` bytes; then nothing is stored.
    """
    measured = _Measured(stream, limit)
    _save(name, File(cast("IO[bytes]", measured)))
    return Written(measured.count, measured.hash.hexdigest())


def write_from(name: str, stream: IO[bytes]) -> None:
    """Store a stream that bounds itself, with one chunk in memory at a time."""
    _save(name, File(stream))


def read(name: str) -> bytes:
    """Return the bytes under this name. Raises FileNotFoundError."""
    with _storage().open(name, "rb") as file:
        return cast("bytes", file.read())


def open(name: str) -> File[bytes]:  # noqa: A001  # reads as storage.open(name)
    """Open the file under this name for reading, seekable. Raises FileNotFoundError."""
    return _storage().open(name, "rb")


def size(name: str) -> int:
    """Return the size of a file in bytes. Raises FileNotFoundError."""
    return _storage().size(name)


def exists(name: str) -> bool:
    """Return whether a file has this name."""
    return _storage().exists(name)


def delete(name: str) -> None:
    """Delete the file under this name; a missing one is not an error."""
    _storage().delete(name)


def names(folder: str) -> Iterator[str]:
    """Yield the names of all files in a folder and its subfolders."""
    return (entry.name for entry in entries(folder))


def entries(folder: str = "") -> Iterator[Entry]:
    """Yield all files of a folder and its subfolders, or of the storage; never all in memory."""
    storage = _storage()
    return storage.entries(folder) if isinstance(storage, Kept) else _listed(storage, folder)


def delete_all(folder: str) -> int:
    """Delete a folder with its content; return how many files."""
    storage = _storage()
    if isinstance(storage, Kept):
        return storage.delete_all(folder)
    found = [*names(folder)]
    for name in found:
        delete(name)
    return len(found)


def count_unfinished(older_than: float) -> int:
    """Return the number of unfinished files older than `older_than` seconds."""
    storage = _storage()
    return sum(1 for _ in storage.unfinished(older_than)) if isinstance(storage, Kept) else 0


def remove_unfinished(older_than: float = 24 * 3600) -> int:
    """Delete unfinished files, if the storage can have any; return how many."""
    storage = _storage()
    return storage.remove_unfinished(older_than) if isinstance(storage, Kept) else 0


def probe() -> None:
    """Raise `StorageAway`, with a sentence, if the configured storage cannot be used."""
    storage = _storage()
    if isinstance(storage, Kept):
        storage.probe()


class _Measured:
    """Counts and hashes a stream while it is read, and stops it at a limit."""

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
    # Django's handler would make one for each thread that calls it before the first exists.
    with _MAKING:
        return storages["default"]


def _save(name: str, content: File[bytes]) -> None:
    saved = _storage().save(name, content)
    if saved != name:  # a storage that keeps both files: rows would name the old one
        _storage().delete(saved)
        raise FileExistsError(f"{name} exists, and the storage is set up not to overwrite files.")


def _listed(storage: Storage, folder: str) -> Iterator[Entry]:
    """Yield the entries of any storage of Django."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for file in files:
        name = f"{folder}/{file}".lstrip("/")
        yield Entry(name, storage.size(name), storage.get_modified_time(name).timestamp())
    for inner in folders:
        yield from _listed(storage, f"{folder}/{inner}".lstrip("/"))


def _walk(path: Path, name: str) -> Iterator[Entry]:
    try:
        with os.scandir(path) as found:
            # Sorted, as a bucket lists: the doctor merges this with rows sorted by name.
            inside = sorted(found, key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for one in inside:
        inner = f"{name}/{one.name}".lstrip("/")
        if inner == _ASIDE:
            continue
        with contextlib.suppress(FileNotFoundError):  # removed since the folder was read
            if one.is_dir(follow_symlinks=False):
                yield from _walk(path / one.name, inner)
            else:
                facts = one.stat()
                yield Entry(inner, facts.st_size, facts.st_mtime)


def _delete_empty(folder: Path) -> None:
    """Delete empty folders, from the innermost on; one that is written to meanwhile stays."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()


def _made_folder(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
