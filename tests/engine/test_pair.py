"""Two encoders' features side by side: their heads, their mix, and what is kept of it."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from dashboard.engine import artifacts
from dashboard.engine.errors import BrokenArtifact
from dashboard.engine.heads import Head, MixedHead, Part, plain_head
from dashboard.engine.prior import BOTH, BUILTIN, PairPrior, both_prior, prior_of
from dashboard.engine.training import TrainingSet, fit
from dashboard.engine.training_set import TypeData

KEPT = Path(__file__).parent / "kept"
WIDTH = 48


@pytest.fixture(scope="module")
def pair(prior):
    photo = dataclasses.replace(
        prior, encoder="toy-2", untrained=plain_head(WIDTH, 24), dimension=24
    )
    return PairPrior("toy-1+toy-2", prior, photo, 1.0)


@pytest.fixture
def train(pair):
    def train(data):
        return fit(
            TrainingSet(pair.encoder, (data,)),
            prior=pair,
        )

    return train


def sided(make, *, first, second, groups=40, **more):
    """Give features of both halves, one of which may mean nothing."""
    data = make.type_data(groups=groups, images=5, apart=first, glare=2.0, **more)
    other = make.rows(data.groups, seed=77, apart=second, glare=2.0)
    return dataclasses.replace(data, features=np.concatenate([data.features, other], axis=1))


def test_the_cosine_of_a_mix_is_the_weighted_mean_of_its_halves():
    rng = np.random.default_rng(0)
    first, second = (
        Head(rng.normal(size=4).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32))
        for _ in range(2)
    )
    mixed = MixedHead(8, (Part(0, first, 1.0), Part(4, second, 2.0)))
    features = rng.normal(size=(5, 8)).astype(np.float16)
    rows = mixed.describe(features)
    own, other = first.describe(features[:, :4]), second.describe(features[:, 4:])

    assert rows.shape == (5, 6)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.allclose(rows @ rows.T, (own @ own.T + 4 * other @ other.T) / 5, atol=1e-6)
    assert mixed.share(4) == 0.8


def test_only_the_photo_half_tells_groups_apart(make, train):
    mix = train(sided(make, first=0.0, second=1.5)).report()["product"]["mix"]

    assert mix["photo_share"] > 0.6


def test_only_the_other_half_tells_groups_apart(make, train):
    report = train(sided(make, first=1.5, second=0.0)).report()["product"]

    assert report["verdict"]["better"]
    assert report["mix"]["photo_share"] < 0.4


def test_too_few_groups_keep_the_untrained_mix(make, train, pair):
    data = sided(make, first=1.0, second=1.0, groups=6)
    model = train(data)

    untrained = pair.untrained.describe(data.features)
    assert np.allclose(model.describe(data.features), untrained, atol=1e-6)
    assert model.report()["product"]["mix"] == {"photo_weight": 1.0, "photo_share": 0.5}


def test_a_mix_comes_back_bit_for_bit(make, train, tmp_path):
    data = sided(make, first=1.5, second=1.5)
    model = train(data)
    artifacts.save(model, tmp_path / "1")
    loaded = artifacts.load(tmp_path / "1")

    assert isinstance(loaded.heads[0].head, MixedHead)
    assert loaded.describe(data.features).tobytes() == model.describe(data.features).tobytes()
    assert json.loads((tmp_path / "1" / "manifest.json").read_text())["format"] == 2


@pytest.mark.parametrize("part", [{"start": 60, "weight": 1.0}, {"start": 0, "weight": 0.0}])
def test_a_part_that_cannot_be_is_refused(make, train, tmp_path, part):
    artifacts.save(train(sided(make, first=1.0, second=1.0, groups=6)), tmp_path / "1")
    path = tmp_path / "1" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["types"][0]["parts"][0] = part
    path.write_text(json.dumps(manifest))

    with pytest.raises(BrokenArtifact):
        artifacts.load(tmp_path / "1")


def test_format_1_gives_the_same_bits_as_ever():
    """Written by the program before there was a format 2."""
    model = artifacts.load(KEPT / "format-1")
    with np.load(KEPT / "described-1.npz") as kept:
        plain = model.describe(kept["features"])
        weighed = model.describe(kept["features"], {"shape": 3.0})

        assert plain.tobytes() == kept["plain"].tobytes()
        assert weighed.tobytes() == kept["weighed"].tobytes()


def test_a_plain_model_is_still_written_as_format_1(tmp_path):
    artifacts.save(artifacts.load(KEPT / "format-1"), tmp_path / "1")

    assert json.loads((tmp_path / "1" / "manifest.json").read_text())["format"] == 1


def test_the_shipped_pair_is_known_by_its_key():
    untrained = prior_of(BOTH).untrained

    assert prior_of(BUILTIN).encoder == BUILTIN
    assert both_prior().width == untrained.width == 1024
    assert untrained.dimension == 384


def test_a_cosine_that_needs_no_training_is_no_merit_of_a_head(make, pair, train):
    """The untrained head is blind; whatever a fit finds, the plain cosine finds as well."""
    blind = dataclasses.replace(
        pair.first, untrained=Head(np.zeros(WIDTH, np.float32), np.eye(WIDTH, 1, dtype=np.float32))
    )
    data = make.type_data(groups=40, images=5, apart=2.0)
    report = fit(
        TrainingSet("toy-1", (data,)),
        prior=blind,
    ).report()["product"]

    assert report["baseline"] == "cosine"
    assert report["unseen"]["delivered"]["map@r"]["value"] > (
        report["unseen"]["untrained"]["map@r"]["value"] + 0.1
    )
    assert "plain cosine" in report["verdict"]["sentence"]


def test_the_gallery_is_all_there_is(make, train):
    data = sided(make, first=1.0, second=1.0, groups=24, held_out=4)
    report = train(data).report()["product"]

    assert report["unseen"]["gallery"] == {"images": 100, "groups": 20}
    assert report["held_out"]["gallery"] == {"images": 120, "groups": 24}
    assert report["held_out"]["queries"] == 20
    assert report["unseen"]["queries"] == 100


def test_a_set_says_its_columns_and_blocks():
    data = TypeData(
        "a", "A", np.zeros((4, 6), np.float16), np.arange(4), np.arange(4), np.zeros(4, np.bool_),
        blocks=np.array([1, 1, 2, -1]),
    )  # fmt: skip

    assert data.columns(2, 3).features.shape == (4, 3)
    assert data.take(np.array([True, False, True, True])).blocks.tolist() == [1, 2, -1]
