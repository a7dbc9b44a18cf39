"""Define the forms of groups: filter, names, members."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Workspace
from dashboard.forms.finding import NameSearch
from dashboard.models import SimilarityType
from dashboard.queries.library.similarity_types import types_in


class GroupNameInput(forms.TextInput):
    """A field with completion by the names of the type's groups, see `groups/name_input.html`."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Request the names of the type that is chosen in the form."""
        context = super().get_context(name, value, attrs)
        known = self._list_id(attrs)
        context["widget"]["attrs"] |= {
            "autocomplete": "off",
            "list": known,
            "hx-get": reverse("group-names"),
            "hx-trigger": "input changed delay:150ms, focus",
            "hx-include": "[name=similarity_type]",
            "hx-target": f"#{known}",
            "hx-swap": "innerHTML",
            # A newer request cancels the older one, whose response could arrive later and be wrong.
            "hx-sync": "this:replace",
        }
        return context

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Add the list of completions behind the field."""
        field = super().render(name, value, attrs, renderer)
        return format_html('{}<datalist id="{}"></datalist>', field, self._list_id(attrs))

    @staticmethod
    def _list_id(attrs: dict[str, Any] | None) -> str:
        return f"{(attrs or {}).get('id', 'name')}-known"


class GroupFilter(NameSearch):
    """The filter in the URL of the list."""

    type = forms.ModelChoiceField(SimilarityType.objects.none(), required=False)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["type"]
        kind.queryset = types_in(workspace)


class NamesForm(forms.Form):
    """A type, and the beginning of a group's name."""

    similarity_type = forms.ModelChoiceField(SimilarityType.objects.none())
    name = forms.CharField(required=False, max_length=255)

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types_in(workspace)


class GroupForm(forms.Form):
    """The name and the details of a group."""

    name = forms.CharField(max_length=255)
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )


class NewGroupForm(forms.Form):
    """A new group."""

    name = forms.CharField(
        max_length=255, widget=GroupNameInput, help_text="What these images have in common."
    )
    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(), label="Type", empty_label="Choose a type"
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types_in(workspace).order_by("name", "id")


class TestGroupForm(forms.Form):
    """Whether a group has the test mark."""

    __test__ = False  # not for pytest

    test_group = forms.TypedChoiceField(
        choices=[("1", "A test group"), ("0", "Not a test group")],
        coerce=lambda value: value == "1",
    )
