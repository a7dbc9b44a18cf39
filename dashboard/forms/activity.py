"""Define the filter of the activity log."""

from typing import Any

from django import forms

from accounts.models import User, Workspace
from dashboard.queries.workspaces.activity import actors_in

# The nouns of activity rows, in words.
NOUNS = {
    "image": "Images",
    "files": "Uploads",
    "type": "Types",
    "group": "Groups",
    "task": "Tasks",
    "version": "Versions",
    "descriptors": "Embeddings",
    "collection": "Collections",
    "label": "Labels",
    "object": "Regions",
    "job": "Jobs",
    "member": "Members",
    "invitation": "Invitations",
    "token": "Tokens",
    "connection": "Connections",
    "webhook": "Webhooks",
    "workspace": "Workspace",
}


class ActivityFilter(forms.Form):
    """The filter in the URL of the list."""

    person = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Everyone", label="Person"
    )
    noun = forms.ChoiceField(
        choices=[("", "Everything"), *NOUNS.items()], required=False, label="Subject"
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        person: Any = self.fields["person"]
        person.queryset = actors_in(workspace)
