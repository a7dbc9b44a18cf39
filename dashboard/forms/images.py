"""Define the forms of images: filter, name and metadata."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.forms.finding import NameSearch
from dashboard.forms.meta_data import MetaDataField
from dashboard.models import Group, SimilarityType
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.image_tiles import ImageFilter
from dashboard.queries.library.similarity_types import types_in


class ChosenForm(NameSearch):
    """The filters in the URL of the grid; an image passes if it matches all."""

    test = forms.BooleanField(required=False)
    without_type = forms.ModelChoiceField(SimilarityType.objects.none(), required=False)
    group = forms.ModelChoiceField(Group.objects.none(), required=False)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, rows in (("without_type", types_in), ("group", groups_in)):
            if self.data.get(name):
                field: Any = self.fields[name]
                field.queryset = rows(workspace)

    def chosen(self) -> ImageFilter:
        """Return the filter."""
        facts = self.cleaned_data
        return ImageFilter(facts["test"], facts["without_type"], facts["group"], facts["search"])


class TestMarkForm(forms.Form):
    """Whether an image has the test mark."""

    __test__ = False  # not for pytest

    test_image = forms.TypedChoiceField(
        choices=[("1", "A test image"), ("0", "Not a test image")],
        coerce=lambda value: value == "1",
    )


class ImageForm(forms.Form):
    """The file name and the metadata of an image."""

    file_name = forms.CharField(max_length=255)
    meta_data = MetaDataField(help_text="Your own fields, as a JSON object.")
