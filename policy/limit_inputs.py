"""What is known of a customer when its limit is computed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from policy.horizon import PD_PLACES
from policy.money import LARGEST, ONE, ZERO, to_cents

SIGNED: Final = ("tangible_net_worth", "working_capital")
MONEY: Final = (
    "invoiced_90d",
    "invoiced_365d",
    "revenue_12m",
    *SIGNED,
    "book_sales_365d",
    "peak_paid_in_terms",
    "limit_in_force",
)


class LimitInputError(ValueError):
    """An input is not a value it may be.

    Attributes:
        name: The input.
        got: Its value.
    """

    def __init__(self, name: str, got: Decimal, allowed: str) -> None:
        self.name = name
        self.got = got
        super().__init__(f"{name} must be {allowed}, got {got}; None says that it is not known.")


@dataclass(frozen=True)
class LimitInputs:
    """Facts about one customer, in the currency of the book. None means not known, never zero.

    Attributes:
        currency: ISO 4217 code of every amount.
        invoiced_90d: Gross sales of the last 90 days.
        invoiced_365d: Gross sales of the last 365 days.
        terms_days: Mean payment terms, days >= 0.
        revenue_12m: The customer's own turnover of a year.
        tangible_net_worth: Equity less intangible assets; may be negative.
        working_capital: Current assets less current liabilities; may be negative.
        pd_12m: Probability of default within twelve months, share in [0, 1].
        book_sales_365d: Own sales to all customers in 365 days.
        peak_paid_in_terms: Largest exposure that it paid within terms.
        limit_in_force: The limit it has today.
    """

    currency: str
    invoiced_90d: Decimal | None = None
    invoiced_365d: Decimal | None = None
    terms_days: Decimal | None = None
    revenue_12m: Decimal | None = None
    tangible_net_worth: Decimal | None = None
    working_capital: Decimal | None = None
    pd_12m: Decimal | None = None
    book_sales_365d: Decimal | None = None
    peak_paid_in_terms: Decimal | None = None
    limit_in_force: Decimal | None = None

    def __post_init__(self) -> None:
        for name in MONEY:
            self._normalise(name, LARGEST, to_cents)
        self._normalise("terms_days", Decimal(10_000), to_cents)
        self._normalise("pd_12m", ONE, lambda share: share.quantize(PD_PLACES, rounding=ROUND_HALF_EVEN))

    def _normalise(self, name: str, largest: Decimal, rounded: Callable[[Decimal], Decimal]) -> None:
        value: Decimal | None = getattr(self, name)
        if value is None:
            return
        smallest = -largest if name in SIGNED else ZERO
        if not value.is_finite() or not smallest <= value <= largest:
            raise LimitInputError(name, value, f"a number in [{smallest:f}, {largest:f}]")
        object.__setattr__(self, name, rounded(value))
