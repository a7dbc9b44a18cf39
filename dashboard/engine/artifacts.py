"""Store trained models on the disk: two files in a folder that is complete or absent.

`heads.npz` has the arrays, `manifest.json` everything else and the arrays' checksum.
"""

import hashlib
import io
import json
import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.heads import AnyHead, Head, MixedHead, Part
from dashboard.engine.trained_model import TrainedHead, TrainedModel

FORMAT = 2  # for mixed heads; a model without one is still written as format 1
PLAIN_FORMAT = 1
KIND = "likewise-heads"
ARRAYS = "heads.npz"
MANIFEST = "manifest.json"


def save(model: TrainedModel, folder: Path) -> None:
    """Write a model as `folder`, which must not exist.

    It is written to a temporary folder that is renamed last: a reader that sees the folder sees all
    of it, and a crash leaves at most a hidden folder beside it. Raises FileExistsError if the
    folder exists.
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
    """Write and sync the file, so that the rename never reaches the disk first."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _packed(model: TrainedModel) -> bytes:
    arrays: dict[str, NDArray[np.float32]] = {}
    for number, part in enumerate(model.heads):
        for name, head in _named(str(number), part.head):
            arrays[f"mean_{name}"] = head.mean
            arrays[f"directions_{name}"] = head.directions
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _named(name: str, head: AnyHead) -> list[tuple[str, Head]]:
    """Return the heads that a head consists of, each with the name of its arrays."""
    if isinstance(head, Head):
        return [(name, head)]
    return [(f"{name}_{part}", one.head) for part, one in enumerate(head.parts)]


def _manifest(model: TrainedModel, arrays: bytes) -> dict[str, Any]:
    mixed = any(isinstance(part.head, MixedHead) for part in model.heads)
    return {
        "kind": KIND,
        "format": FORMAT if mixed else PLAIN_FORMAT,
        "encoder": model.encoder,
        "sha256": hashlib.sha256(arrays).hexdigest(),
        "dimension": model.dimension,
        "made": model.made,
        "types": [
            {"key": part.key, "name": part.name, "report": part.report, **_mix(part.head)}
            for part in model.heads
        ],
    }


def _mix(head: AnyHead) -> dict[str, Any]:
    """Return the structure of a mixed head; empty for a plain one."""
    if isinstance(head, Head):
        return {}
    parts = [{"start": part.start, "weight": part.weight} for part in head.parts]
    return {"width": head.width, "parts": parts}


def _head(number: int, kind: Mapping[str, Any], arrays: Mapping[str, Any]) -> AnyHead:
    """Read the head of a type, whose structure is in `kind`."""
    if "parts" not in kind:
        return Head(arrays[f"mean_{number}"], arrays[f"directions_{number}"])
    parts = []
    for place, one in enumerate(kind["parts"]):
        mean, directions = (arrays[f"{name}_{number}_{place}"] for name in ("mean", "directions"))
        parts.append(Part(int(one["start"]), Head(mean, directions), float(one["weight"])))
    head = MixedHead(int(kind["width"]), tuple(parts))
    fits = all(start >= 0 and start + one.width <= head.width and 0 < weight < math.inf
               for start, one, weight in parts)  # fmt: skip
    if not parts or not fits:
        raise ValueError("a part of a head reads columns that there are not")
    return head


def load(folder: Path, *, encoder: str | None = None) -> TrainedModel:
    """Read a model and verify its checksum.

    Raises BrokenArtifact if a file is missing or damaged, ForeignArtifact if it is not a model, has
    an unknown format, or is not for `encoder`.
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
                    _head(number, kind, arrays),
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
    if manifest.get("format") not in (PLAIN_FORMAT, FORMAT):
        raise ForeignArtifact(
            path, f"its format is {manifest.get('format')}, not {PLAIN_FORMAT} or {FORMAT}."
        )
    if encoder is not None and manifest.get("encoder") != encoder:
        raise ForeignArtifact(
            path, f"it was trained for the encoder {manifest.get('encoder')}, not {encoder}."
        )
    return manifest
