"""Define the filter of the list of jobs."""

from typing import Any

from django import forms

from accounts.models import User, Workspace
from accounts.queries import members_of
from dashboard.models import Job
from dashboard.queries.jobs.jobs import UNFINISHED


class JobFilter(forms.Form):
    """A kind, a state, a member: in the URL of the list."""

    kind = forms.ChoiceField(
        required=False, choices=[("", "All kinds"), *sorted(Job.Kind.choices, key=lambda c: c[1])]
    )
    state = forms.ChoiceField(
        required=False,
        choices=[("", "All states"), (UNFINISHED, "Waiting or running"), *Job.State.choices],
    )
    who = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Everyone", label="Requested by"
    )

    def __init__(self, data: Any, *, workspace: Workspace) -> None:
        super().__init__(data, auto_id="filter-%s")
        members = members_of(workspace).values("user")
        self.fields["who"].queryset = User.objects.filter(pk__in=members)  # type: ignore[attr-defined]
