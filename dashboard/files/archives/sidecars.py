"""Recognise sidecars: files that describe the one image beside them, and are not imported.

Datasets have a JSON and a text beside each image (`0001.jpg`, `0001.json`, `0001.txt`), Google
Takeout a JSON whose name contains the whole name of the image.
"""

import re
from typing import Final

PICTURES: Final = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic", ".heif"),
    *(".avif", ".svg"),
)
_SIDECARS: Final = (".json", ".txt", ".xml", ".cls", ".caption", ".yaml", ".yml")
# Takeout cuts these words off where the name would become too long.
_TAKEOUT: Final = re.compile(r"\.(s[a-z]*(?:-[a-z]*)?)(?=(?:\(\d+\))?$)")
_TAKEOUT_WORDS: Final = "supplemental-metadata"
_NUMBER: Final = re.compile(r"(\.[a-z]+)(\(\d+\))$")


def is_picture(path: str) -> bool:
    """Return whether a file's name is that of an image."""
    return path.lower().endswith(PICTURES)


def may_be_sidecar(path: str) -> bool:
    """Return whether a file describes an image, if one with the same name is beside it."""
    return path.lower().endswith(_SIDECARS)


def picture_key(path: str) -> str:
    """Return the key that an image shares with its sidecars."""
    return _without_extension(path.lower())


def sidecar_key(path: str) -> str:
    """Return the key that a sidecar shares with its image; see `picture_key`."""
    key = _without_extension(path.lower())
    if (found := _TAKEOUT.search(key)) and _TAKEOUT_WORDS.startswith(found[1]):
        key = key[: found.start()] + key[found.end() :]
    key = _NUMBER.sub(r"\2\1", key)  # "1.jpg(2).json" describes "1(2).jpg"
    return _without_extension(key) if is_picture(key) else key


def _without_extension(path: str) -> str:
    folders, slash, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folders}{slash}{stem if dot and stem else name}"
