"""Define the field for metadata: the text of a JSON object."""

import json
from typing import Any

import orjson
from django import forms
from django.core.exceptions import ValidationError

from dashboard.files.tables.meta_data import refusal_of_json


class MetaDataField(forms.CharField):
    """The text of a JSON object that every database can store; empty text is an empty object."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea({"rows": 8, "spellcheck": "false", "class": "font-monospace"})
        super().__init__(required=False, max_length=100_000, widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        """Show an object with one field per line; refused input stays as it was entered."""
        if isinstance(value, str) or value is None:
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def clean(self, value: Any) -> dict[str, Any]:
        """Return the object. Raises `ValidationError`."""
        text = super().clean(value)
        if not text:
            return {}
        try:
            data = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValidationError(f"This is not valid JSON: {error}.") from error
        if not isinstance(data, dict):
            raise ValidationError('Write an object, such as {"colour": "red"}.')
        if (reason := refusal_of_json(data)) is not None:
            raise ValidationError(reason)
        return data
