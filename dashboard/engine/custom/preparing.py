"""Compute for a user's graph what the shipped encoder has: a basis, a prior, an untrained head."""

from typing import NamedTuple

import numpy as np

from dashboard.engine.build.drawing.pictures import Amounts, pictures
from dashboard.engine.build.prior_maker import FEATURES, principal_basis, prior_arrays
from dashboard.engine.custom.encoder import OwnEncoder, answer_of
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.preprocessing import Preprocessing
from dashboard.engine.heads import Head, plain_head
from dashboard.engine.prior import IDENTITY, Prior, Scatters, identity
from dashboard.engine.progress import SILENT, Progress

# A fifth of the shipped prior's images: a graph that is already trained needs less, and costs more
# an image.
AMOUNTS = Amounts(
    things=240,
    forms=60,
    palettes=60,
    finishes=40,
    signs=1200,
    skeletons=60,
    hands=60,
    fields=80,
)


DIMENSION = 256  # numbers of a descriptor: with 128, drawings decide too much of what is kept


class Prepared(NamedTuple):
    """A user's encoder, ready to use, and its prior."""

    encoder: OwnEncoder
    prior: Prior


def prepare(
    key: str,
    graph: Graph,
    preprocessing: Preprocessing,
    *,
    amounts: Amounts,
    progress: Progress = SILENT,
) -> Prepared:
    """Encode the drawn images with a graph once and sum up the answers.

    `progress` gets the number of encoded images and of all images, after each, and may raise to
    stop.
    """
    answers, likenesses, groups = [], [], []
    total = count(amounts)
    for number, picture in enumerate(pictures(amounts), 1):
        answers.append(answer_of(graph, preprocessing, preprocessing.pixels(picture.image)))
        likenesses.append(picture.likeness)
        groups.append(picture.group)
        progress.report(number, total)
    rows = np.stack(answers)
    basis = principal_basis(rows, min(FEATURES, *rows.shape))
    features = basis.project(rows).astype(np.float16)
    arrays = prior_arrays(features, likenesses, np.array(groups))
    drawn = Scatters(arrays.within, arrays.between)
    untrained = plain_head(features.shape[1], DIMENSION)
    return Prepared(OwnEncoder(key, graph, preprocessing, basis), own_prior(key, drawn, untrained))


def own_prior(key: str, drawn: Scatters, untrained: Head) -> Prior:
    """Return the prior of a user's encoder: that of drawings, or none, as its groups decide.

    On photographs, graphs that were trained on photographs do better without the drawings.
    """
    width = len(drawn.within)
    return Prior(
        key,
        *drawn,
        untrained,
        leanings=lambda: {IDENTITY: identity(width)},
        dimension=min(width, DIMENSION),
    )


def count(amounts: Amounts) -> int:
    """Return the number of images of these amounts."""
    return (
        amounts.things * amounts.thing_views
        + amounts.signs
        + amounts.fields * amounts.regions * amounts.region_views
    )
