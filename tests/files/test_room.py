"""The reserve of the disk, and the ballast that goes when the disk is full."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from dashboard.files.errors import DiskLow
from dashboard.files.store import room

MB = 1 << 20


class Disk:
    """What the system says of the disk; what lies in the data folder is really there."""

    def __init__(self, folder: Path, free: int) -> None:
        self.free = free
        self._folder = folder

    def statvfs(self, _path: object) -> SimpleNamespace:
        used = sum(path.stat().st_size for path in self._folder.glob("ballast*"))
        return SimpleNamespace(f_bavail=self.free - used, f_frsize=1)


@pytest.fixture
def disk(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Disk:
    settings.LIKEWISE_RESERVE_DISK = 16 * MB
    made = Disk(tmp_path, 100 * MB)
    monkeypatch.setattr(os, "statvfs", made.statvfs)
    return made


def test_below_the_reserve_all_is_refused(disk: Disk, settings: Settings) -> None:
    room.refuse_if_low()
    disk.free = 16 * MB - 1
    with pytest.raises(DiskLow, match=r"has 16.8 MB of disk space left and keeps 16.8 MB free"):
        room.refuse_if_low()
    settings.LIKEWISE_RESERVE_DISK = 0
    room.refuse_if_low()


def test_the_ballast_goes_when_the_disk_is_full_and_comes_back(disk: Disk, tmp_path: Path) -> None:
    ballast = tmp_path / "ballast"
    room.keep_ballast()
    assert ballast.stat().st_size == room.size() == MB
    assert ballast.stat().st_blocks * 512 >= MB  # it really takes the room
    disk.free = 2 * MB
    room.release_if_full()
    assert ballast.exists()
    disk.free = 2 * MB - 1
    room.release_if_full()
    assert not ballast.exists()
    disk.free = 4 * MB - 1
    room.keep_ballast()
    assert not ballast.exists()
    disk.free = 4 * MB
    room.keep_ballast()
    assert ballast.exists()
    assert [path.name for path in tmp_path.glob("ballast*")] == ["ballast"]


def test_without_a_reserve_there_is_no_ballast(
    disk: Disk, settings: Settings, tmp_path: Path
) -> None:
    settings.LIKEWISE_RESERVE_DISK = 0
    room.keep_ballast()
    disk.free = 0
    room.release_if_full()
    assert not (tmp_path / "ballast").exists()


def test_a_ballast_that_cannot_be_laid_is_no_trouble(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    room.keep_ballast()
    assert not [*tmp_path.glob("ballast*")]
