"""The API's calls, to read and to try."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show what the schema says; the page fetches it."""
    return render(request, "docs/api.html")
