"""Sets so small that a test of the command takes a moment."""

from dataclasses import replace

from tests.data.common import EvaluationSet
from tests.data.packages import packages


def tiny(seed: int) -> EvaluationSet:
    """Give few products; training on all three types is slow enough to be asked for once."""
    return packages(seed, train=12, held_out=10, views=3)


def narrow(seed: int) -> EvaluationSet:
    pictures = tiny(seed)
    return replace(pictures, types={"vessel": pictures.types["vessel"]})


SETS = {"tiny": tiny, "narrow": narrow}
CURVES = {"many": ("product", tiny)}
