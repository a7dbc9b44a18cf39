"""The files of an archive: what they are called, which are refused, which group each names."""

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_JUNK_FOLDERS: Final = frozenset({"__MACOSX"})
_JUNK_FILES: Final = frozenset({"thumbs.db", "desktop.ini"})
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. `parts` are its folders and its name.

    `size` and `compressed_size` are what the archive claims. `refusal` is a sentence for people
    if the file cannot be taken; its name may then be anything.
    """

    index: int
    parts: tuple[str, ...]
    size: int
    compressed_size: int
    refusal: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the file, without its folders."""
        return self.parts[-1]

    @property
    def folder(self) -> str:
        """Return the folders above it, joined by `/`; empty at the top."""
        return "/".join(self.parts[:-1])

    @property
    def path(self) -> str:
        """Return folders and name, as people know the file."""
        return "/".join(self.parts)


def common_folder(members: Iterable[Member]) -> str | None:
    """Return the top folder into which everything was packed, if it is no more than a wrapper.

    It is one if all files lie in it and at least one lies deeper: `photos/red/1.jpg` and
    `photos/blue/2.jpg` share the wrapper `photos`. If all lie directly in it, it is a group.
    """
    top: str | None = None
    deeper = False
    for member in members:
        if len(member.parts) < 2 or (top is not None and member.parts[0] != top):
            return None
        top = member.parts[0]
        deeper = deeper or len(member.parts) > 2
    return top if deeper else None


def group_name(parts: tuple[str, ...], common: str | None) -> str | None:
    """Return the group that a file's folders name: all of them below the wrapper; None without.

    `("photos", "shoes", "red", "1.jpg")` below `"photos"` is in group `shoes/red`.
    """
    folders = parts[:-1]
    if common is not None and folders[:1] == (common,):
        folders = folders[1:]
    return "/".join(folders) or None


def decoded_name(name: str, *, is_utf8: bool) -> str:
    """Return the name as its packer meant it, accents composed; `name` as zipfile read it."""
    if not is_utf8:
        # macOS writes UTF-8 and does not say so; text in the old code page is hardly ever UTF-8.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name)


def refusal_of_path(raw: str, parts: tuple[str, ...]) -> str | None:
    """Return why a path cannot be taken, as a sentence; None if it can."""
    if _CONTROL.search(raw):
        return "Its name holds invisible characters. Rename it and pack it again."
    if "\\" in raw:
        return "Its path is written with backslashes. Pack it again with a current program."
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in parts:
        return "Its path leads out of the archive. Pack the folder again from inside."
    return None if raw.strip("./") else "It has no name. Give it one and pack it again."


def is_junk(parts: tuple[str, ...]) -> bool:
    """Tell whether a system put the file there, not a person."""
    # What leads upwards is no hidden file but an attack, and is shown.
    hidden = any(part.startswith(".") and not part.startswith("..") for part in parts)
    return hidden or parts[0] in _JUNK_FOLDERS or parts[-1].lower() in _JUNK_FILES
