"""Define the forms of encoders."""

from pathlib import Path
from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.queries.training.encoders import SHIPPED, choices, search_key
from dashboard.queries.training.looks import Look, looks_at_all
from dashboard.services.training.encoder_files import read_stated
from dashboard.services.training.encoders import NewEncoder


def choices_said(workspace: Workspace) -> list[tuple[str, str]]:
    """Return the encoders that a workspace may choose: keys, and a description of each.

    The description says what it is, and how long the features of all images would take, for which
    search has to wait unless it already uses it.
    """
    named = choices()
    looks = looks_at_all(workspace, [key for key, _ in named if key])
    now = search_key(workspace)
    return [(key, _said(key, name, looks[key], now) if key else name) for key, name in named]


def _said(key: str, name: str, look: Look, now: str) -> str:
    parts = [f"{name}. {SHIPPED[key].sentence}" if key in SHIPPED else f"{name}."]
    if key == now:
        parts.append("Search uses it now.")
    elif look.images:
        parts.append(f"To index all images: {look.sentence}.")
    return " ".join(parts)


class EncoderForm(forms.Form):
    """An ONNX file, and the JSON with its preprocessing."""

    name = forms.CharField(max_length=255, help_text="For example “DINOv2 small”.")
    graph = forms.FileField(
        label="ONNX file",
        help_text=(
            "One file of at most 2 GB that includes the weights. Its input is one image or a "
            "batch of any size."
        ),
    )
    preprocessing = forms.FileField(
        required=False,
        label="Preprocessing",
        help_text=(
            "preprocessor_config.json, timm's config.json, or a file with Likewise's own fields. "
            "Default: 224 pixels, centre crop, ImageNet mean and standard deviation."
        ),
    )
    output = forms.CharField(
        required=False,
        max_length=255,
        help_text=("The name of the output, if the graph has several."),
    )
    pooling = forms.ChoiceField(
        required=False,
        choices=[("", "Automatic"), ("cls", "First token"), ("mean", "Mean of tokens")],
    )

    def clean_preprocessing(self) -> dict[str, Any]:
        """Return the parsed JSON; an empty dict without one."""
        file = self.cleaned_data["preprocessing"]
        if file is None:
            return {}
        try:
            # At most 1 MB: the form accepts files of gigabytes, and JSON is held in memory.
            return read_stated(file.read(1 << 20))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def new_encoder(self) -> NewEncoder:
        """Return the input of the service; the graph is in a file until the request ends."""
        clean = self.cleaned_data
        return NewEncoder(
            name=clean["name"],
            graph=Path(clean["graph"].temporary_file_path()),
            stated=clean["preprocessing"],
            output=clean["output"],
            pooling=clean["pooling"],
        )
