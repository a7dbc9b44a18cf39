import dataclasses

import numpy as np
import pytest

from dashboard.engine.errors import InvalidTrainingSet
from dashboard.engine.training_set import TrainingSet


def test_it_works(make):
    data = make.type_data(groups=3, images=2)

    assert len(data) == 6
    assert data.usable_groups().tolist() == [0, 1, 2]
    assert TrainingSet("toy-1", (data,)).seed == 0


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("groups", np.zeros(5, int), "groups of shape"),
        ("groups", np.zeros(6), "groups are of the wrong kind"),
        ("groups", np.full(6, -2), "below -1"),
        ("images", np.zeros((6, 1), int), "images of shape"),
        ("held_out", np.zeros(6, int), "held_out are of the wrong kind"),
        ("features", np.full((6, 48), np.nan), "not a finite number"),
        ("features", np.zeros((6, 48), int), "not fractions"),
        ("features", np.zeros(6), "not a table"),
        ("negative_pairs", np.array([0, 1]), "not two rows"),
        ("negative_pairs", np.array([[0, 6]]), "not there"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(make, field, value, sentence):
    data = make.type_data(groups=3, images=2)

    with pytest.raises(InvalidTrainingSet, match=sentence):
        dataclasses.replace(data, **{field: value})


def test_a_set_without_types_is_refused():
    with pytest.raises(InvalidTrainingSet, match="no similarity type"):
        TrainingSet("toy-1", ())


def test_a_type_twice_is_refused(make):
    with pytest.raises(InvalidTrainingSet, match="twice"):
        TrainingSet("toy-1", (make.type_data(), make.type_data()))


def test_features_of_two_encoders_are_refused(make):
    narrow = make.type_data(key="shape")
    narrow = dataclasses.replace(narrow, features=narrow.features[:, :10])

    with pytest.raises(InvalidTrainingSet, match="different encoders"):
        TrainingSet("toy-1", (make.type_data(), narrow))


def test_a_seed_below_zero_is_refused(make):
    with pytest.raises(InvalidTrainingSet, match="seed"):
        TrainingSet("toy-1", (make.type_data(),), seed=-1)


def test_two_rows_of_one_image_are_one_image(make):
    data = dataclasses.replace(make.type_data(groups=2, images=2), images=np.array([0, 0, 1, 2]))

    assert data.usable_groups().tolist() == [1]


def test_an_image_that_is_held_out_once_is_held_out_everywhere(make):
    data = dataclasses.replace(
        make.type_data(groups=2, images=2),
        images=np.array([5, 6, 5, 7]),
        held_out=np.array([True, False, False, False]),
    )

    assert data.rows_to_train_on().tolist() == [False, True, False, True]


def test_pairs_follow_their_rows(make):
    pairs = np.array([[0, 5], [1, 2], [4, 5]])
    data = dataclasses.replace(make.type_data(groups=3, images=2), negative_pairs=pairs)

    taken = data.take(np.array([True, False, False, False, True, True]))

    assert taken.negative_pairs.tolist() == [[0, 2], [1, 2]]
    first, second = taken.pair_features()
    assert (first == data.features[[0, 4]]).all()
    assert (second == data.features[[5, 5]]).all()
