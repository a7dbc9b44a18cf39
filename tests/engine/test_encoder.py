from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dashboard.engine import prior as prior_module
from dashboard.engine.encoder import Encoder
from dashboard.engine.errors import BrokenArtifact, ForeignArtifact


@pytest.fixture(scope="module")
def squares():
    rng = np.random.default_rng(5)
    small = rng.integers(0, 256, (12, 16, 16, 3), np.uint8)
    return small.repeat(8, axis=1).repeat(8, axis=2)


def test_it_works(encoder, squares):
    features = encoder.features(squares)

    assert (encoder.key, encoder.dimension) == ("builtin-1", 512)
    assert (features.shape, features.dtype) == ((12, 512), np.float16)
    assert np.isfinite(features).all()
    assert len(np.unique(features, axis=0)) == 12


def test_a_picture_has_the_same_features_in_any_company(encoder, squares):
    together = encoder.features(squares)
    alone = np.concatenate([encoder.features(square[None]) for square in squares])
    backwards = encoder.features(squares[::-1])[::-1]

    assert together.tobytes() == alone.tobytes() == backwards.tobytes()


def test_threads_change_nothing(encoder, squares):
    expected = encoder.features(squares).tobytes()

    assert Encoder.builtin(threads=4).features(squares).tobytes() == expected


def test_many_threads_may_use_one_encoder(encoder, squares):
    expected = encoder.features(squares).tobytes()

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: encoder.features(squares).tobytes(), range(6)))

    assert set(results) == {expected}


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_has_finite_features(encoder, value):
    square = np.full((1, 128, 128, 3), value, np.uint8)

    assert np.isfinite(encoder.features(square)).all()


def test_no_pictures_give_no_features(encoder):
    assert encoder.features(np.zeros((0, 128, 128, 3), np.uint8)).shape == (0, 512)


def test_a_little_more_light_changes_little(encoder, squares):
    brighter = (squares * 0.9 + 12).astype(np.uint8)
    before, after = (encoder.features(s).astype(float) for s in (squares, brighter))
    closeness = (before * after).sum(1) / np.linalg.norm(before, axis=1)
    closeness /= np.linalg.norm(after, axis=1)

    assert closeness.min() > 0.9


@pytest.fixture
def other_assets(tmp_path, monkeypatch):
    """A copy of the shipped files that a test may damage."""
    for path in prior_module.ASSETS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(prior_module, "ASSETS", tmp_path)
    return tmp_path


def test_a_damaged_graph_is_refused(other_assets):
    path = other_assets / "builtin-1.onnx"
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)

    with pytest.raises(BrokenArtifact, match="checksum"):
        Encoder.builtin()


def test_a_missing_graph_is_refused(other_assets):
    (other_assets / "builtin-1.onnx").unlink()

    with pytest.raises(BrokenArtifact, match="missing"):
        Encoder.builtin()


def test_an_unknown_format_is_refused(other_assets):
    manifest = other_assets / "builtin-1.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))

    with pytest.raises(ForeignArtifact, match="format is 99"):
        Encoder.builtin()
