from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dashboard.engine import prior as prior_module
from dashboard.engine.encoder import Encoder, PairEncoder, PhotoEncoder
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


@pytest.fixture(scope="module")
def photo():
    return PhotoEncoder.shipped()


@pytest.fixture(scope="module")
def pictures():
    """Pictures of several shapes, in modes and orientations as files have them."""
    rng = np.random.default_rng(7)
    shapes = [(300, 200), (90, 240), (128, 128), (640, 31)]
    drawn = [
        Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(shape) for shape in shapes
    ]
    turned = drawn[0].copy()
    turned.getexif()[0x0112] = 6
    return [*drawn, drawn[0].convert("L"), drawn[1].convert("RGBA"), turned]


def test_the_photo_encoder_works(photo, pictures):
    rows = np.stack([photo.encode(picture) for picture in pictures])

    assert (photo.key, photo.dimension, photo.size) == ("photo-1", 512, 192)
    assert (rows.shape, rows.dtype) == ((7, 512), np.float16)  # type: ignore[comparison-overlap]
    assert np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == 6  # one is the same picture with nothing transparent


def test_features_are_the_answers_in_their_basis(photo, pictures):
    squares = np.stack([photo.prepare(picture) for picture in pictures])
    with np.load(prior_module.ASSETS / "photo-1.npz", allow_pickle=False) as arrays:
        mean, axes = arrays["mean"].astype(float), arrays["axes"].astype(float)
    session = photo._session
    answers = np.stack([session.run(None, {"image": views})[0] for views in squares])
    expected = (answers.mean(1) - mean) @ axes

    np.testing.assert_allclose(np.linalg.norm(answers, axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(photo.features(squares), expected, atol=2e-3)


def test_a_picture_has_the_same_photo_features_in_any_company(photo, pictures):
    squares = np.stack([photo.prepare(picture) for picture in pictures])
    expected = photo.features(squares).tobytes()

    assert np.stack([photo.encode(picture) for picture in pictures]).tobytes() == expected
    assert PhotoEncoder.shipped(threads=4).features(squares).tobytes() == expected
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: photo.features(squares).tobytes(), range(6)))
    assert set(results) == {expected}


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_flat_picture_has_finite_photo_features(photo, value):
    assert np.isfinite(photo.encode(Image.new("L", (50, 40), value))).all()


def test_the_pair_gives_the_features_of_both_in_turn(encoder, photo, pictures):
    pair = PairEncoder(encoder, photo)

    assert (pair.key, pair.dimension, pair.size) == ("builtin-1+photo-1", 1024, 192)
    for picture in pictures:
        features = pair.encode(picture)
        assert features.dtype == np.float16
        assert features.tobytes() == (
            encoder.encode(picture).tobytes() + photo.encode(picture).tobytes()
        )


def test_one_road_gives_the_bits_of_the_other(encoder, pictures):
    for picture in pictures:
        (row,) = encoder.features(encoder.prepare(picture)[None])
        assert encoder.encode(picture).tobytes() == row.tobytes()


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


@pytest.mark.parametrize("name", ["photo-1.onnx", "photo-1.npz"])
def test_a_damaged_photo_encoder_is_refused(other_assets, name):
    path = other_assets / name
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)

    with pytest.raises(BrokenArtifact, match=f"{name} cannot be used: its checksum"):
        PhotoEncoder.shipped()
    Encoder.builtin()  # is none the worse


def test_the_photo_encoder_needs_its_basis(encoder):
    with pytest.raises(BrokenArtifact, match="an array is missing"):
        PhotoEncoder(prior_module.checked_asset("photo-1.onnx"), b"PK")
