import hashlib
import json

import numpy as np
import pytest

from dashboard.engine import prior as prior_module
from dashboard.engine.build.prior_maker import LEANINGS
from dashboard.engine.errors import BrokenArtifact
from dashboard.engine.heads import Head, discriminant
from dashboard.engine.prior import (
    ASSETS,
    builtin_leanings,
    builtin_prior,
    symmetric,
    triangle,
)


def test_the_shipped_files_are_the_ones_that_were_built():
    manifest = json.loads((ASSETS / "builtin-1.json").read_text())

    for name, checksum in manifest["files"].items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == checksum
    assert sorted(manifest["files"]) == [
        "builtin-1-leanings.npz", "builtin-1.npz", "builtin-1.onnx",
    ]  # fmt: skip


def test_the_shipped_files_stay_small():
    assert sum(path.stat().st_size for path in ASSETS.iterdir()) < 14_500_000


def test_the_scatters_are_scatters():
    prior = builtin_prior()

    for scatter in (prior.within, prior.between):
        assert scatter.shape == (512, 512)
        assert (scatter == scatter.T).all()
        assert np.linalg.eigvalsh(scatter).min() > -1e-6


def test_the_untrained_head_follows_from_the_scatters():
    prior = builtin_prior()
    directions = discriminant(prior.within, [(1.0, prior.between)], 128)
    features = np.random.default_rng(0).normal(size=(50, 512))
    expected = Head(prior.untrained.mean, directions.astype(np.float32)).describe(features)
    rows = prior.untrained.describe(features)

    assert np.abs(prior.untrained.mean).max() == 0
    assert np.allclose(rows @ rows.T, expected @ expected.T, atol=1e-3)


def test_the_leanings_are_scatters_of_the_same_features():
    prior = builtin_prior()
    leanings = prior.leanings()

    assert sorted(leanings) == ["regions", "signs"]
    assert set(leanings) == set(LEANINGS)
    for scatters in leanings.values():
        for scatter in scatters:
            assert scatter.shape == (512, 512)
            assert (scatter == scatter.T).all()
            assert np.trace(scatter) == pytest.approx(512, rel=1e-3)
            assert np.linalg.eigvalsh(scatter).min() > 0
    assert prior.scatters("signs") is leanings["signs"]
    assert prior.scatters() == (prior.within, prior.between)


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    for path in ASSETS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "builtin-1-leanings.npz").write_bytes(b"PK")
    monkeypatch.setattr(prior_module, "ASSETS", tmp_path)

    with pytest.raises(BrokenArtifact, match=r"builtin-1-leanings.npz cannot be used: its checks"):
        builtin_leanings.__wrapped__()


def test_a_triangle_is_half_of_a_symmetric_matrix():
    matrix = np.random.default_rng(0).normal(size=(7, 7))
    matrix = (matrix + matrix.T).astype(np.float32).astype(np.float64)

    assert len(triangle(matrix)) == 28
    assert (symmetric(triangle(matrix)) == matrix).all()
