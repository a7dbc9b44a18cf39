"""State the fields of a thing as both sides compare them, each in the same words.

References to other things (the type of a group, the image and the label of a region) are ids of
the other server, so that `base`, ours and theirs are compared without a look at the database. A
reference to a thing that has no twin yet is None.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from dashboard.models import Group, Image, Label, Region, SimilarityType, Task

Values = dict[str, Any]
RemoteId = Callable[[str, UUID], str | None]
"""Return the id over there of a thing, by its noun and its id here."""

# The nouns of the journal with fields that are merged. A version is only put into production.
TABLES: Final[Mapping[str, Any]] = {
    "label": Label,
    "type": SimilarityType,
    "image": Image,
    "group": Group,
    "object": Region,
    "task": Task,
}
PLAIN: Final[Mapping[str, tuple[str, ...]]] = {
    "label": ("name", "description", "color", "output_name"),
    "type": ("name", "description", "exclusive"),
    "image": ("meta_data", "test_image", "real"),
    "group": ("name", "description", "meta_data", "test_group"),
    "object": ("meta_data",),
    "task": ("name", "description"),
}
# Field: (noun, attribute here, attribute of the client's row).
REFERENCES: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = {
    "group": {"similarity_type": ("type", "similarity_type_id", "similarity_type")},
    "object": {
        "image": ("image", "image_id", "image_id"),
        "label": ("label", "label_id", "label_id"),
    },
}


def ours(noun: str, row: Any, remote_id: RemoteId) -> Values:
    """Return the values of a row of this workspace."""
    values = {name: getattr(row, name) for name in PLAIN[noun]}
    if noun == "object":
        values["box"] = list(row.box)
    for name, (of, here, _) in REFERENCES.get(noun, {}).items():
        values[name] = remote_id(of, getattr(row, here))
    return values


def theirs(noun: str, thing: Any) -> Values:
    """Return the values of a thing of the client, without those that the server does not state."""
    values = {name: getattr(thing, name) for name in PLAIN[noun]}
    values = {name: _plain(value) for name, value in values.items() if value is not None}
    if noun == "object":
        values["box"] = list(thing.box)
    for name, (_, _, there) in REFERENCES.get(noun, {}).items():
        values[name] = getattr(thing, there)
    return values


def parents(noun: str, row: Any) -> list[tuple[str, UUID]]:
    """Return the things that the other server must have before this one."""
    return [(of, getattr(row, here)) for of, here, _ in REFERENCES.get(noun, {}).values()]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
