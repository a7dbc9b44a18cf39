"""The files of an archive: what they are called, which are refused, which group each names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NO_FILE: Final = "It is a link or a device, not a file. Pack the file itself."
DAMAGED: Final = "The file is damaged in the archive. Pack it again or upload it separately."


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


class Wrapper:
    """Find the top folder into which everything was packed, while the files go by.

    It is no more than a wrapper if all files lie in it and at least one lies deeper:
    `photos/red/1.jpg` and `photos/blue/2.jpg` share the wrapper `photos`. If all lie directly in
    it, it is a group.
    """

    def __init__(self) -> None:
        self._tops: set[str] = set()
        self._deeper = self._loose = False

    def see(self, parts: tuple[str, ...]) -> None:
        """Take one more file into account."""
        self._loose = self._loose or len(parts) < 2
        self._deeper = self._deeper or len(parts) > 2
        # Two are enough to know; an archive may have a hundred thousand.
        if len(self._tops) < 2:
            self._tops.add(parts[0])

    @property
    def folder(self) -> str | None:
        """Return the wrapper of all that was seen, if there is one."""
        is_one = self._deeper and not self._loose and len(self._tops) == 1
        return next(iter(self._tops)) if is_one else None


def common_folder(members: Iterable[Member]) -> str | None:
    """Return the wrapper of all members, if there is one."""
    wrapper = Wrapper()
    for member in members:
        wrapper.see(member.parts)
    return wrapper.folder


def group_name(parts: tuple[str, ...], common: str | None) -> str | None:
    """Return the group that a file's folders name: all of them below the wrapper; None without.

    `("photos", "shoes", "red", "1.jpg")` below `"photos"` is in group `shoes/red`.
    """
    folders = parts[:-1]
    if common is not None and folders[:1] == (common,):
        folders = folders[1:]
    return "/".join(folders) or None


def refusal_of_path(raw: str, parts: tuple[str, ...]) -> str | None:
    """Return why a path cannot be taken, as a sentence; None if it can."""
    if _CONTROL.search(raw):
        return "Its name contains invisible characters. Rename it and pack it again."
    # Those of DOS and Windows were turned into slashes before; here it may be a letter of a name.
    if "\\" in raw:
        return "Its path is written with backslashes. Pack it again with a current program."
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in parts:
        return "Its path leads outside the archive. Pack the folder again from inside."
    return None if raw.strip("./") else "It has no name. Name it and pack it again."


def path_parts(raw: str) -> tuple[str, ...]:
    """Split a path of an archive into its folders and the name; one of nothing stays as it is."""
    return tuple(part for part in raw.split("/") if part not in ("", ".")) or (raw,)
