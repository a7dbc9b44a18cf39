"""Fold names for comparison: two that people consider the same are equal."""

import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField

LENGTH = 255


def folded(name: str) -> str:
    """Return a name with case, spacing and Unicode spelling normalised, cut at 255 characters.

    So “Café”, “CAFÉ ” and one whose accent is a separate character are equal.
    """
    bare = unicodedata.normalize("NFKC", name).casefold()
    # Normalised again: folding the case may leave characters that NFKC would compose.
    return " ".join(unicodedata.normalize("NFKC", bare).split())[:LENGTH]


class FoldedNameField(CharField):
    """The folded `name` of the row, written whenever the row is saved, even by bulk methods."""

    def __init__(self, *args: Any, **options: Any) -> None:
        fixed = {"max_length": LENGTH, "default": "", "editable": False}
        super().__init__(*args, **(options | fixed))

    def deconstruct(self) -> Any:
        """Appear as an ordinary column in migrations, which need not know how it is computed."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def pre_save(self, model_instance: Any, add: bool) -> str:  # noqa: ARG002, FBT001
        """Compute the value from the name."""
        value = folded(model_instance.name)
        setattr(model_instance, self.attname, value)
        return value
