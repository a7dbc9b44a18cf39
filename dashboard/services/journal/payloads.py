"""Write and read what a change carries beside the ids in `members`, compactly.

All of it is JSON in `Change.before`, in four shapes that may stand together:

- the thing's own fields by name, as `accounts.journal.values_of` writes them;
- `groups`, of a move: {group: members that came from it};
- `only`, of a bulk mark: {field: members whose mark changed}, for the fields that did not change
  on all members;
- `lost`, of a deletion: a `Lost`, what went with the things that were deleted.

Ids stand packed, 16 bytes each, in base64: 10,000 take 214 kB, as JSON strings they would take
390 kB and longer to parse.
"""

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from accounts.journal import pack, unpack

# Of each kind of pairs that a deletion takes with it: about 2 MB. Rows are larger.
MOST = 100_000
MOST_ROWS = 10_000

Links = dict[UUID, list[UUID]]
Pairs = Iterable[tuple[UUID, UUID]]


@dataclass
class Lost:
    """What went with the things that were deleted; an undo restores it with them.

    `objects` and `group_rows` are values of rows with their `id`. `verified` maps a user to what
    they had verified. `whole` is False if there was more of anything than `MOST` or `MOST_ROWS`:
    none of it is kept then, since half of a group's members would pass for all of them.
    """

    groups: Links = field(default_factory=dict)  # group: its images
    object_groups: Links = field(default_factory=dict)  # group: its objects
    nested: Links = field(default_factory=dict)  # group: the groups in it
    verified: Links = field(default_factory=dict)
    types: Links = field(default_factory=dict)  # task: its types
    objects: list[dict[str, Any]] = field(default_factory=list)
    group_rows: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = True

    def link(self, name: str, pairs: Pairs) -> None:
        """Keep pairs as one of the mappings."""
        found = list(pairs)
        setattr(self, name, links(found) if self._fits(found, MOST) else {})

    def keep(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        """Keep the values of rows as one of the lists."""
        setattr(self, name, list(rows) if self._fits(rows, MOST_ROWS) else [])

    def _fits(self, found: Sequence[object], most: int) -> bool:
        fits = len(found) <= most
        self.whole = self.whole and fits
        return fits


def links(pairs: Pairs) -> Links:
    """Return the second ids of pairs by the first."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for one, other in pairs:
        found[one].append(other)
    return dict(found)


def moved_from(origins: Links) -> dict[str, Any]:
    """Return the `before` of a move: which members came from which group."""
    return {"groups": _written(origins)}


def origins_of(before: Mapping[str, Any] | None) -> Links:
    """Return which members of a move came from which group."""
    return _read((before or {}).get("groups", {}))


def marks_before(
    marks: Mapping[str, bool], changed: Mapping[str, Sequence[UUID]]
) -> dict[str, Any]:
    """Return the `before` of a bulk mark; `changed` maps each field to where it changed."""
    all_of_them = len(touched(changed))
    only = {name: _text(ids) for name, ids in changed.items() if len(ids) < all_of_them}
    was = {name: not value for name, value in marks.items()}
    return was | ({"only": only} if only else {})


def touched(changed: Mapping[str, Sequence[UUID]]) -> list[UUID]:
    """Return the members of a bulk mark: those of which any field changed, each once."""
    return list(dict.fromkeys(one for ids in changed.values() for one in ids))


def marked(
    before: Mapping[str, Any] | None, members: bytes | memoryview | None
) -> dict[str, list[UUID]]:
    """Return on which members a bulk mark changed each field."""
    values = dict(before or {})
    only = values.pop("only", {})
    everywhere = unpack(members)
    return {name: _ids(only[name]) if name in only else everywhere for name in values}


def with_lost(values: Mapping[str, Any], lost: Lost) -> dict[str, Any]:
    """Return the `before` of a deletion: the thing's own values, and what went with it."""
    empty = Lost()
    kept = {one.name: getattr(lost, one.name) for one in fields(lost)}
    told = {name: value for name, value in kept.items() if value != getattr(empty, name)}
    written = {
        name: _written(value) if isinstance(value, dict) else value for name, value in told.items()
    }
    return {**values, **({"lost": written} if written else {})}


def lost_with(before: Mapping[str, Any] | None) -> Lost:
    """Return what went with the things that a change deleted."""
    written: dict[str, Any] = (before or {}).get("lost", {})
    read: dict[str, Any] = {
        name: _read(one) if isinstance(one, dict) else one for name, one in written.items()
    }
    return Lost(**read)


def _written(found: Links) -> dict[str, str]:
    return {str(key): _text(ids) for key, ids in found.items()}


def _read(written: Mapping[str, str]) -> Links:
    return {UUID(key): _ids(text) for key, text in written.items()}


def _text(ids: Iterable[UUID]) -> str:
    return b64encode(pack(ids)).decode()


def _ids(text: str) -> list[UUID]:
    return unpack(b64decode(text))
