"""Names as they are compared: two that people take for one are the same here."""

import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField

LENGTH = 255


def folded(name: str) -> str:
    """Return a name without its case, its spaces around and doubled, and its spelling in Unicode.

    So “Café”, “CAFÉ ” and one whose accent is a character of its own are equal; cut at 255.
    """
    bare = unicodedata.normalize("NFKC", name).casefold()
    # Normalised again: folding the case may leave characters that NFKC would compose.
    return " ".join(unicodedata.normalize("NFKC", bare).split())[:LENGTH]


class FoldedNameField(CharField):
    """The row's `name` as it is compared, written whenever the row is, also with many others."""

    def __init__(self, *args: Any, **options: Any) -> None:
        fixed = {"max_length": LENGTH, "default": "", "editable": False}
        super().__init__(*args, **(options | fixed))

    def deconstruct(self) -> Any:
        """Be an ordinary column to migrations: how it is written is none of theirs."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def pre_save(self, model_instance: Any, add: bool) -> str:  # noqa: ARG002, FBT001
        """Take it from the name."""
        value = folded(model_instance.name)
        setattr(model_instance, self.attname, value)
        return value
