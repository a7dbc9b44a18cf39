"""Describe what may be wrong after a fault."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The damage after a fault: every field must be zero or empty."""

    lost: int = 0
    doubled: int = 0
    orphans: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.orphans)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.lost + other.lost, self.doubled + other.doubled, self.orphans + other.orphans
        )
