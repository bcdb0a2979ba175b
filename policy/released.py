"""The limit policy as a release carries it: every start date, and the own book that concentration needs.

limits: {description, owner, values: {"2026-01-01": {...}}}     the parameter file, dates as text
book:   {currency: "EUR", sales_365d: "9000000.00", as_of: "2026-02-28"}     sales_365d null if not known
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from policy.limit_policy import LimitPolicy
from policy.terms import as_json, history_of, parameters_in_force


@dataclass(frozen=True)
class OwnBook:
    """The firm's own business, of which one customer may only be a part.

    Attributes:
        currency: ISO 4217 code of the book.
        sales_365d: Gross sales to all customers in the 365 days to ``as_of``; None when not known.
        as_of: Day at whose end the figure was true.
    """

    currency: str
    sales_365d: Decimal | None
    as_of: date


@dataclass(frozen=True)
class ReleasedPolicy:
    """All parameters of a release for the currency of its book.

    Attributes:
        history: The limit policy by its first day.
        book: The own business.
    """

    history: Mapping[date, LimitPolicy]
    book: OwnBook

    def in_force(self, as_of: date) -> LimitPolicy:
        """The policy on a day.

        Raises:
            NoParametersInForceError: None was in force yet.
        """
        return parameters_in_force(self.history, as_of=as_of)

    @classmethod
    def from_json(cls, released: Mapping[str, Any]) -> "ReleasedPolicy":
        """Read back what ``to_release`` made.

        Raises:
            KeyError: A part is missing.
            ValueError: A value cannot be what it is, or ArithmeticError: an amount is no number.
            NoAmountsForCurrencyError: A start date states no amounts in the book's currency.
        """
        book = released["book"]
        sales = book["sales_365d"]
        own = OwnBook(book["currency"], None if sales is None else Decimal(sales), date.fromisoformat(book["as_of"]))
        values = history_of(released["limits"])
        return cls({start: LimitPolicy.from_values(v, currency=own.currency) for start, v in values.items()}, own)


def to_release(source: Mapping[str, Any], book: OwnBook) -> dict[str, Any]:
    """The policy part of a release bundle, as JSON can hold it.

    Args:
        source: ``parameters/limits.yaml`` as its parser gave it.
        book: The own business on the day of the release.

    Raises:
        NoAmountsForCurrencyError: The policy states no amounts in the book's currency.
        LimitPolicyError: A parameter is missing or out of its range.
    """
    sales = None if book.sales_365d is None else str(book.sales_365d)
    stated = {"currency": book.currency, "sales_365d": sales, "as_of": book.as_of.isoformat()}
    released = {"limits": as_json(source), "book": stated}
    ReleasedPolicy.from_json(released)
    return released
