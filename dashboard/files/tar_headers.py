"""The headers of a TAR as others may write them: none is passed over, and none takes much memory.

`tarfile` ends an archive in silence at a header that it cannot read, and keeps what it is told of
holes, of names and of all files to come, however much that is.
"""

import tarfile
from typing import Any, Final, Self

from .errors import ArchiveTooLarge, BrokenArchive, readable_size

_BLOCK: Final = tarfile.BLOCKSIZE
# What a header may say of a file beside its fixed part: paths need a few thousand bytes.
_MOST_SAID: Final = 64 * 1024
# Headers that speak of the same file, one before the other; writers need no more than four.
_MOST_CHAINED: Final = 32
_NOT_READ: Final = b""


class _Header(tarfile.TarInfo):
    """A header; of a file with holes it says no more than that it is one."""

    @classmethod
    def fromtarfile(cls, tar: Any) -> Self:
        """Read the next header, with those that speak of it. Raises BrokenArchive."""
        tar.chained += 1
        if tar.chained > _MOST_CHAINED:
            raise BrokenArchive
        try:
            return super().fromtarfile(tar)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            if tar.fileobj.read(_BLOCK).strip(b"\0"):  # no end, but a header that was lost
                raise BrokenArchive from None
            raise
        except tarfile.EmptyHeaderError:  # type: ignore[attr-defined]
            raise  # some writers leave the end out
        except tarfile.HeaderError as error:
            raise BrokenArchive from error
        finally:
            tar.chained -= 1

    def _proc_gnulong(self, tar: Any) -> Any:
        _judge(self.size)
        return super()._proc_gnulong(tar)  # type: ignore[misc]

    def _proc_pax(self, tar: Any) -> Any:
        _judge(self.size)
        if self.type == tarfile.XGLTYPE:
            tar.said_of_all += self.size
            _judge(tar.said_of_all)
        return super()._proc_pax(tar)  # type: ignore[misc]

    def _proc_sparse(self, tar: Any) -> Self:
        _, goes_on, _ = self._sparse_structs  # type: ignore[attr-defined]
        while goes_on:
            block = tar.fileobj.read(_BLOCK)
            if len(block) < _BLOCK:
                raise BrokenArchive
            goes_on = bool(block[504])
        self.sparse = _NOT_READ
        self.offset_data = tar.fileobj.tell()
        tar.offset = self.offset_data + self._block(self.size)  # type: ignore[attr-defined]
        return self

    def _proc_gnusparse_00(self, header: tarfile.TarInfo, *_: Any) -> None:
        header.sparse = _NOT_READ

    _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_gnusparse_00


class Tar(tarfile.TarFile):
    """A TAR that is read. Raises BrokenArchive, ArchiveTooLarge, and what `tarfile` raises."""

    tarinfo = _Header
    chained = 0
    said_of_all = 0


def _judge(size: int) -> None:
    if not 0 <= size <= _MOST_SAID:
        raise ArchiveTooLarge(f"a header of {readable_size(max(0, size))}")
