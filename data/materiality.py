"""When an amount past due is large enough to count."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True)
class Materiality:
    """An amount counts when it exceeds both.

    Attributes:
        amount: Money in the currency of the book, 0 or more.
        share: Share of all that the customer owes on that day, in [0, 1].

    Raises:
        ValueError: One of them is out of range.
    """

    amount: Decimal = Decimal(500)
    share: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        if not self.amount >= 0:
            raise ValueError(f"the material amount must be 0 or more, got {self.amount}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"the material share must be from 0 to 1, got {self.share}")


STANDARD_MATERIALITY: Final = Materiality()
"""500 and 1 %: the European thresholds of default for exposures that are not retail (EBA/RTS/2016/06)."""
