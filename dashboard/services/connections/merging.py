"""Merge what changed here and there since both sides were last equal.

`base` is what both had. A comparison of three states, and not a list of what was done, so that it
can be made again after a kill at any moment: what is already done no longer differs.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Merged:
    """The result for the fields of one thing.

    `take` are values to set here, `send` values to set there. `lost` are ours that theirs overrule;
    their fields are in `take`, too.
    """

    take: dict[str, Any] = field(default_factory=dict)
    send: dict[str, Any] = field(default_factory=dict)
    lost: dict[str, Any] = field(default_factory=dict)


def merge(base: Values, ours: Values, theirs: Values) -> Merged:
    """Merge field by field; if both sides changed one, theirs holds.

    A field that the other server does not state is not in `theirs` and is left alone. One that is
    not in `base` was never equal: theirs holds, and nothing of ours is lost.

    >>> merge({"name": "a"}, {"name": "b"}, {"name": "a"}).send
    {'name': 'b'}
    >>> merge({"name": "a"}, {"name": "b"}, {"name": "c"})
    Merged(take={'name': 'c'}, send={}, lost={'name': 'b'})
    """
    result = Merged()
    for name, there in theirs.items():
        here = ours[name]
        if here == there:
            continue
        if name not in base or here == base[name]:
            result.take[name] = there
        elif there == base[name]:
            result.send[name] = here
        else:
            result.take[name], result.lost[name] = there, here
    return result


@dataclass(frozen=True)
class MergedMembers(Generic[K]):
    """The memberships to add and to remove, here and there."""

    add_here: frozenset[K]
    remove_here: frozenset[K]
    add_there: frozenset[K]
    remove_there: frozenset[K]


def merge_members(base: set[K], ours: set[K], theirs: set[K]) -> MergedMembers[K]:
    """Merge sets of members; each side gets what the other added, and loses what it removed.

    >>> merged = merge_members({1, 2, 3}, {2, 3, 4}, {1, 3, 5})
    >>> sorted(merged.add_here), sorted(merged.remove_here)
    ([5], [2])
    >>> sorted(merged.add_there), sorted(merged.remove_there)
    ([4], [1])
    """
    return MergedMembers(
        add_here=frozenset(theirs - base - ours),
        remove_here=frozenset((base - theirs) & ours),
        add_there=frozenset(ours - base - theirs),
        remove_there=frozenset((base - ours) & theirs),
    )
