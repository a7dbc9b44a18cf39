"""What people enter about webhooks."""

from django import forms

from dashboard.models.webhooks import Event


class WebhookForm(forms.Form):
    """Where a webhook leads, and what it is told of."""

    url = forms.CharField(
        label="URL",
        max_length=500,
        help_text="Messages are sent to this URL by POST. Only admins see it.",
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        required=False,
        max_length=100,
        help_text="What receives the messages. All members see it in the activity.",
    )
    events = forms.MultipleChoiceField(
        choices=Event.choices,
        initial=Event.values,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )
