"""The fields that both sides of a link keep equal, of each noun, as JSON values.

A field that refers to another thing has that thing's id here: the ids of the other server are
replaced by those of the twins. A field that the other server does not state is absent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from dashboard import remote
from dashboard.models import Group, Image, Label, Region, SimilarityType, Task

Values = dict[str, Any]
# The ids here of things there, by noun and id there.
Known = Mapping[tuple[str, str], UUID]
NAME: Final = 255
COLOUR: Final = 9


@dataclass(frozen=True)
class Noun:
    """How one noun of the journal is compared.

    `plain` are the columns that are fields under the same name. `theirs` reads a row of the other
    server, `refers` names the things there that it refers to.
    """

    name: str
    model: type[Any]
    plain: tuple[str, ...]
    theirs: Callable[[Any, Known], Values]
    refers: Callable[[Any], list[tuple[str, str]]] = lambda _: []
    references: tuple[str, ...] = ()
    plural: str = ""

    def ours(self, row: Model) -> Values:
        """Return the fields of a row here."""
        values = {name: getattr(row, name) for name in self.plain}
        values |= {name: str(getattr(row, f"{name}_id")) for name in self.references}
        return values | ({"box": list(row.box)} if isinstance(row, Region) else {})

    def put(self, row: Model, values: Mapping[str, Any]) -> None:
        """Set fields of a row here, without saving it."""
        for name, value in values.items():
            if name == "box":
                for side, number in zip(SIDES, value, strict=True):
                    setattr(row, side, number)
            elif name in self.references:
                setattr(row, f"{name}_id", UUID(value))
            else:
                setattr(row, name, value)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that `put` may set."""
        sides = SIDES if self.model is Region else ()
        return (*self.plain, *self.references, *sides, "modified")


SIDES: Final = ("left", "top", "right", "bottom")


def _stated(**values: Any) -> Values:
    return {name: clean(value) for name, value in values.items() if value is not None}


def clean(value: Any) -> Any:
    """Return a JSON value without NUL, which PostgreSQL stores in no text."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {clean(name): clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def _label(row: remote.Label, _: Known) -> Values:
    return _stated(
        name=row.name[:NAME],
        description=row.description,
        color=row.color if row.color and len(row.color) <= COLOUR else None,
        output_name=None if row.output_name is None else row.output_name[:NAME],
    )


def _type(row: remote.SimilarityType, _: Known) -> Values:
    return _stated(name=row.name[:NAME], description=row.description, exclusive=row.exclusive)


def _group(row: remote.Group, known: Known) -> Values:
    return _stated(
        name=row.name[:NAME],
        description=row.description,
        similarity_type=_id(known, "type", row.similarity_type),
        meta_data=row.meta_data,
        test_group=row.test_group,
    )


def _image(row: remote.Image, _: Known) -> Values:
    return _stated(
        file_name=None if row.file_name is None else row.file_name[-NAME:],
        meta_data=row.meta_data,
        test_image=row.test_image,
        real=row.real,
    )


def _region(row: remote.Region, known: Known) -> Values:
    return _stated(
        image=_id(known, "image", row.image_id),
        label=_id(known, "label", row.label_id),
        box=row.box,
        meta_data=row.meta_data,
    )


def _task(row: remote.Task, _: Known) -> Values:
    return _stated(name=row.name[:NAME], description=row.description)


def _id(known: Known, noun: str, remote_id: str) -> str | None:
    found = known.get((noun, remote_id))
    return None if found is None else str(found)


LABEL = Noun(
    "label", Label, ("name", "description", "color", "output_name"), _label, plural="labels"
)
TYPE = Noun("type", SimilarityType, ("name", "description", "exclusive"), _type, plural="types")
GROUP = Noun(
    "group",
    Group,
    ("name", "description", "meta_data", "test_group"),
    _group,
    lambda row: [("type", row.similarity_type)],
    ("similarity_type",),
    "groups",
)
IMAGE = Noun(
    "image", Image, ("file_name", "meta_data", "test_image", "real"), _image, plural="images"
)
OBJECT = Noun(
    "object",
    Region,
    ("meta_data",),
    _region,
    lambda row: [("image", row.image_id), ("label", row.label_id)],
    ("image", "label"),
    "objects",
)
TASK = Noun("task", Task, ("name", "description"), _task, plural="tasks")
NOUNS: Final[Mapping[str, Noun]] = {
    noun.name: noun for noun in (LABEL, TYPE, GROUP, IMAGE, OBJECT, TASK)
}
