"""Wrap or replace pages of the sign-in library."""

from allauth.mfa.base.views import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe


def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password; a form without a code is shown again."""
    if request.method == "POST" and "code" not in request.POST:
        return redirect("mfa_authenticate")
    response: HttpResponse = authenticate(request)
    return response


@require_safe
def sign_up(request: HttpRequest) -> HttpResponse:
    """Say that accounts are by invitation: there is no open sign-up."""
    return render(request, "account/signup_closed.html")
