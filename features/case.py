"""The invoice that is about to be issued, beside what is known of its customer.

The service holds numbers in arrays, the batch side holds columns of a table: both run these lines. So they use
nothing but + - * / and comparisons, on float64, and every denominator passes through ``_positive``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from features.catalogue import INF, Feature
from features.due_weeks import AMOUNTS, COUNTS, DAYS, WEEKS

T = TypeVar("T")

INPUTS: Final = (
    "terms_days",
    "due_weekday",
    "due_day",
    "issue_weekday",
    "issue_day",
    "amount",
    "interest_rate",
    "due_in_days",
)
"""What ``invoice_case`` reads of the invoice itself. Each is a feature too, but for ``due_in_days``: those from the day
of the customer's facts to the due date, which is ``terms_days`` and 1 where the facts are of the day before issue."""

CUSTOMER_INPUTS: Final = (
    "invoice_amount_mean_365d",
    "invoice_amount_max_365d",
    "invoiced_amount_365d",
    "terms_mean_365d",
    "interest_rate_mean_365d",
    "open_amount",
    "revenue_12m",
    *COUNTS,
    *AMOUNTS,
)
"""What ``invoice_case`` reads of the customer."""

_NO_AMOUNT: Final = "the invoice's amount is not known"
_NO_WEEK: Final = f"the customer is unknown, or the invoice falls due by the day of the facts or after {WEEKS} weeks"
_NO_WEEK_OR_AMOUNT: Final = f"{_NO_WEEK}, or no amount to compare is known"


def _beside(name: str, meaning: str, null_means: str, group: str, low: float = 0, unit: str = "ratio") -> Feature:
    return Feature(name, meaning, unit, low, INF, null_means, 0, group)


FEATURES: Final[tuple[Feature, ...]] = (
    Feature("terms_days", "Payment terms: due date less issue date.", "days", 0, 400, "no dates given", 0, "terms"),
    Feature(
        "due_weekday", "Weekday of the due date, 0 Monday to 6 Sunday.", "weekday", 0, 6, "no dates given", 0, "terms"
    ),
    Feature("due_day", "Day of the month of the due date.", "day", 1, 31, "no dates given", 0, "terms"),
    Feature(
        "issue_weekday",
        "Weekday of the issue date, 0 Monday to 6 Sunday.",
        "weekday",
        0,
        6,
        "no dates given",
        0,
        "terms",
    ),
    Feature("issue_day", "Day of the month of the issue date.", "day", 1, 31, "no dates given", 0, "terms"),
    _beside("amount", "Amount of the invoice.", _NO_AMOUNT, "order_size", unit="money"),
    Feature("interest_rate", "Interest rate of the invoice.", "percent", -INF, INF, "no rate is stated", 0, "terms"),
    _beside(
        "amount_to_mean_365d",
        "Amount over the customer's mean invoice of the last 365 days.",
        "no amount to compare",
        "order_size",
    ),
    _beside(
        "amount_to_max_365d",
        "Amount over the customer's largest invoice of the last 365 days.",
        "no amount to compare",
        "order_size",
    ),
    _beside("amount_to_open", "Amount over the customer's open amount.", "nothing is open", "open_items"),
    _beside("amount_to_revenue_12m", "Amount over the customer's yearly revenue.", "no revenue is known", "financials"),
    _beside(
        "exposure_after_to_invoiced_365d",
        "Open amount with this invoice, over the amount invoiced in the last 365 days.",
        "nothing was invoiced",
        "exposure",
    ),
    _beside(
        "exposure_after_to_revenue_12m",
        "Open amount with this invoice, over the yearly revenue.",
        "no revenue is known",
        "exposure",
    ),
    _beside(
        "terms_to_usual",
        "Payment terms less the customer's mean terms of the last 365 days.",
        "no invoice to compare",
        "terms",
        low=-400,
        unit="days",
    ),
    _beside(
        "interest_rate_to_usual",
        "Interest rate less the customer's mean rate of the last 365 days.",
        "no rate to compare",
        "terms",
        low=-INF,
        unit="percent",
    ),
    _beside(
        "due_week_open_count",
        "Open invoices that fall due in the same week as this invoice, weeks counted from the day of the facts.",
        _NO_WEEK,
        "open_items",
        unit="invoices",
    ),
    _beside(
        "due_week_open_to_amount",
        "Amount of the open invoices that fall due in the same week as this invoice, over its amount.",
        _NO_WEEK_OR_AMOUNT,
        "open_items",
    ),
    _beside(
        "due_before_open_to_amount",
        "Amount of the open invoices that fall due in the weeks before that of this invoice, over its amount.",
        _NO_WEEK_OR_AMOUNT,
        "open_items",
    ),
)


