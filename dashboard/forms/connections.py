"""What people enter about connections."""

from django import forms

HOSTED_SERVICE = "https://api.ximilar.com"
LONGEST_TOKEN = 500  # characters: tokens of other servers may be longer than ours


class ConnectionForm(forms.Form):
    """The URL of another server."""

    url = forms.CharField(
        label="URL",
        max_length=500,
        initial=HOSTED_SERVICE,
        help_text=(
            "The hosted service is suggested. For another Likewise, enter the URL that its users "
            "open."
        ),
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class ConnectionTokenForm(forms.Form):
    """A member's API token for a connection. The page never shows it again, nor does a refusal."""

    token = forms.CharField(
        label="API token",
        max_length=LONGEST_TOKEN,
        help_text=(
            "Create one on the other server. It is tried at once, stored encrypted and never "
            "shown again."
        ),
        widget=forms.PasswordInput(
            {"autocomplete": "off", "spellcheck": "false"}, render_value=False
        ),
    )
