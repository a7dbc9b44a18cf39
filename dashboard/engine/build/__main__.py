"""Draw the pictures, compute the prior, and write the shipped files: some minutes on one core."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from dashboard.engine.build.drawing.pictures import SHIPPED, Amounts, pictures
from dashboard.engine.build.filter_bank import SOURCE, encoder, raw_encoder
from dashboard.engine.build.prior_maker import (
    FEATURES,
    Basis,
    PriorArrays,
    principal_basis,
    prior_arrays,
)
from dashboard.engine.encoder import session_options
from dashboard.engine.preprocess import letterbox
from dashboard.engine.prior import ASSETS, BUILTIN, FORMAT, triangle

DRAWN_SIDE = 96  # enlarged again by the letterbox: people's pictures are rarely sharp to the pixel


def main(folder: Path = ASSETS, amounts: Amounts = SHIPPED) -> None:
    """Build everything into a folder."""
    answers, likenesses, groups = answered(amounts)
    basis = principal_basis(answers, min(FEATURES, len(answers)))
    features = basis.project(answers).astype(np.float16)
    write(folder, basis, prior_arrays(features, likenesses, groups))


def answered(amounts: Amounts) -> tuple[NDArray[np.float32], list[str], NDArray[np.int64]]:
    """Draw the pictures and give the bank's answers (n, 3360), their likenesses and groups."""
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


def write(folder: Path, basis: Basis, prior: PriorArrays) -> None:
    """Write the graph, the prior and the manifest with their checksums."""
    graph, arrays = folder / f"{BUILTIN}.onnx", folder / f"{BUILTIN}.npz"
    onnx.save(encoder(basis.mean, basis.axes), graph)
    np.savez_compressed(
        arrays,
        within=triangle(prior.within),
        between=triangle(prior.between),
        mean=np.zeros(len(prior.within), np.float32),
        directions=prior.directions,
    )
    checksums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (graph, arrays)
    }
    manifest = {"format": FORMAT, "encoder": BUILTIN, "files": checksums}
    (folder / f"{BUILTIN}.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
