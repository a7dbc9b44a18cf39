"""A folder on the disk, as only a disk is; and any other storage of Django."""

import io
import os
import time
from pathlib import Path

import pytest

from dashboard.files.store import storage

BACKEND = "dashboard.files.store.storage.AtomicFileSystemStorage"


def everything(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


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


def test_no_empty_folder_stays(folder):
    storage.write("a/b/1.jpg", b"x")
    storage.delete_all("a")
    assert not (folder / "a").exists()


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
