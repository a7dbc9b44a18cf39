"""Store a user's encoder: its graph, its arrays, and a manifest with the checksums of both."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from dashboard.engine.build.prior_maker import Basis
from dashboard.engine.custom.encoder import OwnEncoder
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.preparing import Prepared, own_prior
from dashboard.engine.custom.preprocessing import Preprocessing, read_preprocessing
from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.heads import Head
from dashboard.engine.prior import Scatters, symmetric, triangle

FORMAT = 1
KIND = "likewise-encoder"
GRAPH, ARRAYS, MANIFEST = "graph.onnx", "arrays.npz", "manifest.json"
FILES = (GRAPH, ARRAYS, MANIFEST)


def key_of(sha256: str, preprocessing: Preprocessing, output: str = "", pooling: str = "") -> str:
    """Return a key of everything that an encoder's features depend on: other bytes, other key.

    `sha256` is that of the graph's bytes, in hex digits.
    """
    said = json.dumps([preprocessing.as_json(), output, pooling, FORMAT], sort_keys=True)
    digest = hashlib.sha256(bytes.fromhex(sha256) + said.encode()).hexdigest()
    return f"own-{digest[:24]}"


def packed(prepared: Prepared, sha256: str) -> dict[str, bytes]:
    """Return the files of an encoder by name, without its graph; the manifest is the last.

    `sha256` is that of the graph's bytes, in hex digits.
    """
    encoder, prior = prepared.encoder, prepared.prior
    file = io.BytesIO()
    np.savez(
        file,
        allow_pickle=False,
        mean=encoder.basis.mean,
        axes=encoder.basis.axes,
        within=triangle(prior.within),
        between=triangle(prior.between),
        directions=prior.untrained.directions,
    )
    arrays = file.getvalue()
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "key": encoder.key,
        "output": encoder.graph.output.name,
        "pooling": encoder.graph.output.pooling,
        "preprocessing": encoder.preprocessing.as_json(),
        "files": {GRAPH: sha256, ARRAYS: hashlib.sha256(arrays).hexdigest()},
    }
    return {ARRAYS: arrays, MANIFEST: json.dumps(manifest, indent=2).encode()}


def unpacked(files: Mapping[str, bytes], where: PurePath) -> Prepared:
    """Read an encoder; `where` names its folder in the messages of refusals.

    Raises `ForeignArtifact` for another format, `BrokenArtifact` if a file is damaged.
    """
    manifest = _manifest(files, where)
    for name, checksum in manifest["files"].items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != checksum:
            raise BrokenArtifact(where / name, "it is not the file that was registered.")
    graph = Graph(files[GRAPH], output=manifest["output"], pooling=manifest["pooling"])
    try:
        with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as arrays:
            basis = Basis(arrays["mean"], arrays["axes"])
            directions = arrays["directions"]
            within, between = symmetric(arrays["within"]), symmetric(arrays["between"])
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BrokenArtifact(where / ARRAYS, "an array is missing or damaged.") from error
    key = manifest["key"]
    untrained = Head(np.zeros(len(directions), np.float32), directions)
    return Prepared(
        OwnEncoder(key, graph, read_preprocessing(manifest["preprocessing"], graph.input), basis),
        own_prior(key, Scatters(within, between), untrained),
    )


def _manifest(files: Mapping[str, bytes], where: PurePath) -> dict[str, Any]:
    try:
        manifest = json.loads(files[MANIFEST])
        kind, version = manifest["kind"], manifest["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenArtifact(where / MANIFEST, "it is missing or damaged.") from error
    if (kind, version) != (KIND, FORMAT):
        raise ForeignArtifact(where / MANIFEST, f"it is {kind} {version}, not {KIND} {FORMAT}.")
    return dict(manifest)
