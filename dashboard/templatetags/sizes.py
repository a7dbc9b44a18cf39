"""Format sizes in bytes for templates: see `dashboard.files.sizes`."""

from django import template

from dashboard.files.sizes import readable_size

register = template.Library()


@register.filter
def size(count: int | None) -> str:
    """Return a size in words: `{{ 20000000|size }}` is 20 MB."""
    return readable_size(count or 0)
