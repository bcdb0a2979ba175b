"""A figure with its interval and its origin: estimated from the book, or declared by somebody, never silently."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from training.arrays import Floats
from training.judging.bootstrap import RESAMPLES, TAILS, customer_weights

ESTIMATED: Final = "estimated"
DECLARED: Final = "declared"
ENOUGH: Final = 20
"""Fewer defaults than this say too little for a mean: its 95 % interval is then wider than half of the scale."""


@dataclass(frozen=True)
class Declared:
    """A figure that somebody vouches for.

    Attributes:
        value: The figure, 0 or more.
        source: Whose it is: a regulation with its article, a committee with its minute.

    Raises:
        ValueError: It is negative or no number, or has no source.
    """

    value: float
    source: str

    def __post_init__(self) -> None:
        if not 0.0 <= self.value < float("inf"):
            raise ValueError(f"A declared figure must be 0 or more, got {self.value}.")
        if not self.source.strip():
            raise ValueError("A declared figure needs its source: a regulation and article, or who declared it.")


@dataclass(frozen=True)
class Estimate:
    """A figure and where it is from.

    Attributes:
        name: What it is.
        how: ``estimated`` or ``declared``.
        value: The figure to be used.
        low: Lower end of its 95 % interval, customers resampled; None where it is declared.
        high: Upper end.
        defaults: How many defaults it rests on, or was found too few of.
        customers: Of how many customers.
        source: What it was computed from, or who declared it.
        why: Why it was not estimated; empty if it was.
    """

    name: str
    how: str
    value: float
    low: float | None
    high: float | None
    defaults: int
    customers: int
    source: str
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def estimated(
    name: str,
    parts: Floats,
    wholes: Floats,
    customers: Sequence[str],
    otherwise: Declared,
    *,
    defaults: int,
    source: str,
    enough: int = ENOUGH,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The sum of the parts over the sum of the wholes, or what was declared where there are too few.

    Args:
        name: What it is.
        parts: Shape (n,), finite.
        wholes: Shape (n,), 0 or more; ones make the figure a mean.
        customers: Shape (n,); whole customers are drawn, since what one of them does hangs together.
        otherwise: Used where the book does not tell.
        defaults: How many defaults stand behind the n observations.
        source: What the parts and wholes are.
        enough: Fewest defaults to estimate from.
        resamples: How many resamples.
        seed: Start of the random draws.

    Example:
        >>> declared = Declared(0.45, "CRR Art. 161(1)(a)")
        >>> found = estimated("lgd", np.array([0.2, 0.4]), np.ones(2), ["A", "B"], declared, defaults=2, source="two",
        ...                   enough=2)
        >>> found.how, round(found.value, 9)
        ('estimated', 0.3)
        >>> estimated("lgd", np.array([0.2]), np.ones(1), ["A"], declared, defaults=1, source="one").why
        'The book tells of 1, 20 are needed.'
    """
    names = np.array(customers, dtype=np.object_)
    people, whole = len(set(customers)), float(wholes.sum())
    if defaults < enough or people < 2 or whole <= 0:
        why = f"The book tells of {defaults}, {enough} are needed."
        return Estimate(name, DECLARED, otherwise.value, None, None, defaults, people, otherwise.source.strip(), why)
    drawn = np.concatenate(
        [(w @ parts) / (w @ wholes) for w in customer_weights(names, resamples=resamples, seed=seed) if w.any()]
    )
    low, high = np.percentile(drawn[np.isfinite(drawn)], TAILS)
    value = float(parts.sum()) / whole
    return Estimate(name, ESTIMATED, value, float(low), float(high), defaults, people, source)
