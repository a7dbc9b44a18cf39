import hashlib
import io
import os
import threading
import time
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.base import ContentFile

from dashboard.files import storage
from dashboard.files.errors import ArchiveTooLarge

BACKEND = "dashboard.files.storage.AtomicFileSystemStorage"


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.STORAGES = {"default": {"BACKEND": BACKEND, "OPTIONS": {"location": str(tmp_path)}}}
    return tmp_path


def everything(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_it_works(folder):
    storage.write("a/b/1.jpg", b"one")
    assert storage.read("a/b/1.jpg") == b"one"
    assert storage.exists("a/b/1.jpg")
    assert storage.size("a/b/1.jpg") == 3
    with storage.open("a/b/1.jpg") as file:
        file.seek(1)
        assert file.read() == b"ne"
    storage.delete("a/b/1.jpg")
    assert not storage.exists("a/b/1.jpg")
    assert everything(folder) == []


def test_the_same_name_is_written_again(folder):
    for content in (b"one", b"one", b"longer than one", b""):
        storage.write("1.jpg", content)
        assert storage.read("1.jpg") == content
    assert everything(folder) == ["1.jpg"]


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


def test_a_write_that_fails_leaves_nothing(folder):
    storage.write("1.jpg", b"before")
    with pytest.raises(OSError, match="No space"):
        storage.storages["default"].save("1.jpg", Failing(b""))
    with pytest.raises(OSError, match="No space"):
        storage.storages["default"].save("2.jpg", Failing(b""))
    assert everything(folder) == ["1.jpg"]
    assert storage.read("1.jpg") == b"before"


def test_a_file_is_never_seen_half_written(folder):
    seen = []

    class Slow(ContentFile):
        def chunks(self, chunk_size=None):
            for _ in range(3):
                yield b"x" * 1000
                seen.append(storage.exists("1.jpg"))

    storage.storages["default"].save("1.jpg", Slow(b""))
    assert seen == [False] * 3
    assert len(storage.read("1.jpg")) == 3000


def test_writers_side_by_side():
    contents = [bytes([n]) * 50_000 for n in range(8)]
    threads = [threading.Thread(target=storage.write, args=("1.jpg", c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.read("1.jpg") in contents


def test_a_durable_file_waits_for_the_disk(folder, settings, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_mode))
    storage.write("1.jpg", b"x")
    assert synced == []
    options = {"location": str(folder), "durable": True}
    settings.STORAGES = {"default": {"BACKEND": BACKEND, "OPTIONS": options}}
    storage.write("2.jpg", b"x")
    assert len(synced) == 2  # the file, then the folder that names it


def test_permissions_are_those_of_the_settings(folder, settings):
    settings.FILE_UPLOAD_PERMISSIONS = 0o640
    storage.write("1.jpg", b"x")
    assert Path(folder, "1.jpg").stat().st_mode & 0o777 == 0o640


# Streams


def test_a_stream_is_measured_on_the_way(folder):
    data = os.urandom(3_000_000)
    written = storage.write_stream("1.zip", io.BytesIO(data), limit=len(data))
    assert (written.size, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert storage.read("1.zip") == data


def test_a_stream_of_nothing(folder):
    assert storage.write_stream("1.zip", io.BytesIO(), limit=10).size == 0
    assert storage.read("1.zip") == b""


def test_a_stream_over_the_limit_leaves_nothing(folder):
    with pytest.raises(ArchiveTooLarge, match="100 bytes"):
        storage.write_stream("1.zip", io.BytesIO(bytes(101)), limit=100)
    assert everything(folder) == []


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


def test_names_of_a_folder(folder):
    for name in ("a/1.jpg", "a/b/2.jpg", "c/3.jpg"):
        storage.write(name, b"x")
    assert sorted(storage.names("a")) == ["a/1.jpg", "a/b/2.jpg"]
    assert [*storage.names("nothing")] == []


def test_a_folder_is_removed_with_everything_in_it(folder):
    for name in ("a/1.jpg", "a/b/c/2.jpg", "ab/3.jpg"):
        storage.write(name, b"x")
    assert storage.delete_all("a") == 2
    assert not (folder / "a").exists()
    assert storage.exists("ab/3.jpg")
    assert storage.delete_all("a") == 0


def test_what_a_killed_process_left_is_removed(folder):
    storage.write("1.jpg", b"x")
    old, young = folder / ".unfinished/old", folder / ".unfinished/young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert storage.remove_unfinished(older_than=3600) == 1
    assert everything(folder) == ["1.jpg", "young"]


# Other storages


def test_any_storage_will_do(settings):
    settings.STORAGES = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    storage.write("a/1.jpg", b"one")
    assert storage.read("a/1.jpg") == b"one"
    assert storage.write_stream("a/b/2.jpg", io.BytesIO(b"two"), limit=9).size == 3
    assert sorted(storage.names("a")) == ["a/1.jpg", "a/b/2.jpg"]
    assert storage.delete_all("a") == 2
    assert storage.remove_unfinished() == 0


def test_a_storage_that_keeps_both_files_is_refused(settings):
    settings.STORAGES = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    storage.write("1.jpg", b"one")
    with pytest.raises(FileExistsError, match="set up not to overwrite"):
        storage.write("1.jpg", b"two")
    assert storage.read("1.jpg") == b"one"


def test_an_uploaded_file_is_saved(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"uploaded")
    with source.open("rb") as file:
        storage.storages["default"].save("2.jpg", File(file))
    assert storage.read("2.jpg") == b"uploaded"
