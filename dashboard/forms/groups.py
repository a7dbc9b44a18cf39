"""What people say of groups: which to list, what they are called, what leaves them."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.forms.finding import NameSearch
from dashboard.models import SimilarityType
from dashboard.queries.similarity_types import types_in


class GroupFilter(NameSearch):
    """The filter in the address of the list."""

    type = forms.ModelChoiceField(SimilarityType.objects.none(), required=False)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["type"]
        kind.queryset = types_in(workspace)


class GroupForm(forms.Form):
    """The name of a group and what is to be known of it."""

    name = forms.CharField(max_length=255)
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )


class NewGroupForm(forms.Form):
    """A group to be made."""

    name = forms.CharField(max_length=255, help_text="What these images have in common.")
    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(), label="Type", empty_label="Choose a type"
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types_in(workspace).order_by("name", "id")


class TestGroupForm(forms.Form):
    """Whether a group is kept back for testing."""

    __test__ = False  # not for pytest

    test_group = forms.TypedChoiceField(
        choices=[("1", "A test group"), ("0", "Not a test group")],
        coerce=lambda value: value == "1",
    )
