"""What a feature is: the words, unit, range and risk direction that go with each column."""

from dataclasses import dataclass
from typing import Final

INF: Final = float("inf")

GROUPS: Final = (
    "payment_behaviour",
    "recent_lateness",
    "open_items",
    "order_size",
    "terms",
    "tenure",
    "activity",
    "financials",
    "disputes",
    "credit_events",
    "customer",
    "exposure",
)
"""The reason groups: features of one group make one reason."""


class UnknownFeatureError(LookupError):
    """A feature was asked for that the catalogue does not have."""

    def __init__(self, names: list[str], near: list[str]) -> None:
        self.names = names
        self.near = near
        super().__init__(
            f"Unknown features: {', '.join(names)}. The catalogue is features.feature_sets.FEATURES; "
            f"names that look alike: {', '.join(near) or 'none'}."
        )


@dataclass(frozen=True)
class Feature:
    """One column that a model or a policy may read.

    Attributes:
        name: Column name: what, window, unit if it is not obvious.
        meaning: One sentence for a credit officer.
        unit: days, invoices, money, share, percent, ...
        low: Smallest possible value.
        high: Largest possible value; infinite when nothing bounds it.
        null_means: What an absent value says.
        risk: +1 when a higher value can only mean more risk, -1 when less, 0 when the field does not say.
        group: The reason group, one of ``GROUPS``.
        empty: Value for a known customer that has nothing of the kind: 0 for counts and sums, None for the rest.

    Example:
        >>> Feature("open_count", "Open invoices.", "invoices", 0, 9, "unknown", 0, "open_items", 0.0).name
        'open_count'
        >>> Feature("x", "X.", "days", 3, 2, "unknown", 0, "open_items")
        Traceback (most recent call last):
        ValueError: feature x: low 3 must not exceed high 2
    """

    name: str
    meaning: str
    unit: str
    low: float
    high: float
    null_means: str
    risk: int
    group: str
    empty: float | None = None

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"feature {self.name}: low {self.low} must not exceed high {self.high}")
        if self.group not in GROUPS:
            raise ValueError(f"feature {self.name}: group {self.group!r} is not one of {', '.join(GROUPS)}")
        if self.risk not in (-1, 0, 1):
            raise ValueError(f"feature {self.name}: risk {self.risk} must be -1, 0 or 1")


def counted(name: str, meaning: str, unit: str, risk: int, group: str) -> Feature:
    """A count: 0 for a known customer without any, null only for an unknown customer."""
    return Feature(name, meaning, unit, 0, INF, "the customer is unknown", risk, group, empty=0.0)


def summed(name: str, meaning: str, risk: int, group: str) -> Feature:
    """A sum of money in the book's currency: 0 when there is nothing to add, null when no amount is known."""
    missing = "the customer is unknown, or none of the amounts is known in the book's currency"
    return Feature(name, meaning, "money", 0, INF, missing, risk, group, empty=0.0)