def invoice_case(columns: Mapping[str, T]) -> dict[str, T]:
    """The features of an invoice beside its customer's.

    Args:
        columns: ``INPUTS`` and ``CUSTOMER_INPUTS``, each an Ibis float64 column or a float64 array of shape (n,), in
            which NaN stands for null. Money in the book's currency, rates in percent, terms in days.

    Returns:
        One column of the same kind per feature in ``FEATURES``; null where an input is, or where a denominator is
        0 or less.

    Example:
        >>> given = {name: np.array([100.0]) for name in (*INPUTS, *CUSTOMER_INPUTS)}
        >>> invoice_case(given | {"amount": np.array([250.0])})["amount_to_mean_365d"]
        array([2.5])
        >>> invoice_case(given | {"open_amount": np.array([0.0])})["amount_to_open"]
        array([nan])
    """
    given: Any = columns
    amount = given["amount"]
    after = given["open_amount"] + amount
    beside = {
        "amount_to_mean_365d": amount / _positive(given["invoice_amount_mean_365d"]),
        "amount_to_max_365d": amount / _positive(given["invoice_amount_max_365d"]),
        "amount_to_open": amount / _positive(given["open_amount"]),
        "amount_to_revenue_12m": amount / _positive(given["revenue_12m"]),
        "exposure_after_to_invoiced_365d": after / _positive(given["invoiced_amount_365d"]),
        "exposure_after_to_revenue_12m": after / _positive(given["revenue_12m"]),
        "terms_to_usual": given["terms_days"] - given["terms_mean_365d"],
        "interest_rate_to_usual": given["interest_rate"] - given["interest_rate_mean_365d"],
    }
    stated = {name: given[name] for name in INPUTS if name != "due_in_days"}
    return stated | beside | _due_week(given)


def _due_week(given: Any) -> dict[str, Any]:
    """What is open beside an invoice in the week in which it falls due, and in those before it."""
    due_in, amount = given["due_in_days"], _positive(given["amount"])
    count = money = before = None
    so_far = given[COUNTS[0]] * 0.0  # 0, and null for an unknown customer
    for week in range(WEEKS):
        here = (due_in > DAYS * week) & (due_in <= DAYS * (week + 1))
        count = _either(here, given[COUNTS[week]], count)
        money = _either(here, given[AMOUNTS[week]], money)
        before = _either(here, so_far, before)
        so_far = so_far + given[AMOUNTS[week]]
    return {
        "due_week_open_count": count,
        "due_week_open_to_amount": money / amount,
        "due_before_open_to_amount": before / amount,
    }


def _positive(value: Any) -> Any:
    """The value where it is above 0, else null: NaN in an array, NULL in a column."""
    return _either(value > 0, value, None)


def _either(condition: Any, value: Any, other: Any) -> Any:
    """The value where the condition holds, else the other; None is null: NaN in an array, NULL in a column."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, value, np.nan if other is None else other)
    return condition.ifelse(value, other)


def case_columns(
    amounts: Sequence[Decimal | None],
    issued_on: Sequence[date],
    due_on: Sequence[date],
    interest_rate: Sequence[Decimal | None],
    *,
    as_of: Sequence[date] | None = None,
) -> dict[str, npt.NDArray[np.float64]]:
    """The ``INPUTS`` of ``invoice_case`` as the service has them: from amounts, dates and rates.

    Args:
        amounts: Gross amounts in the book's currency, with at most four decimals; None when not known.
        issued_on: Issue dates.
        due_on: Due dates.
        interest_rate: Rates in percent; None when none is agreed.
        as_of: The days of the customers' facts; None for the day before each issue.

    Returns:
        float64 arrays of shape (n,), NaN for None; weekdays from 0 (Monday).

    Example:
        >>> case_columns([Decimal("10.50")], [date(2024, 3, 1)], [date(2024, 3, 31)], [None])["due_weekday"]
        array([6.])
        >>> case_columns([None], [date(2024, 3, 1)], [date(2024, 3, 31)], [None])["due_in_days"]
        array([31.])
    """
    known_on = [day - timedelta(days=1) for day in issued_on] if as_of is None else as_of
    columns: dict[str, list[float]] = {
        "amount": [_float(amount, 4) for amount in amounts],
        "terms_days": [(due - issued).days for issued, due in zip(issued_on, due_on, strict=True)],
        "due_weekday": [day.weekday() for day in due_on],
        "due_day": [day.day for day in due_on],
        "issue_weekday": [day.weekday() for day in issued_on],
        "issue_day": [day.day for day in issued_on],
        "interest_rate": [_float(rate, 6) for rate in interest_rate],
        "due_in_days": [(due - known).days for known, due in zip(known_on, due_on, strict=True)],
    }
    return {name: np.array(values, dtype=np.float64) for name, values in columns.items()}


def _float(value: Decimal | None, places: int) -> float:
    """The nearest float64, by the same division of whole numbers that the batch side's cast makes."""
    return float("nan") if value is None else int(value.scaleb(places)) / 10**places
