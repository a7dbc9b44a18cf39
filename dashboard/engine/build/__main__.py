"""Draw the images, compute the prior, and write the shipped files: some minutes on one core."""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from dashboard.engine.build.drawing.pictures import SHIPPED, Amounts, pictures
from dashboard.engine.build.filter_bank import SOURCE, encoder, raw_encoder
from dashboard.engine.build.prior_maker import (
    FEATURES,
    LEANINGS,
    Basis,
    PriorArrays,
    principal_basis,
    prior_arrays,
    scatters,
)
from dashboard.engine.encoder import session_options
from dashboard.engine.preprocess import letterbox
from dashboard.engine.prior import ASSETS, BUILTIN, FORMAT, Scatters, triangle
from dashboard.engine.scatter import trace_one

DRAWN_SIDE = 96  # enlarged again by the letterbox: users' images are rarely sharp to the pixel


def main(folder: Path = ASSETS, amounts: Amounts = SHIPPED) -> None:
    """Build everything into a folder."""
    answers, likenesses, groups = answered(amounts)
    basis = principal_basis(answers, min(FEATURES, len(answers)))
    features = basis.project(answers).astype(np.float16)
    leaning = {
        name: scatters(features, likenesses, groups, weights) for name, weights in LEANINGS.items()
    }
    write(folder, basis, prior_arrays(features, likenesses, groups), leaning)


def answered(amounts: Amounts) -> tuple[NDArray[np.float32], list[str], NDArray[np.int64]]:
    """Draw the images and return the bank's answers (n, 3360), their similarities and groups."""
    bank = onnxruntime.InferenceSession(raw_encoder().SerializeToString(), session_options())
    answers, likenesses, groups = [], [], []
    for number, picture in enumerate(pictures(amounts)):
        small = picture.image.resize((DRAWN_SIDE, DRAWN_SIDE))
        answers.append(bank.run(None, {SOURCE: letterbox(small)[None]})[0][0])
        likenesses.append(picture.likeness)
        groups.append(picture.group)
        if number % 1000 == 0:
            sys.stderr.write(f"{number} pictures\n")
    return np.stack(answers), likenesses, np.array(groups)


def write(folder: Path, basis: Basis, prior: PriorArrays, leaning: Mapping[str, Scatters]) -> None:
    """Write the graph, the prior, its leanings, and the manifest with their checksums."""
    graph, arrays = folder / f"{BUILTIN}.onnx", folder / f"{BUILTIN}.npz"
    others = folder / f"{BUILTIN}-leanings.npz"
    onnx.save(encoder(basis.mean, basis.axes), graph)
    np.savez_compressed(
        arrays,
        within=triangle(prior.within),
        between=triangle(prior.between),
        mean=np.zeros(len(prior.within), np.float32),
        directions=prior.directions,
    )
    np.savez_compressed(others, **packed_leanings(leaning))
    checksums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (graph, arrays, others)
    }
    manifest = {"format": FORMAT, "encoder": BUILTIN, "files": checksums}
    (folder / f"{BUILTIN}.json").write_text(json.dumps(manifest, indent=2) + "\n")


def packed_leanings(leaning: Mapping[str, Scatters]) -> dict[str, Any]:
    """Pack scatters at half precision, scaled so that their diagonals are about one."""
    return {
        f"{part}_{name}": triangle(len(scatter) * trace_one(scatter)).astype(np.float16)
        for name, both in leaning.items()
        for part, scatter in both._asdict().items()
    }


if __name__ == "__main__":
    main()
