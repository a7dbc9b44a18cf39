"""Read the preprocessing file that belongs to an encoder's ONNX file."""

import json
from pathlib import Path
from typing import Any

from dashboard.engine.progress import SILENT, Progress
from dashboard.models import Encoder
from dashboard.services.errors import EncoderExists
from dashboard.services.training.encoders import NewEncoder, register_at_once, set_default

BESIDE = ("preprocessor_config.json", "config.json")


def new_encoder_from(
    file: Path, *, name: str, preprocessing: Path | None, output: str = "", pooling: str = ""
) -> NewEncoder:
    """Find the JSON file beside a graph and read it.

    Raises `OSError` if it cannot be read, `ValueError` with a sentence for an invalid one.
    """
    return NewEncoder(
        name=name or file.stem,
        graph=file,
        stated=_stated(preprocessing or _beside(file)),
        output=output,
        pooling=pooling,
    )


def use_backbone(file: Path, progress: Progress = SILENT) -> Encoder:
    """Make a file the default encoder; it is prepared at its first start, which takes minutes.

    Raises `EncoderRefused` if it is unfit, `OSError` and `ValueError`.
    """
    try:
        encoder = register_at_once(
            new=new_encoder_from(file, name="", preprocessing=None), progress=progress
        )
    except EncoderExists as known:
        encoder = known.encoder
    if not encoder.is_default:
        set_default(encoder=encoder)
    return encoder


def _beside(file: Path) -> Path | None:
    names = (f"{file.stem}.json", *BESIDE)
    return next((file.with_name(name) for name in names if file.with_name(name).is_file()), None)


def _stated(path: Path | None) -> dict[str, Any]:
    return {} if path is None else read_stated(path.read_bytes(), path.name)


def read_stated(data: bytes, name: str = "The preprocessing") -> dict[str, Any]:
    """Read the JSON beside a graph. Raises `ValueError` with a sentence."""
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not valid JSON.") from error
    if not isinstance(stated, dict):
        raise ValueError(f"{name} is not a JSON object.")
    return stated
