import hashlib
import io
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.base import ContentFile

from dashboard.files.errors import ArchiveTooLarge
from dashboard.files.store import storage


class Place:
    """Where files are kept, and everything that lies there."""

    def __init__(self, where):
        self.where = where

    def everything(self):
        if isinstance(self.where, Path):
            return sorted(path.name for path in self.where.rglob("*") if path.is_file())
        assert not self.where.unfinished()
        return sorted(key.rpartition("/")[2] for key in self.where.names())


@pytest.fixture(params=["folder", "bucket"], autouse=True)
def place(request):
    return Place(request.getfixturevalue(request.param))


def everything(place):
    return place.everything()


def test_it_works(place):
    storage.write("a/b/1.jpg", b"one")
    assert storage.read("a/b/1.jpg") == b"one"
    assert storage.exists("a/b/1.jpg")
    assert storage.size("a/b/1.jpg") == 3
    with storage.open("a/b/1.jpg") as file:
        file.seek(1)
        assert file.read() == b"ne"
    storage.delete("a/b/1.jpg")
    assert not storage.exists("a/b/1.jpg")
    assert everything(place) == []


def test_the_same_name_is_written_again(place):
    for content in (b"one", b"one", b"longer than one", b""):
        storage.write("1.jpg", content)
        assert storage.read("1.jpg") == content
    assert everything(place) == ["1.jpg"]


def test_a_missing_file():
    storage.delete("nothing.jpg")
    assert not storage.exists("nothing.jpg")
    for read in (storage.read, storage.open, storage.size):
        with pytest.raises(FileNotFoundError):
            read("nothing.jpg")


@pytest.mark.parametrize("name", ["../1.jpg", "a/../../1.jpg", "/etc/1.jpg"])
def test_a_name_outside_is_refused(name):
    with pytest.raises(SuspiciousFileOperation):
        storage.write(name, b"x")


class Failing(ContentFile):
    """Give one chunk, then fail like a disk that is full."""

    def chunks(self, chunk_size=None):
        yield b"half"
        raise OSError(28, "No space left on device")

    def read(self, size=-1):
        return next(self._halves)

    @property
    def _halves(self):
        return self.__dict__.setdefault("_made", self.chunks())


def test_a_write_that_fails_leaves_nothing(place):
    storage.write("1.jpg", b"before")
    with pytest.raises(OSError, match="No space"):
        storage.storages["default"].save("1.jpg", Failing(b""))
    with pytest.raises(OSError, match="No space"):
        storage.storages["default"].save("2.jpg", Failing(b""))
    assert everything(place) == ["1.jpg"]
    assert storage.read("1.jpg") == b"before"


def test_a_file_is_never_seen_half_written(place):
    seen = []

    class Slow(io.BytesIO):
        def read(self, size=-1):
            seen.append(storage.exists("1.zip"))
            return super().read(size)

    data = os.urandom(20 << 20)
    storage.write_stream("1.zip", Slow(data), limit=len(data))
    assert len(seen) > 20
    assert not any(seen)
    assert storage.read("1.zip") == data


def test_writers_side_by_side():
    contents = [bytes([n]) * 50_000 for n in range(8)]
    threads = [threading.Thread(target=storage.write, args=("1.jpg", c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.read("1.jpg") in contents


# Streams


def test_a_stream_is_measured_on_the_way(place):
    data = os.urandom(3_000_000)
    written = storage.write_stream("1.zip", io.BytesIO(data), limit=len(data))
    assert (written.size, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert storage.read("1.zip") == data


def test_a_stream_of_nothing(folder):
    assert storage.write_stream("1.zip", io.BytesIO(), limit=10).size == 0
    assert storage.read("1.zip") == b""


def test_a_stream_over_the_limit_leaves_nothing(place):
    with pytest.raises(ArchiveTooLarge, match="100 bytes"):
        storage.write_stream("1.zip", io.BytesIO(bytes(101)), limit=100)
    assert everything(place) == []


def test_a_stream_is_read_in_chunks():
    sizes = []

    class Watched(io.BytesIO):
        def read(self, size=-1):
            sizes.append(size)
            return super().read(size)

    storage.write_stream("1.zip", Watched(bytes(3 << 20)), limit=4 << 20)
    assert max(sizes) <= 1 << 20
    assert min(sizes) > 0


# Folders


def test_names_of_a_folder(place):
    for name in ("a/1.jpg", "a/b/2.jpg", "c/3.jpg"):
        storage.write(name, b"x")
    assert sorted(storage.names("a")) == ["a/1.jpg", "a/b/2.jpg"]
    assert [*storage.names("nothing")] == []


def test_what_is_known_of_each_file(place):
    before = time.time()
    storage.write("a/1.jpg", b"x")
    storage.write("b/2.jpg", b"four")
    one, two = storage.entries()
    assert [(one.name, one.size), (two.name, two.size)] == [("a/1.jpg", 1), ("b/2.jpg", 4)]
    assert before - 2 <= one.modified <= time.time() + 2


def test_a_folder_is_removed_with_everything_in_it(place):
    for name in ("a/1.jpg", "a/b/c/2.jpg", "ab/3.jpg"):
        storage.write(name, b"x")
    assert storage.delete_all("a") == 2
    assert everything(place) == ["3.jpg"]
    assert storage.exists("ab/3.jpg")
    assert storage.delete_all("a") == 0


# Reading as a ZIP is read


def test_an_archive_is_read_from_the_middle(place):
    members = {f"{n}.bin": os.urandom(200_000) for n in range(20)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    storage.write("1.zip", packed.getvalue())
    with storage.open("1.zip") as file, zipfile.ZipFile(file) as archive:
        for name in reversed(members):
            assert archive.read(name) == members[name]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 5_000_000])
def test_any_length_is_read_whole_and_in_pieces(place, size):
    data = os.urandom(size)
    storage.write("1.bin", data)
    assert storage.read("1.bin") == data
    with storage.open("1.bin") as file:
        pieces = [*iter(lambda: file.read(70_001), b"")]
        assert b"".join(pieces) == data
        assert {len(piece) for piece in pieces[:-1]} <= {70_001}
        assert file.read(1) == b""
        assert file.seek(-min(size, 3), io.SEEK_END) == max(0, size - 3)
        assert file.read() == data[-3:]


def test_an_uploaded_file_is_saved(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"uploaded")
    with source.open("rb") as file:
        storage.storages["default"].save("2.jpg", File(file))
    assert storage.read("2.jpg") == b"uploaded"
