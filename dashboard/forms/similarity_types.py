"""What people type about a similarity type."""

from django import forms


class TypeForm(forms.Form):
    """The name of a type and what it means."""

    name = forms.CharField(
        max_length=255,
        help_text="What does alike mean here? “Same product”, “same pattern”, “same person”.",
    )
    description = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Tell your colleagues where the border is: does another colour still count?",
    )
    fold_by = forms.CharField(
        required=False,
        max_length=100,
        label="Fold by",
        help_text="A key of the images’ metadata, for instance “shoot”. Groups whose images share "
        "a value of it are then never on both sides of a check, so that a common background or "
        "light does not pass for likeness. Leave it empty if nothing is shared.",
    )


class NewTypeForm(TypeForm):
    """A type to be made."""

    exclusive = forms.BooleanField(
        required=False,
        initial=True,
        label="One group per image",
        help_text="An image can then be in one group of this type only, so nothing is counted "
        "twice. Take it off if an image may belong to several groups. It cannot be changed later.",
    )
