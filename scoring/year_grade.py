"""The grade of a customer as it is stated: that of the probability within twelve months, by one model or by two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.counterfactual import OnScale
from scoring.grades import Grade
from scoring.model import ReleasedModel
from scoring.rating import master_scale, scale_of, twelve_months

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class YearGrade:
    """A model of default, converted to twelve months, or beside one of twelve months.

    With a model of twelve months nothing is converted; a longer horizon is never the safer one, so that the higher of
    both probabilities counts.

    Attributes:
        model: The model of default.
        year: The model that states ``pd_12m``; None: the model's own probability is converted.

    Raises:
        ValueError: There is no model of twelve months, and the model's horizon is not converted to it.
    """

    model: ReleasedModel
    year: ReleasedModel | None = None

    def __post_init__(self) -> None:
        if self.year is None and scale_of(self.model.spec.probability_name, master_scale()) is None:
            raise ValueError(
                f"{self.model.spec.probability_name} has no grade: no rule converts its horizon to twelve months; "
                "add a model of twelve months"
            )

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Columns that a model reads, in their order."""
        return tuple(dict.fromkeys(name for one in self._graded for name in one.feature_names))

    @cached_property
    def monotone(self) -> tuple[int, ...]:
        """Direction of each column: that of all models that read it, 0 where they differ."""
        said = [dict(zip(one.feature_names, one.monotone, strict=True)) for one in self._graded]
        found = [{signs[name] for signs in said if name in signs} for name in self.feature_names]
        return tuple(signs.pop() if len(signs) == 1 else 0 for signs in found)

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The master scale's grades."""
        return master_scale().grades

    def matrix(self, columns: Mapping[str, ArrayLike]) -> Floats:
        """Rows, shape (n, k), of the columns of ``feature_names``."""
        return np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in self.feature_names])

    def cuts(self) -> Sequence[Floats]:
        """Thresholds of any model, per column."""
        return self._cuts

    def probability(self, rows: Floats) -> Floats:
        """Probability within twelve months, shape (n,)."""
        stated = [one.probability(self._of(one, rows)) for one in self._graded]
        if self.year is None:
            return twelve_months(self.model.spec.probability_name, stated[0])
        return np.asarray(np.max(stated, axis=0), dtype=np.float64)

    def places(self, rows: Floats) -> NDArray[np.intp]:
        """Place of its grade, shape (n,): the worst that a model gives."""
        return np.asarray(np.max([one.places(self._of(one, rows)) for one in self._graded], axis=0), dtype=np.intp)

    @cached_property
    def _graded(self) -> tuple[OnScale, ...]:
        scale = scale_of(self.model.spec.probability_name, master_scale()) if self.year is None else None
        models = (self.model,) if self.year is None else (self.model, self.year)
        return tuple(OnScale(model, scale or master_scale()) for model in models)

    @cached_property
    def _cuts(self) -> tuple[Floats, ...]:
        if len(self._graded) == 1:
            return tuple(self._graded[0].cuts())
        every = [dict(zip(one.feature_names, one.cuts(), strict=True)) for one in self._graded]
        found = [[cuts[name] for cuts in every if name in cuts] for name in self.feature_names]
        return tuple(np.unique(np.concatenate(cuts)) for cuts in found)

    def _of(self, one: OnScale, rows: Floats) -> Floats:
        return rows[:, [self.feature_names.index(name) for name in one.feature_names]]
