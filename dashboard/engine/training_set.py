"""Define the input of a training: only arrays, validated once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.errors import InvalidTrainingSet
from dashboard.engine.scatter import NO_GROUP, Integers


def _no_pairs() -> Integers:
    return np.zeros((0, 2), np.int64)


@dataclass(frozen=True, eq=False)
class TypeData:
    """The rows of one similarity type; a row is an image, or a part of one, in a group.

    `features` (n, k) come from the encoder. `groups` (n,) are numbers of groups; -1 is a row in no
    group, used only in a negative pair. `images` (n,): rows with the same number show the same
    image. `held_out` (n,) marks rows to test with: an image that is held out in one row is never
    trained on, whatever its other rows say.

    `negative_pairs` (p, 2) has the row numbers of two that people marked as not similar. `blocks`
    (n,) numbers what rows share besides their group (one shoot, one background): groups that share
    a block are tested together, so that no head is tested on what it saw. -1 means no block.

    Raises InvalidTrainingSet if the arrays are inconsistent.
    """

    key: str
    name: str
    features: NDArray[np.floating]
    groups: Integers
    images: Integers
    held_out: NDArray[np.bool_]
    negative_pairs: Integers = field(default_factory=_no_pairs)
    blocks: Integers | None = None

    def __post_init__(self) -> None:
        columns = {"groups": "iu", "images": "iu", "held_out": "b"}
        if self.blocks is not None:
            columns["blocks"] = "iu"
        for name, kind in columns.items():
            values = getattr(self, name)
            self._refuse_if(values.dtype.kind not in kind, f"{name} are of the wrong kind")
            self._refuse_if(
                values.shape != (len(self.features),),
                f"{len(self.features)} features but {name} of shape {values.shape}",
            )
        self._refuse_if(self.features.ndim != 2, "features are not a table")
        self._refuse_if(self.features.dtype.kind != "f", "features are not fractions")
        self._refuse_if(not np.isfinite(self.features).all(), "a feature is not a finite number")
        self._refuse_if(bool((self.groups < NO_GROUP).any()), "a group has a number below -1")
        self._refuse_unfit_pairs()

    def _refuse_unfit_pairs(self) -> None:
        pairs = self.negative_pairs
        self._refuse_if(pairs.ndim != 2 or pairs.shape[1] != 2, "a negative pair is not two rows")
        outside = (pairs < 0) | (pairs >= len(self.features))
        self._refuse_if(bool(outside.any()), "a negative pair names a row that is not there")

    def _refuse_if(self, wrong: bool, reason: str) -> None:  # noqa: FBT001
        if wrong:
            raise InvalidTrainingSet(f"“{self.name}”: {reason}.")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.features)

    def rows_to_train_on(self) -> NDArray[np.bool_]:
        """Mark the rows that show no held-out image, (n,)."""
        return ~np.isin(self.images, self.images[self.held_out])

    def take(self, chosen: NDArray[np.bool_]) -> "TypeData":
        """Keep the chosen rows (n,), and the pairs both of whose rows are kept."""
        new_number = np.cumsum(chosen) - 1
        kept = chosen[self.negative_pairs].all(axis=1)
        return self._trusted(
            features=self.features[chosen],
            groups=self.groups[chosen],
            images=self.images[chosen],
            held_out=self.held_out[chosen],
            negative_pairs=new_number[self.negative_pairs[kept]],
            blocks=None if self.blocks is None else self.blocks[chosen],
        )

    def columns(self, start: int, width: int) -> "TypeData":
        """Keep `width` features from the column `start` on."""
        return self._trusted(features=self.features[:, start : start + width])

    def _trusted(self, **changes: Any) -> "TypeData":
        """Return a copy with other arrays, taken from this one's and so not checked again.

        Looking for numbers that are not finite took a tenth of a training.
        """
        made = object.__new__(TypeData)
        made.__dict__.update(vars(self) | changes)
        return made

    def pair_features(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the features of both sides of the negative pairs, (p, k) each."""
        first, second = self.features[self.negative_pairs.T].astype(np.float64)
        return first, second

    def usable_groups(self) -> Integers:
        """Return the groups with two images or more, sorted; the others teach nothing alone."""
        known = self.groups != NO_GROUP
        pairs = np.unique(np.stack([self.groups[known], self.images[known]], axis=1), axis=0)
        numbers, images = np.unique(pairs[:, 0], return_counts=True)
        return numbers[images > 1]


def joined_rows(first: TypeData, second: TypeData) -> TypeData:
    """Combine the rows of two parts of a type, without their pairs and blocks."""
    names = ("features", "groups", "images", "held_out")
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names
    }
    return TypeData(first.key, first.name, **columns)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The data of a training: one TypeData for each similarity type of a task.

    Raises InvalidTrainingSet for no type, a duplicate key, or features of unequal width.
    """

    encoder: str
    types: tuple[TypeData, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.types:
            raise InvalidTrainingSet("There is no similarity type to learn.")
        keys = [data.key for data in self.types]
        if len(set(keys)) < len(keys):
            raise InvalidTrainingSet("A similarity type is there twice.")
        if len({data.features.shape[1] for data in self.types}) > 1:
            raise InvalidTrainingSet("The types' features come from different encoders.")
        if self.seed < 0:
            raise InvalidTrainingSet("The seed is below zero.")
