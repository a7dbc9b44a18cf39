"""Define the field for a trained version."""

from itertools import groupby
from operator import attrgetter
from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.models import Version
from dashboard.queries.training.versions import trained_versions

MOST_LISTED = 500


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for mypy only
    """One of a workspace's trained versions, listed below its task."""

    default_error_messages = {
        "required": "Choose a trained version.",
        "invalid_choice": "This version was deleted. Choose another.",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(Version.objects.none(), **options)

    def offer(self, workspace: Workspace) -> None:
        """List the workspace's versions."""
        # All of them may be chosen, even those beyond the end of the list.
        self.queryset = trained_versions(workspace)
        self.listed = {str(row.pk): row for row in self.queryset[:MOST_LISTED]}
        by_task = groupby(self.listed.values(), attrgetter("task"))
        listed = [(task.name, [(row.pk, _label(row)) for row in rows]) for task, rows in by_task]
        widget: Any = self.widget
        widget.choices = [("", self.empty_label), *listed]

    def to_python(self, value: Any) -> Version | None:
        """Return the version, without another query if it is listed."""
        found: Version | None = self.listed.get(str(value)) or super().to_python(value)
        return found


def _label(version: Version) -> str:
    is_production = version.task.production_version_id == version.pk
    return f"{version}{', in production' if is_production else ''}"
