"""Read the headers of hostile TARs: none is skipped, and none takes much memory.

`tarfile` silently ends an archive at a header that it cannot read, and stores whatever headers say
of holes, of names and of all later files, however much that is.
"""

import tarfile
from typing import Any, Final, Self

from dashboard.files.errors import ArchiveTooLarge, BrokenArchive
from dashboard.files.sizes import readable_size

_BLOCK: Final = tarfile.BLOCKSIZE
# The size of a header about a file besides its fixed part: paths need a few thousand bytes.
_MOST_SAID: Final = 64 * 1024
# Chained headers about the same file; writers need no more than four.
_MOST_CHAINED: Final = 32
_NOT_READ: Final = b""
# The fields of a pax header that are used: a file's name, its size, and whether it has holes.
_COUNTS: Final = frozenset({b"path", b"linkpath", b"size", b"GNU.sparse.name"})
_HAS_HOLES: Final = "GNU.sparse.major"
_TELL_OF_HOLES: Final = frozenset({b"GNU.sparse.map", b"GNU.sparse.size", b"GNU.sparse.major"})
_LENGTH_DIGITS: Final = 8


class _Header(tarfile.TarInfo):
    """A header; of a file with holes it only records that it has them."""

    @classmethod
    def fromtarfile(cls, tar: Any) -> Self:
        """Read the next header, with the headers about it. Raises BrokenArchive."""
        # tarfile reads a header about the next one recursively: a long chain would exceed Python's
        # recursion limit.
        tar.chained += 1
        if tar.chained > _MOST_CHAINED:
            raise BrokenArchive
        try:
            return super().fromtarfile(tar)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            # A TAR ends with two blocks of zeros. A single one may be a damaged header.
            if tar.fileobj.read(_BLOCK).strip(b"\0"):  # not the end, but a lost header
                raise BrokenArchive from None
            raise
        except tarfile.EmptyHeaderError:  # type: ignore[attr-defined]
            raise  # some writers omit the end
        except tarfile.HeaderError as error:
            raise BrokenArchive from error
        finally:
            tar.chained -= 1

    def _proc_gnulong(self, tar: Any) -> Any:
        _judge(self.size)
        return super()._proc_gnulong(tar)  # type: ignore[misc]

    def _proc_member(self, tar: Any) -> Any:
        if self.size < 0:  # it would lead back to bytes that were already read
            raise BrokenArchive
        return super()._proc_member(tar)  # type: ignore[misc]

    def _proc_pax(self, tar: Any) -> Any:
        """Read the fields of the next file, or of all later files.

        `tarfile` searches it for an encoding in a time that grows with the square of its length,
        and repeats for each file all fields that were ever set for all.
        """
        _judge(self.size)
        said = _said(tar.fileobj.read(self._block(self.size)), tar)  # type: ignore[attr-defined]
        is_of_all = self.type == tarfile.XGLTYPE
        if is_of_all:
            tar.said_of_all += self.size
            _judge(tar.said_of_all)
            tar.pax_headers.update(said)
        said = tar.pax_headers | said
        try:
            header = self.fromtarfile(tar)
        except tarfile.HeaderError as error:
            raise BrokenArchive from error
        if _HAS_HOLES in said:
            header.sparse = _NOT_READ
        if not is_of_all:
            self._tell(said, header, tar)
        return header

    def _tell(self, said: dict[str, str], header: Any, tar: Any) -> None:
        header._apply_pax_info(said, tar.encoding, tar.errors)
        header.offset = self.offset
        if "size" in said:
            has_bytes = header.isreg() or header.type not in tarfile.SUPPORTED_TYPES
            tar.offset = header.offset_data + (header._block(header.size) if has_bytes else 0)

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


class Tar(tarfile.TarFile):
    """A TAR for reading. Raises BrokenArchive, ArchiveTooLarge, and the errors of `tarfile`."""

    tarinfo = _Header
    chained = 0
    said_of_all = 0


def _said(data: bytes, tar: Any) -> dict[str, str]:
    """Return the used fields of a pax header. Raises BrokenArchive.

    Each record is its own length in digits, a space, a name, `=`, a value and a newline.
    """
    said, at = {}, 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + _LENGTH_DIGITS)
        # Digits are searched only in the first bytes: a header may consist of nothing else.
        digits = data[at:space] if space > 0 else b""
        end = at + int(digits) if digits.isdigit() else at
        name, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end <= space + 1 or not equals or data[end - 1 : end] != b"\n":
            raise BrokenArchive
        if name in _COUNTS:
            said[name.decode()] = _text(value, tar)
        elif name in _TELL_OF_HOLES:
            said[_HAS_HOLES] = ""
        at = end
    if not said.get("size", "0").isdecimal():
        raise BrokenArchive
    return said


def _text(value: bytes, tar: Any) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode(tar.encoding, tar.errors)


def _judge(size: int) -> None:
    if not 0 <= size <= _MOST_SAID:
        raise ArchiveTooLarge(f"a header of {readable_size(max(0, size))}")
