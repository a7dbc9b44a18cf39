import dataclasses
import json

import numpy as np
import pytest

from dashboard.engine import ways
from dashboard.engine.errors import InvalidTrainingSet
from dashboard.engine.progress import SILENT
from dashboard.engine.trained_model import untrained_model
from dashboard.engine.training import Production, TooLittleData, TrainingSet, fit
from dashboard.engine.ways import CANDIDATES


class Stop(Exception):
    pass


class Heard:
    def __init__(self, stop_at=None):
        self.reports, self.stop_at = [], stop_at

    def report(self, done, total, step=""):
        self.reports.append((done, total, step))
        if done == self.stop_at:
            raise Stop


@pytest.fixture
def train(prior):
    def train(*types, seed=0, progress=SILENT, production=None):
        training_set = TrainingSet(prior.encoder, types, seed)
        return fit(
            training_set,
            progress=progress,
            prior=prior,
            production=production,
        )

    return train


def test_it_works(make, train):
    data = make.type_data(groups=24, images=5, held_out=4, apart=1.2, glare=2.0)
    model = train(data)
    report = model.report()["product"]

    assert model.encoder == "toy-1"
    assert model.dimension == 48
    assert report["verdict"]["better"]
    assert (report["groups"], report["images"]) == (20, 100)
    assert (report["unseen"]["groups"], report["unseen"]["queries"]) == (20, 100)
    assert (report["held_out"]["groups"], report["held_out"]["queries"]) == (4, 20)
    for part in ("unseen", "held_out"):
        for head in ("delivered", "untrained"):
            assert set(report[part][head]) == {"recall@1", "recall@5", "map@r"}
            for metric in report[part][head].values():
                assert 0 <= metric["low"] <= metric["value"] <= metric["high"] <= 1
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_worst_groups_come_first(make, train):
    table = train(make.type_data(groups=12, apart=0.3)).report()["product"]["unseen"]["by_group"]

    assert sorted(table["group"]) == list(range(12))
    assert table["map@r"] == sorted(table["map@r"])


def test_the_same_set_gives_the_same_model(make, train):
    data = make.type_data(groups=16)
    first, second = (train(data, seed=4) for _ in range(2))

    assert np.allclose(first.describe(data.features), second.describe(data.features), atol=1e-5)
    assert first.report() == second.report()


def test_what_is_held_out_is_never_trained_on(make, train):
    data = make.type_data(groups=24, held_out=4, apart=0.5)
    noise = make.rows(data.groups, seed=99)
    other = np.where(data.held_out[:, None], noise, data.features)
    first, second = train(data), train(dataclasses.replace(data, features=other))

    assert np.array_equal(first.heads[0].head.directions, second.heads[0].head.directions)
    assert first.report()["product"]["unseen"] == second.report()["product"]["unseen"]
    assert first.report()["product"]["held_out"] != second.report()["product"]["held_out"]


def test_without_held_out_groups_there_is_no_such_report(make, train):
    assert train(make.type_data()).report()["product"]["held_out"] is None


def test_several_types_stand_side_by_side(make, train):
    product, shape = make.type_data(), make.type_data(key="shape", seed=3)
    model = train(product, shape)
    rows = model.describe(product.features)
    parts = [part.head.describe(product.features) for part in model.heads]

    assert [part.key for part in model.heads] == ["product", "shape"]
    assert rows.shape == (60, 96)
    assert rows.dtype == np.float32
    assert np.allclose(rows, np.concatenate(parts, axis=1) / np.sqrt(2), atol=1e-6)


def test_weights_of_a_query_weigh_the_types_cosines(make, train):
    product, shape = make.type_data(), make.type_data(key="shape", seed=3)
    model = train(product, shape)
    gallery = model.describe(product.features)
    query = model.describe(product.features[:1], {"product": 3.0, "shape": 0.5})
    cosines = [(h.head.describe(product.features[:1]) @ h.head.describe(product.features).T)[0]
               for h in model.heads]  # fmt: skip
    expected = 3.0 * cosines[0] + 0.5 * cosines[1]
    found = (query @ gallery.T)[0]

    assert np.allclose(np.linalg.norm(query), 1)
    assert np.allclose(found / found[0], expected / expected[0], atol=1e-5)


@pytest.mark.parametrize("weights", [{"size": 1.0}, {"product": -1.0}, {"product": 0.0}])
def test_weights_that_make_no_sense_are_refused(make, train, weights):
    data = make.type_data()

    with pytest.raises(ValueError, match=r"similarity type size|zero or more"):
        train(data).describe(data.features, weights)


def test_progress_rises_to_one(make, train):
    heard = Heard()
    train(make.type_data(), make.type_data(3, key="shape"), progress=heard)
    total = len(heard.reports) - 1

    assert [done for done, _, _ in heard.reports] == [*range(total + 1)]
    assert {of for _, of, _ in heard.reports} == {total}
    steps = [step for _, _, step in heard.reports]
    assert steps[-1] == "Done"
    assert "Checking “Same product” on groups it has not seen" in steps
    assert "Fitting “Same shape”" in steps


