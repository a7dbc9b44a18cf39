"""The numbers that the engine promises, on groups it has not seen (see tests/data).

Open set: trained on the groups that are not held out, through the gate, exactly as the product
does it; then every held-out picture looks for its like among the held-out ones.
"""

import os

import numpy as np
import pytest

from dashboard.engine.bench import worth
from dashboard.engine.encoder import Encoder
from dashboard.engine.prior import builtin_prior
from dashboard.engine.training import TrainingSet, TypeData, fit
from tests.data.common import EvaluationSet
from tests.data.digits import digits
from tests.data.lettering import fonts, lettering
from tests.data.products import products
from tests.data.scenes import scenes


@pytest.fixture(scope="session")
def trained(encoder):
    """Draw a set, train on it, and give the reports by type; each set once."""
    reports, prior = {}, builtin_prior()
    quick = Encoder.builtin(threads=os.cpu_count() or 1)

    def report(name, draw, *types):
        if name not in reports:
            data = draw()
            squares = np.stack([encoder.prepare(image) for image in data.images])
            features = quick.features(squares)
            parts = tuple(
                TypeData(
                    key=one,
                    name=one,
                    features=features,
                    groups=data.groups(one),
                    images=np.arange(len(features)),
                    held_out=data.held_out,
                )
                for one in types
            )
            model = fit(
                TrainingSet(encoder.key, parts),
            )
            reports[name] = model.report()
            for part, head in zip(parts, model.heads, strict=True):
                unseen = part.take(part.held_out)
                reports[name][part.key]["alone"] = {
                    name: worth(one.describe(unseen.features), unseen.groups)
                    for name, one in (("delivered", head.head), ("untrained", prior.untrained))
                }
        return reports[name]

    return report


def few_digits():
    """A sixth of the scans to train on, which decide nothing, and all that are held out."""
    whole = digits()
    kept = np.flatnonzero(whole.held_out | (np.arange(len(whole.held_out)) % 6 == 0))
    return EvaluationSet(
        [whole.images[i] for i in kept],
        {"digit": [whole.types["digit"][i] for i in kept]},
        whole.held_out[kept],
    )


def values(report, head="delivered"):
    """Recall@1 and MAP@R of the held-out groups among one another."""
    return report["alone"][head]


def test_regions_of_real_photos(trained):
    report = trained("scenes", scenes, "region")["region"]
    recall, precision = values(report)

    assert report["verdict"]["better"]
    assert recall >= 0.93
    assert precision >= 0.66


def test_drawn_products(trained):
    report = trained("products", products, "product", "colourway")["product"]
    recall, precision = values(report)

    assert report["verdict"]["better"]
    assert recall >= 0.75
    assert precision >= 0.43


def test_colourways_of_the_same_products(trained):
    report = trained("products", products, "product", "colourway")["colourway"]
    recall, precision = values(report)

    assert report["verdict"]["better"]
    assert recall >= 0.96
    assert precision >= 0.68


def test_training_gains_much_where_the_drawn_pictures_know_little(trained):
    report = trained("products", products, "product", "colourway")["colourway"]

    assert values(report)[1] > values(report, "untrained")[1] + 0.25


def test_five_groups_of_digits_are_not_trusted(trained):
    """Training on five digits would make the others worse; the gate keeps what works."""
    report = trained("digits", few_digits, "digit")["digit"]
    recall, precision = values(report)

    assert not report["verdict"]["better"]
    assert report["verdict"]["sentence"].startswith("Too few groups to verify (5 of at least 10)")
    assert values(report) == values(report, "untrained")
    assert recall >= 0.98
    assert precision >= 0.62


@pytest.mark.skipif(len(fonts()) < 20, reason="needs some fonts to print with")
def test_printed_characters(trained):
    report = trained("lettering", lettering, "character")["character"]
    recall, precision = values(report)

    assert report["verdict"]["better"]
    assert recall >= 0.97
    assert precision >= 0.75
