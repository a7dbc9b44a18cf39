"""An outage of the place where bytes lie is never taken for damage of the bytes."""

import bz2
import errno
import gzip
import io
import tarfile
import zipfile
from itertools import chain

import pytest

from dashboard.files.archives.archives import open_archive
from dashboard.files.errors import FileRefused, StorageAway, UnreadableMember
from dashboard.files.exchange.transfer_reading import TransferReader
from dashboard.files.exchange.transfers import TransferWriter

OUTAGES = [
    StorageAway("The store does not answer."),
    FileNotFoundError("There is no such object."),
    OSError(errno.EMFILE, "Too many open files"),
    OSError(errno.EIO, "Input/output error"),
    MemoryError(),
    TimeoutError("timed out"),
]


class Failing(io.BytesIO):
    """A file that fails from some reading on."""

    def __init__(self, data, error, after=0):
        super().__init__(data)
        self.error, self.left = error, after

    def read(self, size=-1):
        if self.left == 0:
            raise self.error
        self.left -= 1
        return super().read(size)


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.jpg", bytes(range(256)) * 40)
    return file.getvalue()


def tarred(mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for number in range(3):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.size = 10_240
            archive.addfile(info, io.BytesIO(bytes(range(256)) * 40))
    return file.getvalue()


def read_all(file):
    with open_archive(file) as archive:
        return [archive.read(member) for member in [*archive.members()]]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: f"{error!r}")
@pytest.mark.parametrize("pack", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_is_not_to_blame(pack, error):
    data = zipped() if pack == "zip" else tarred(pack)
    for after in chain(range(20), range(20, 1000, 7)):
        file = Failing(data, error, after)
        try:
            contents = read_all(file)
        except type(error):
            continue
        else:
            assert len(contents) == 3
            assert after > 2
            return


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: f"{error!r}")
def test_an_archive_of_a_workspace_is_not_to_blame(tmp_path, error):
    path = tmp_path / "workspace.zip"
    with TransferWriter(path) as writer:
        writer.rows("encoders", [{"key": "plain", "name": "Plain"}] * 3000)
        writer.pack([], [], [])
        writer.finish({})
    for after in chain(range(20), range(20, 1000, 7)):
        try:
            with TransferReader(Failing(path.read_bytes(), error, after)) as archive:
                assert sum(archive.check_sums()) > 0
                assert len([*archive.rows("encoders")]) == 3000
                assert [pack.images for pack in archive.packs()] == [[]]
        except type(error):
            continue
        else:
            assert after > 2
            return


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_bytes_that_make_no_sense_are(pack):
    data = bytearray(pack(tarred()))
    data[60:90] = b"\xff" * 30
    with pytest.raises(FileRefused):
        read_all(io.BytesIO(bytes(data)))


def test_a_place_that_no_file_has_is_damage(tmp_path):
    """A system's file has a number for it, which is none of an outage."""
    path = tmp_path / "broken.zip"
    data = bytearray(zipped())
    end = data.rindex(b"PK\x05\x06")
    data[end + 16 : end + 20] = b"\xff\xff\xff\x0f"
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(UnreadableMember):
        read_all(file)
