"""Define the forms of similarity types."""

from django import forms


class TypeForm(forms.Form):
    """The name of a type and its meaning."""

    name = forms.CharField(
        max_length=255,
        help_text="What makes images similar: “Same product”, “Same pattern”, “Same person”.",
    )
    description = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Tell your colleagues where to draw the line: does another colour still count?",
    )
    fold_by = forms.CharField(
        required=False,
        max_length=100,
        label="Fold by",
        help_text=(
            "A metadata field of the images, such as “shoot”. Groups whose images share a value "
            "are never split between training and evaluation, so a common background or light "
            "does not count as similarity. Leave empty if nothing is shared."
        ),
    )


class NewTypeForm(TypeForm):
    """A new type."""

    exclusive = forms.BooleanField(
        required=False,
        initial=True,
        label="One group per image",
        help_text=(
            "An image can be in only one group of this type, so nothing is counted twice. Clear "
            "the box if an image can belong to several groups. This cannot be changed later."
        ),
    )