@pytest.mark.parametrize("moment", [0, 3, 7])
def test_it_stops_within_a_fold(make, train, monkeypatch, moment):
    """What is raised comes out as it is, and no head is fitted after it."""
    fitted = []
    fit_head = ways.fit_head

    def counted(*args, **named):
        fitted.append(1)
        return fit_head(*args, **named)

    monkeypatch.setattr(ways, "fit_head", counted)
    heard = Heard(stop_at=moment)

    with pytest.raises(Stop):
        train(make.type_data(groups=12), progress=heard)
    assert len(heard.reports) == moment + 1
    assert len(fitted) == moment + 1

    train(make.type_data(groups=12))
    assert len(fitted) > 2 * (moment + 1)


def test_one_group_is_too_little(make, train):
    with pytest.raises(TooLittleData, match="1 of at least 2 groups") as caught:
        train(make.type_data(groups=1))
    assert (caught.value.type_name, caught.value.groups, caught.value.needed) == (
        "Same product", 1, 2,
    )  # fmt: skip


def test_groups_that_are_held_out_do_not_count(make, train):
    with pytest.raises(TooLittleData):
        train(make.type_data(groups=3, held_out=2))


def test_groups_of_one_image_do_not_count(make, train):
    with pytest.raises(TooLittleData, match="0 of at least 2"):
        train(make.type_data(groups=30, images=1))


def test_two_groups_of_two_are_fitted_but_not_trusted(make, train, prior):
    data = make.type_data(groups=2, images=2)
    model = train(data)

    assert not model.report()["product"]["verdict"]["verified"]
    assert model.heads[0].head is prior.untrained


def test_negative_pairs_take_part(make, train):
    data = make.type_data(groups=40, images=5, apart=1.2, glare=2.0)
    pairs = np.stack([np.arange(0, 50), np.arange(50, 100)], axis=1)
    told = dataclasses.replace(data, negative_pairs=pairs)
    first, second = (train(one).describe(data.features) for one in (data, told))

    assert not np.allclose(first, second, atol=1e-3)


def test_an_encoder_without_a_prior_is_refused(make):
    with pytest.raises(InvalidTrainingSet, match="no prior for the encoder other-1"):
        fit(
            TrainingSet("other-1", (make.type_data(),)),
        )


def test_the_untrained_model_describes_before_any_training(make, prior):
    features = make.type_data().features

    assert np.array_equal(
        untrained_model(prior).describe(features), prior.untrained.describe(features)
    )


def test_the_table_of_cross_validation_is_kept(make, train):
    report = train(make.type_data(groups=12)).report()["product"]
    few = train(make.type_data(groups=4)).report()["product"]

    assert [row["recipe"] for row in report["candidates"]] == [
        None, *(recipe._asdict() for recipe in CANDIDATES if not recipe.leaning),
    ]  # fmt: skip
    assert all(0 <= row["map@r"] <= 1 and 0 <= row["recall@1"] <= 1 for row in report["candidates"])
    assert [row["recipe"] for row in few["candidates"]] == [None]


def test_what_works_now_is_compared_on_what_is_held_out(make, train):
    data = make.type_data(groups=24, images=5, held_out=4, apart=1.2, glare=2.0)
    other = make.type_data(key="shape", groups=12, held_out=2)
    before = Production(train(data), {"product": range(20)})
    report = train(data, other, production=before).report()

    held_out = report["product"]["held_out"]
    assert held_out["production"] == held_out["delivered"] != held_out["untrained"]
    assert held_out["production_learned"] == 0
    assert "production" not in report["shape"]["held_out"]
    assert "production" not in report["shape"]["unseen"]


def test_what_works_now_answers_the_same_queries(make, train):
    """It has learned half of the groups, which flatters it: that is told."""
    whole = make.type_data(groups=80, images=5, apart=1.2, glare=2.0)
    half = whole.take(whole.groups < 50)
    before = Production(train(half), {"product": range(50)})
    alone = train(whole).report()["product"]
    unseen = train(whole, production=before).report()["product"]["unseen"]

    assert (unseen["queries"], unseen["groups"], unseen["production_learned"]) == (400, 80, 50)
    assert unseen["delivered"] == alone["unseen"]["delivered"]
    found = unseen["production"]["map@r"]
    assert found["low"] < found["value"] < found["high"]
    assert unseen["production"] != unseen["untrained"]


def test_what_works_now_is_compared_where_nothing_can_be_verified(make, train):
    data = make.type_data(groups=6, images=4)
    unseen = train(data, production=Production(train(data), {})).report()["product"]["unseen"]

    assert unseen["production"] == unseen["untrained"]
    assert unseen["production_learned"] == 0


def test_a_production_version_of_another_encoder_is_not_compared(make, train):
    data = make.type_data(groups=12, held_out=2)
    foreign = dataclasses.replace(train(data), encoder="toy-2")

    report = train(data, production=Production(foreign, {})).report()

    assert "production" not in report["product"]["held_out"]


def test_it_says_what_it_was_made_of(make, train):
    data = make.type_data(groups=12)
    moved = np.roll(data.features, 1, axis=0)
    first, again, other = (
        train(one, seed=3).made
        for one in (data, dataclasses.replace(data), dataclasses.replace(data, features=moved))
    )

    assert first == again
    assert first["data"] != other["data"]
    assert first["seed"] == 3
    assert json.loads(json.dumps(first)) == first
