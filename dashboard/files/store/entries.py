"""Define the entries of a listing of the storage."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored file: its name, its size in bytes, and when it was written (seconds since 1970)."""

    name: str
    size: int
    modified: float
