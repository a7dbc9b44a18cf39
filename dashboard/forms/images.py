"""Which images a person wants to see, and what they say of one."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.models import Group, SimilarityType
from dashboard.queries.groups import groups_in
from dashboard.queries.image_tiles import Chosen
from dashboard.queries.similarity_types import types_in


class ChosenForm(forms.Form):
    """The filter in the address of the grid; one at a time."""

    test = forms.BooleanField(required=False)
    without_type = forms.ModelChoiceField(SimilarityType.objects.none(), required=False)
    group = forms.ModelChoiceField(Group.objects.none(), required=False)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, rows in (("without_type", types_in), ("group", groups_in)):
            if self.data.get(name):  # most often the grid is shown whole
                field: Any = self.fields[name]
                field.queryset = rows(workspace)

    def chosen(self) -> Chosen:
        """Return the filter."""
        return Chosen(**self.cleaned_data)


class TestMarkForm(forms.Form):
    """Whether an image is kept back for testing."""

    __test__ = False  # not for pytest

    test_image = forms.TypedChoiceField(
        choices=[("1", "A test image"), ("0", "Not a test image")],
        coerce=lambda value: value == "1",
    )
