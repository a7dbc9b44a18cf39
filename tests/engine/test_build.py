import json
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from dashboard.engine.build.__main__ import main
from dashboard.engine.build.drawing.pictures import Amounts, pictures
from dashboard.engine.build.filter_bank import SOURCE, encoder, raw_encoder
from dashboard.engine.build.filters import CHROMA, LIGHTNESS, OPPONENT, gabor
from dashboard.engine.build.prior_maker import principal_basis, prior_arrays
from dashboard.engine.prior import ASSETS

FEW = Amounts(
    things=6, thing_views=3, forms=4, palettes=4, finishes=4, signs=16, skeletons=4, hands=4,
    fields=2, regions=2, region_views=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def square():
    small = np.random.default_rng(1).integers(0, 256, (1, 16, 16, 3), np.uint8)
    return small.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="module")
def answers(square):
    session = onnxruntime.InferenceSession(raw_encoder().SerializeToString())
    return session.run(None, {SOURCE: square})[0][0]


def opponent_image(square):
    """The picture in opponent colours, (128, 128, 3), plainly."""
    return square[0].astype(float) / 255 @ OPPONENT.T


def plain_block(values):
    values = np.sign(values) * np.sqrt(np.abs(values))
    return values / np.linalg.norm(values)


def test_the_bank_has_34_blocks_of_unit_length(answers):
    assert answers.shape == (3360,)
    assert np.linalg.norm(answers) == pytest.approx(np.sqrt(34), abs=1e-4)


def test_the_thumbnail_is_the_picture_in_8_by_8(square, answers):
    tiles = opponent_image(square).reshape(8, 16, 8, 16, 3).mean((1, 3)).transpose(2, 0, 1)

    assert np.allclose(answers[-192:], tiles.ravel() / np.linalg.norm(tiles), atol=1e-5)


def test_the_histogram_is_soft_and_over_all_three_channels(square, answers):
    small = opponent_image(square).reshape(32, 4, 32, 4, 3).mean((1, 3)).reshape(-1, 3)

    def membership(values, bins):
        return np.maximum(0, 1 - np.abs(values[:, None] - bins.centres) / bins.widths)

    light = membership(small[:, 0], LIGHTNESS)
    red, yellow = membership(small[:, 1], CHROMA), membership(small[:, 2], CHROMA)
    histogram = np.einsum("na,nb,nl->lab", red, yellow, light) / len(small)
    block = answers[3360 - 192 - 64 - 256 - 320 :][:320]

    assert np.allclose(block, plain_block(histogram.ravel()), atol=1e-4)


def test_the_mean_strength_of_luminance_is_the_gabors_modulus(square, answers):
    from scipy.ndimage import correlate

    light = opponent_image(square)[..., 0]
    strengths = []
    for angle in np.pi * np.arange(8) / 8:
        pair = gabor(9, angle, 2.0)
        even, odd = (correlate(light, weights, mode="mirror") for weights in pair)
        strengths.append(np.sqrt(even**2 + odd**2 + 1e-6).mean())
    start = 8 * (64 + 16 + 4)  # after the three grids of the finest octave

    assert np.allclose(answers[start : start + 8], plain_block(np.array(strengths)), atol=1e-4)


def test_an_even_gabor_does_not_see_flat_grey():
    for angle in (0, 0.4, 1.2):
        pair = gabor(9, angle, 2.0)
        assert pair.even.sum() == pytest.approx(0, abs=1e-12)
        assert pair.odd.sum() == pytest.approx(0, abs=1e-12)
        assert np.abs(pair.even).sum() == pytest.approx(1)


def test_contrast_hardly_changes_the_fine_grids(square):
    session = onnxruntime.InferenceSession(raw_encoder().SerializeToString())
    paler = (square * 0.5 + 60).astype(np.uint8)
    before, after = (session.run(None, {SOURCE: s})[0][0][:512] for s in (square, paler))

    assert before @ after > 0.99


def test_the_shipped_graph_is_what_this_code_draws(square):
    """Same filters, and the shipped basis: the same features to a cosine of 0.99999."""
    shipped = onnx.load(ASSETS / "builtin-1.onnx")
    arrays = [numpy_helper.to_array(one) for one in shipped.graph.initializer]
    mean = next(a for a in arrays if a.shape == (3360,))
    axes = next(a for a in arrays if a.shape == (3360, 512))
    old, new = (
        onnxruntime.InferenceSession(m.SerializeToString()).run(None, {SOURCE: square})[0][0]
        for m in (shipped, encoder(mean, axes))
    )

    assert old @ new / np.linalg.norm(old) / np.linalg.norm(new) > 0.99999


def test_the_drawn_pictures_are_the_same_every_time():
    first, second = list(pictures(FEW)), list(pictures(FEW))

    assert [p[1:] for p in first] == [p[1:] for p in second]
    for one, other in zip(first, second, strict=True):
        assert one.image.tobytes() == other.image.tobytes()
        assert one.image.size == (128, 128)
    assert Counter(p.likeness for p in first) == {"thing": 18, "sign": 16, "region": 12}


def test_a_small_build_writes_its_files(tmp_path):
    main(tmp_path, FEW)
    manifest = json.loads((tmp_path / "builtin-1.json").read_text())
    session = onnxruntime.InferenceSession(tmp_path / "builtin-1.onnx")
    width = session.get_outputs()[0].shape[1]

    assert sorted(manifest["files"]) == [
        "builtin-1-leanings.npz", "builtin-1.npz", "builtin-1.onnx",
    ]  # fmt: skip
    assert width == 46  # as many as there were pictures
    with np.load(tmp_path / "builtin-1.npz", allow_pickle=False) as arrays:
        assert arrays["directions"].shape == (46, 46)
        assert arrays["within"].shape == (46 * 47 // 2,)
    with np.load(tmp_path / "builtin-1-leanings.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == [
            "between_regions", "between_signs", "within_regions", "within_signs",
        ]  # fmt: skip
        assert {(one.dtype.str, one.shape) for one in arrays.values()} == {("<f2", (1081,))}


def test_the_basis_is_that_of_principal_components():
    rng = np.random.default_rng(0)
    answers = (rng.normal(size=(300, 12)) * np.arange(12, 0, -1)).astype(np.float32)
    basis = principal_basis(answers, 4)
    _, _, axes = np.linalg.svd(answers - answers.mean(0), full_matrices=False)

    assert np.allclose(np.abs(basis.axes), np.abs(axes[:4].T), atol=2e-3)
    assert (basis.axes[np.abs(basis.axes).argmax(0), range(4)] > 0).all()
    assert np.allclose(basis.project(answers).mean(0), 0, atol=0.05)


def test_how_many_pictures_a_kind_has_does_not_change_its_weight():
    rng = np.random.default_rng(0)
    features, groups = rng.normal(size=(60, 8)), np.arange(60) // 3
    few = prior_arrays(features, ["sign"] * 30 + ["thing"] * 30, groups)
    twice = np.concatenate([features[:30], features[:30], features[30:]])
    more = prior_arrays(
        twice,
        ["sign"] * 60 + ["thing"] * 30,
        np.concatenate([groups[:30], groups[:30] + 100, groups[30:]]),
    )

    assert np.allclose(few.within, more.within)
    assert np.allclose(few.between, more.between)
