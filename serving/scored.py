"""One row through one model: its probability and the reasons for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features import case
from scoring.model import ReleasedModel
from scoring.reasons import Reason, reasons

CASE_FEATURES: Final = frozenset(feature.name for feature in case.FEATURES)
"""Features of the invoice itself: computed per request, never stored."""

Columns = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Scored:
    """A probability with its reasons.

    Attributes:
        probability: Calibrated, in (0, 1).
        reasons: What raises it above the portfolio's mean, strongest first, at most 4.
    """

    probability: float
    reasons: tuple[Reason, ...]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The reasons as an answer states them."""
        return [asdict(reason) for reason in self.reasons]


def score(model: ReleasedModel, columns: Columns, *, currency: str) -> Scored:
    """Score the one row in ``columns``, arrays of shape (1,); ``currency`` is that of its amounts."""
    matrix = model.matrix(columns)
    contributions = model.contributions(matrix)
    return Scored(
        float(model.probability(matrix)[0]), tuple(reasons(model, matrix[0], contributions[0], currency=currency))
    )


def stored_features(model: ReleasedModel) -> list[str]:
    """The features of a model that the store holds, in the model's order."""
    return [name for name in model.spec.feature_names if name not in CASE_FEATURES]


def columns_of(values: Mapping[str, float | None]) -> dict[str, NDArray[np.float64]]:
    """Facts of one customer as arrays of shape (1,), NaN where not known."""
    return {name: np.array([np.nan if value is None else value]) for name, value in values.items()}
