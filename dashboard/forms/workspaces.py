"""Define the forms of workspaces."""

from typing import Any
from uuid import UUID

from django import forms

from accounts.models import Workspace
from dashboard.forms.encoders import choices_said


class WorkspaceNameForm(forms.Form):
    """The name of a workspace."""

    name = forms.CharField(label="Workspace name", max_length=150)


class WorkspaceEncoderForm(forms.Form):
    """The encoder of tasks without their own."""

    encoder = forms.ChoiceField(required=False, label="Encoder", widget=forms.RadioSelect)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        options["initial"] = {"encoder": workspace.encoder}
        super().__init__(*args, **options)
        choice: Any = self.fields["encoder"]
        choice.choices = choices_said(workspace)


class CloseWorkspaceForm(forms.Form):
    """The entered name, and the workspace that the page was about when it was opened."""

    # In the form: a person may have switched to another workspace in another tab.
    workspace = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label="Enter its name to confirm",
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    prefix = "close"

    def __init__(self, *args: Any, closing: Workspace, **options: Any) -> None:
        options["initial"] = {"workspace": closing.pk}
        super().__init__(*args, **options)
        self.closing = closing

    def clean_workspace(self) -> UUID:
        """Refuse a page that was opened before another workspace was chosen elsewhere."""
        workspace_id: UUID = self.cleaned_data["workspace"]
        if workspace_id != self.closing.pk:
            raise forms.ValidationError(
                "You switched to another workspace in the meantime. Open this page again."
            )
        return workspace_id

    def clean_name(self) -> str:
        """Refuse any name but the workspace's own."""
        name: str = self.cleaned_data["name"]
        if name != self.closing.name.strip():
            raise forms.ValidationError(f"The name does not match: it is “{self.closing.name}”.")
        return name
