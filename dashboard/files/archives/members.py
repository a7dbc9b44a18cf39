"""Define the files of an archive: their names, refusals, and groups."""

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

    `size` and `compressed_size` are what the archive states. `refusal` is a sentence for people if
    the file cannot be read; its name may then be anything.
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
        """Return its folders, joined by `/`; empty at the top."""
        return "/".join(self.parts[:-1])

    @property
    def path(self) -> str:
        """Return folders and name, as shown to people."""
        return "/".join(self.parts)


class Wrapper:
    """Find the top folder that contains all files, while they are listed.

    It is a mere wrapper if all files are in it and at least one is in a subfolder:
    `photos/red/1.jpg` and `photos/blue/2.jpg` share the wrapper `photos`. If all are directly in
    it, it is a group.
    """

    def __init__(self) -> None:
        self._tops: set[str] = set()
        self._deeper = self._loose = False

    def see(self, parts: tuple[str, ...]) -> None:
        """Register one more file."""
        self._loose = self._loose or len(parts) < 2
        self._deeper = self._deeper or len(parts) > 2
        # Two are enough; an archive may have a hundred thousand.
        if len(self._tops) < 2:
            self._tops.add(parts[0])

    @property
    def folder(self) -> str | None:
        """Return the wrapper of all registered files, or None."""
        is_one = self._deeper and not self._loose and len(self._tops) == 1
        return next(iter(self._tops)) if is_one else None


def common_folder(members: Iterable[Member]) -> str | None:
    """Return the wrapper of all members, or None."""
    wrapper = Wrapper()
    for member in members:
        wrapper.see(member.parts)
    return wrapper.folder


def group_name(parts: tuple[str, ...], common: str | None) -> str | None:
    """Return the group of a file: its folders below the wrapper, or None.

    `("photos", "shoes", "red", "1.jpg")` below `"photos"` is in group `shoes/red`.
    """
    folders = parts[:-1]
    if common is not None and folders[:1] == (common,):
        folders = folders[1:]
    return "/".join(folders) or None


def refusal_of_path(raw: str, parts: tuple[str, ...]) -> str | None:
    """Return why a path is refused, as a sentence, or None."""
    if _CONTROL.search(raw):
        return "Its name contains invisible characters. Rename it and pack it again."
    # Those of DOS and Windows were already replaced by slashes; here it may be part of a name.
    if "\\" in raw:
        return "Its path is written with backslashes. Pack it again with a current program."
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in parts:
        return "Its path leads outside the archive. Pack the folder again from inside."
    return None if raw.strip("./") else "It has no name. Name it and pack it again."


def path_parts(raw: str) -> tuple[str, ...]:
    """Split a path of an archive into its folders and the name; an empty one is returned whole."""
    return tuple(part for part in raw.split("/") if part not in ("", ".")) or (raw,)
