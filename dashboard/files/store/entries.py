"""What a listing of the storage says of each file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored file: its name, how many bytes it has, and when it was written (since 1970)."""

    name: str
    size: int
    modified: float
