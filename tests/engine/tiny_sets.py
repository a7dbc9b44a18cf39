"""Sets so small that a test of the command takes a moment."""

from tests.data.common import EvaluationSet
from tests.data.packages import packages


def tiny(seed: int) -> EvaluationSet:
    return packages(seed, train=12, held_out=10, views=3)


SETS = {"tiny": tiny, "other": tiny}
CURVES = {"many": ("product", tiny)}
