"""Trained models on disk: two files in a folder that is either whole or not there.

`heads.npz` holds the arrays, `manifest.json` everything else and the arrays' checksum.
"""

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.heads import Head
from dashboard.engine.trained_model import TrainedHead, TrainedModel

FORMAT = 1
KIND = "likewise-heads"
ARRAYS = "heads.npz"
MANIFEST = "manifest.json"


def save(model: TrainedModel, folder: Path) -> None:
    """Write a model as `folder`, which must not be there yet.

    Written aside and renamed last: whoever sees the folder sees all of it, and a crash leaves at
    most a hidden folder beside it. Raises FileExistsError if the folder is there.
    """
    if folder.exists():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        arrays = _packed(model)
        _write(aside / ARRAYS, arrays)
        _write(aside / MANIFEST, json.dumps(_manifest(model, arrays), indent=2).encode())
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _write(path: Path, data: bytes) -> None:
    """Write and wait until the disk has it, so that the rename never comes first."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _packed(model: TrainedModel) -> bytes:
    arrays: dict[str, NDArray[np.float32]] = {}
    for number, part in enumerate(model.heads):
        arrays[f"mean_{number}"] = part.head.mean
        arrays[f"directions_{number}"] = part.head.directions
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _manifest(model: TrainedModel, arrays: bytes) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": FORMAT,
        "encoder": model.encoder,
        "sha256": hashlib.sha256(arrays).hexdigest(),
        "dimension": model.dimension,
        "made": model.made,
        "types": [
            {"key": part.key, "name": part.name, "report": part.report} for part in model.heads
        ],
    }


def load(folder: Path, *, encoder: str | None = None) -> TrainedModel:
    """Read a model, checked against its checksum.

    Raises BrokenArtifact if a file is missing or damaged, ForeignArtifact if it is not such a
    model, is of a format that this program does not know, or is not for the `encoder` named.
    """
    manifest = _read_manifest(folder / MANIFEST, encoder)
    path = folder / ARRAYS
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrokenArtifact(path, "the file cannot be read. Train again.") from error
    if hashlib.sha256(data).hexdigest() != manifest.get("sha256"):
        raise BrokenArtifact(path, "its checksum does not match its manifest. Train again.")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            heads = tuple(
                TrainedHead(
                    kind["key"],
                    kind["name"],
                    Head(arrays[f"mean_{number}"], arrays[f"directions_{number}"]),
                    kind["report"],
                )
                for number, kind in enumerate(manifest["types"])
            )
        return TrainedModel(manifest["encoder"], heads, dict(manifest.get("made", {})))
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BrokenArtifact(
            path, "its arrays and its manifest do not fit. Train again."
        ) from error


def _read_manifest(path: Path, encoder: str | None) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenArtifact(path, "the file is missing or not JSON. Train again.") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ForeignArtifact(path, "it does not describe a trained model.")
    if manifest.get("format") != FORMAT:
        raise ForeignArtifact(path, f"its format is {manifest.get('format')}, not {FORMAT}.")
    if encoder is not None and manifest.get("encoder") != encoder:
        raise ForeignArtifact(
            path, f"it was trained for the encoder {manifest.get('encoder')}, not {encoder}."
        )
    return manifest
