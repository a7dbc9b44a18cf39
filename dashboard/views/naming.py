"""Tell a person that another thing in the workspace already has an equal name."""

from typing import Any

from django.db.models import Model, QuerySet
from django.forms import Form
from django.shortcuts import resolve_url
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.queries.names import find_equal
from dashboard.services.errors import NameTaken


def check_name(noun: str, rows: QuerySet[Any], name: str, but: Model | None = None) -> None:
    """Raise `NameTaken` if the name is equal to that of a row other than `but`."""
    equal = find_equal(rows, name, but)
    if equal is not None:
        raise NameTaken(noun, equal)


def is_taken(noun: str, rows: QuerySet[Any], form: Form, but: Model | None = None) -> bool:
    """Return whether another thing has the name, and add the error to the form's field."""
    try:
        check_name(noun, rows, form.cleaned_data["name"], but)
    except NameTaken as refusal:
        form.add_error("name", taken_words(noun, refusal.other))
        return True
    return False


def taken_words(noun: str, other: Model) -> SafeString:
    """Return the message with a link to the thing that has the name."""
    return format_html(
        'A {} named <a href="{}">“{}”</a> already exists. Use it, or choose another name.',
        noun,
        resolve_url(noun, other.pk),
        other,
    )
