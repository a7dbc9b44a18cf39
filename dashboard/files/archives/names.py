"""Decode the names of the files of an archive, whatever program wrote it."""

import struct
import unicodedata
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Final

from dashboard.files.archives.code_pages import ESCAPED, Guess, guess

# APPNOTE 4.6.9: the extra field with the name in UTF-8.
_UNICODE_PATH: Final = 0x7075


class Names:
    """Decodes the names of one archive; those without a stated encoding share one code page.

    It is guessed from all of them when the first one is decoded, unless it is given. `legacy`
    returns the names of the whole archive that are not UTF-8.
    """

    def __init__(self, code_page: str, legacy: Callable[[], Generator[bytes]]) -> None:
        self._code_page, self._legacy = code_page, legacy
        self.guess: Guess | None = None

    def text(self, raw: bytes) -> str:
        """Return a name as its packer meant it, with composed accents.

        macOS and others write UTF-8 without saying so; text in a code page is hardly ever valid
        UTF-8.
        """
        try:
            return composed_name(raw.decode())
        except UnicodeDecodeError:
            page = self._page()
        # Each folder separately: no broken character consumes the slash behind it.
        return composed_name("/".join(part.decode(page, ESCAPED) for part in raw.split(b"/")))

    def _page(self) -> str:
        if not self._code_page:
            with closing(self._legacy()) as names:
                self.guess = guess(names)
            self._code_page = self.guess.code_page
        return self._code_page


class Twins:
    """Separates files whose names differ as bytes but are equal as text."""

    def __init__(self) -> None:
        # Hashes in place of names: 200,000 paths would take tens of megabytes. The hashes of texts
        # are seeded for each process, so nobody can make two paths collide.
        self._raw: dict[int, int] = {}
        self._next: dict[int, int] = {}

    def told_apart(self, parts: tuple[str, ...], raw: bytes) -> tuple[str, ...]:
        """Return the path, with a number if a file with another raw name already has it."""
        wanted, key, own = parts, hash(parts), hash(raw)
        number = self._next.get(key, 2)
        while self._raw.setdefault(hash(parts), own) != own:
            parts, number = _numbered(wanted, number), number + 1
            self._next[key] = number
        return parts


def _numbered(parts: tuple[str, ...], number: int) -> tuple[str, ...]:
    stem, dot, extension = parts[-1].rpartition(".")
    name = f"{stem} ({number}).{extension}" if stem and dot else f"{parts[-1]} ({number})"
    return (*parts[:-1], name)


def composed_name(name: str) -> str:
    """Return the name with composed accents, and without characters that cannot be encoded."""
    # Lone surrogates: JSON and both databases refuse them.
    name = name.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", name)


def unicode_path(extra: bytes, raw: bytes) -> bytes:
    """Return the UTF-8 name that Info-ZIP, 7-Zip and WinRAR write beside `raw`, or empty bytes.

    It counts only while the checksum of the raw name matches: a program that renamed the file may
    not have updated it (APPNOTE 4.6.9).
    """
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        said, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(said) > 5 and said[0] == 1:
            name = said[5:]
            fits = int.from_bytes(said[1:5], "little") == zlib.crc32(raw)
            return name if fits and is_utf8(name) else b""
    return b""


def is_utf8(raw: bytes) -> bool:
    """Return whether the bytes are valid UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
