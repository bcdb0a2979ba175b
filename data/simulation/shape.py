"""How large a simulated portfolio is, over which days, and how bad it gets."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

LARGEST: Final = 999_999
LONGEST_DAYS: Final = 3_660
SHORTEST_DAYS: Final = 60
Detail = Literal["ledger", "full"]
FOREIGN: Final = ("USD", "GBP", "EUR")
"""Currencies in which some customers are invoiced; the first two that are not the book's own."""


class ShapeError(ValueError):
    """A portfolio that cannot be simulated.

    Attributes:
        field: The field of :class:`Shape` that is wrong.
        got: Its value.
    """

    def __init__(self, field: str, got: object, allowed: str) -> None:
        super().__init__(f"Shape.{field} is {got!r}; allowed is {allowed}.")
        self.field = field
        self.got = got


@dataclass(frozen=True)
class Shape:
    """What to simulate. Equal shapes give equal tables.

    Attributes:
        customers: Customers in the book, 1 to 999,999; about a quarter sign up within the period.
        start_on: First day on which an invoice may be issued.
        end_on: Last day of the book: nothing known later is in the tables.
        seed: Seed of every random stream, 0 or more.
        currency: ISO 4217 code of the book; with the detail ``ledger`` every amount is in it.
        invoices_per_customer_month: Mean number of invoices of an active customer in a month.
        default_rate: Mean yearly hazard at which a customer stops paying, outside the stress, in (0, 1).
        late_share: Mean probability that an invoice of a customer who does pay is 5 or more days late, in (0, 0.5].
        stress_on: First day of the stress (the first of its month is taken); None puts it at two thirds of the period.
        stress_months: Months the stress lasts; 0 for none.
        stress_late_odds: Factor on the odds of a late payment during the stress.
        stress_hazard: Factor on the hazard of distress during the stress.
        detail: ``ledger`` for invoices in one currency with plain terms, their cash, orders, disputes and what else is
            known of customers; ``full`` for all of that and cash discounts, instalments, prepayments, a second
            currency, groups of three levels, deliveries, cancelled orders, dunning, securities, several agencies,
            holidays, and rows that are corrected, withdrawn or known late.
        foreign_share: Share of customers invoiced in another currency, in [0, 0.5]; only in the detail ``full``.

    Raises:
        ShapeError: A field lies outside its range.

    Example:
        >>> Shape(customers=100).customers
        100
        >>> Shape(customers=0)
        Traceback (most recent call last):
        data.simulation.shape.ShapeError: Shape.customers is 0; allowed is a whole number from 1 to 999999.
    """

    customers: int = 1_900
    start_on: date = date(2022, 1, 1)
    end_on: date = date(2024, 12, 31)
    seed: int = 7
    currency: str = "EUR"
    invoices_per_customer_month: float = 1.35
    default_rate: float = 0.06
    late_share: float = 0.13
    stress_on: date | None = None
    stress_months: int = 2
    stress_late_odds: float = 4.0
    stress_hazard: float = 2.0
    detail: Detail = "ledger"
    foreign_share: float = 0.04

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        for field, good, allowed in self._checks():
            if not good:
                raise ShapeError(field, getattr(self, field), allowed)

    def _checks(self) -> list[tuple[str, bool, str]]:
        span = (self.end_on - self.start_on).days
        return [
            ("customers", 1 <= self.customers <= LARGEST, f"a whole number from 1 to {LARGEST}"),
            ("start_on", self.start_on.year >= 1980, "a date from 1980 on"),
            (
                "end_on",
                SHORTEST_DAYS <= span <= LONGEST_DAYS,
                f"a date {SHORTEST_DAYS} to {LONGEST_DAYS} days after start_on ({self.start_on})",
            ),
            ("seed", self.seed >= 0, "0 or more"),
            ("currency", len(self.currency) == 3 and self.currency.isupper(), "an ISO 4217 code such as EUR"),
            ("invoices_per_customer_month", 0 < self.invoices_per_customer_month <= 1_000, "above 0, at most 1000"),
            ("default_rate", 0 < self.default_rate < 1, "between 0 and 1, both excluded"),
            ("late_share", 0 < self.late_share <= 0.5, "above 0, at most 0.5"),
            ("stress_months", self.stress_months >= 0, "0 or more"),
            ("stress_late_odds", self.stress_late_odds > 0, "above 0"),
            ("stress_hazard", self.stress_hazard > 0, "above 0"),
            ("detail", self.detail in get_args(Detail), f"one of {', '.join(get_args(Detail))}"),
            ("foreign_share", 0 <= self.foreign_share <= 0.5, "0 to 0.5"),
        ]

    @property
    def is_full(self) -> bool:
        """Whether everything that a book can hold is drawn."""
        return self.detail == "full"

    @property
    def currencies(self) -> tuple[str, ...]:
        """The book's own currency, then the two others in which customers may be invoiced."""
        return (self.currency, *[code for code in FOREIGN if code != self.currency][:2])

    @property
    def stress_start_on(self) -> date:
        """First day of the month in which the stress begins."""
        start = self.stress_on or self.start_on + (self.end_on - self.start_on) * 2 / 3
        return month_first(start)


def month_first(day: date) -> date:
    """The first of the month of ``day``.

    Example:
        >>> month_first(date(2024, 2, 29))
        datetime.date(2024, 2, 1)
    """
    return day.replace(day=1)
