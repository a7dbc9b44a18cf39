"""Define the sign-in forms that differ from those of the sign-in library."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm
from allauth.core import context, ratelimit
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django import forms

from accounts.errors import SecretUnreadable, WrongCode
from accounts.models import User
from accounts.second_factors import use_code


class ResetForm(ResetPasswordForm):  # type: ignore[misc]  # allauth has no types
    """The email address to send a link to, which must be that of an account."""

    def clean_email(self) -> str:
        """Find the account of the link; an unknown email address is accepted, too."""
        email: str = self.cleaned_data["email"].lower()
        # An unknown email address gets the same page as a known one, so that nobody learns which
        # exist.
        self.users = list(User.objects.filter(email=email, is_active=True))
        return email


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["code"]
        field.max_length = 32
        field.widget.attrs = {"autocomplete": "one-time-code", "autofocus": True}

    def clean_code(self) -> str:
        """Use the code, with rate limits for the account and for the IP address.

        A correct code resets the account's limit, but not that of the IP address: somebody with an
        account here could reset it at will.
        """
        key = f"second-factor {self.user.pk}"
        if not (
            # The IP address first: an attempt that it refuses must not use up the owner's own
            # attempts.
            ratelimit.consume(context.request, action="second_factor_ip")
            and ratelimit.consume(context.request, action="second_factor", key=key)
        ):
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = use_code(user=self.user, code=code)
        except SecretUnreadable as error:
            raise forms.ValidationError(str(error)) from error
        except WrongCode as error:
            self._emit_authentication_failed(Authenticator.objects.filter(user=self.user).first())
            raise forms.ValidationError(str(error)) from error
        self.authenticator.user = self.user
        ratelimit.clear(context.request, action="second_factor", key=key)
        return code
