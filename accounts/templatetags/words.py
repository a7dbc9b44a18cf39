"""Format counts in templates: see `accounts.words`."""

from django import template

from accounts import words

register = template.Library()


@register.filter
def counted(count: int, noun: str) -> str:
    """Return text for `2|counted:"image"` or, with another plural, `2|counted:"box,boxes"`."""
    return words.counted(count or 0, *noun.split(",", 1))


@register.filter
def either(count: int, forms: str) -> str:
    """Return text for `{{ count|either:"it is,they are" }}`."""
    return words.either(count, *forms.split(",", 1))
