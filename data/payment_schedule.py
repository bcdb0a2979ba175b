"""When an invoice falls due, in which parts, and until when a cash discount is allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Final, Protocol

CENT: Final = Decimal("0.01")
HUNDRED: Final = Decimal(100)


class Calendar(Protocol):
    """What a schedule asks of a calendar; ``data.calendar.BusinessCalendar`` answers it."""

    def next_business_day(self, day: date) -> date:
        """The day itself, or the first business day after it."""
        ...

    def previous_business_day(self, day: date) -> date:
        """The day itself, or the last business day before it."""
        ...


class TermsError(ValueError):
    """Terms, or an amount, of which no schedule can be made."""


@dataclass(frozen=True)
class Terms:
    """Payment terms, as in the table ``payment_terms``.

    Attributes:
        net_days: Days from issue to the due date of the last instalment, 0 or more.
        discount_days: Days from issue within which the cash discount is allowed, 0 or more.
        discount_percent: Cash discount in percent of the amount, 0 to 100.
        instalments: Number of equal parts, 1 or more, due at equal distances.
        is_prepayment: Whether payment is due before delivery.
    """

    net_days: int
    discount_days: int | None = None
    discount_percent: Decimal | None = None
    instalments: int = 1
    is_prepayment: bool = False

    def __post_init__(self) -> None:
        if self.net_days < 0:
            raise TermsError(f"net_days must be 0 or more, got {self.net_days}.")
        if self.instalments < 1:
            raise TermsError(f"instalments must be 1 or more, got {self.instalments}.")
        if (self.discount_days is None) != (self.discount_percent is None):
            raise TermsError("A cash discount needs both discount_days and discount_percent; one of them is missing.")
        if self.discount_days is not None and not 0 <= self.discount_days <= self.net_days:
            raise TermsError(f"discount_days must lie between 0 and net_days, got {self.discount_days}.")
        if self.discount_percent is not None and not 0 <= self.discount_percent <= HUNDRED:
            raise TermsError(f"discount_percent must lie between 0 and 100, got {self.discount_percent}.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Terms":
        """The terms that a row of the table ``payment_terms`` states.

        Example:
            >>> Terms.of({"terms_code": "Z30", "net_days": 30, "instalments": 1, "is_prepayment": False})
            Terms(net_days=30, discount_days=None, discount_percent=None, instalments=1, is_prepayment=False)
        """
        names = ("net_days", "discount_days", "discount_percent", "instalments", "is_prepayment")
        return cls(**{name: row[name] for name in names if name in row})


@dataclass(frozen=True)
class Instalment:
    """One part of an invoice.

    Attributes:
        due_on: Last day on which it is paid in time.
        amount: What is due, in the invoice's currency.
        discount_until_on: Last day on which the cash discount is allowed; None without one.
        discount_amount: Cash discount; None without one.
    """

    due_on: date
    amount: Decimal
    discount_until_on: date | None = None
    discount_amount: Decimal | None = None


def schedule(
    amount: Decimal,
    issued_on: date,
    terms: Terms,
    calendar: Calendar | None = None,
    *,
    delivered_on: date | None = None,
    smallest: Decimal = CENT,
) -> list[Instalment]:
    """The parts of an invoice with their due dates.

    Part k of n falls due ``net_days * k / n`` days (rounded down) after issue. The amount is divided into equal parts
    of whole cents, the first ones carrying the cents that are left, so that the parts add up to it exactly; so do
    their discounts to the discount of the whole, which is rounded half up.

    A prepayment is due at the latest on the day before delivery, where that is known, and never before issue.

    Args:
        amount: Gross amount, positive, in whole ``smallest``.
        issued_on: Issue date.
        terms: Payment terms.
        calendar: Shifts a due date or the end of a discount that falls on no business day to the next one, and a
            prepayment that must be there before delivery to the one before. None: no shift.
        delivered_on: Day of the delivery; for a prepayment.
        smallest: Smallest unit of the currency: 0.01, for yen 1, for dinars 0.001.

    Returns:
        One part per instalment, ordered by due date.

    Raises:
        TermsError: The amount is not positive, not in whole cents, or too small for so many parts.

    Example:
        >>> for part in schedule(Decimal("100.00"), date(2024, 3, 1), Terms(net_days=90, instalments=3)):
        ...     print(part.due_on, part.amount)
        2024-03-31 33.34
        2024-04-30 33.33
        2024-05-30 33.33
    """
    amounts = _parts(amount, terms.instalments, smallest)
    days = [issued_on + timedelta(terms.net_days * (k + 1) // terms.instalments) for k in range(terms.instalments)]
    due = [_due(day, issued_on, terms, calendar, delivered_on) for day in days]
    if terms.discount_days is None or terms.discount_percent is None:
        return [Instalment(day, part) for day, part in zip(due, amounts, strict=True)]
    until = _shifted(issued_on + timedelta(terms.discount_days), calendar)
    discounts = _in_proportion(_rounded(amount * terms.discount_percent / HUNDRED, smallest), amounts, smallest)
    return [
        Instalment(day, part, min(until, day), discount)
        for day, part, discount in zip(due, amounts, discounts, strict=True)
    ]


def _parts(amount: Decimal, n: int, smallest: Decimal) -> list[Decimal]:
    """An amount in n equal parts of whole cents, the first ones a cent larger where it does not divide."""
    if not amount.is_finite() or amount <= 0:
        raise TermsError(f"The amount must be positive, got {amount}.")
    cents = amount / smallest
    if cents != cents.to_integral_value():
        raise TermsError(f"The amount must be in whole units of {smallest}, got {amount}.")
    if cents < n:
        raise TermsError(f"{amount} cannot be divided into {n} parts of at least {smallest}.")
    each, left = divmod(int(cents), n)
    return [(each + (k < left)) * smallest for k in range(n)]


def _in_proportion(whole: Decimal, amounts: list[Decimal], smallest: Decimal) -> list[Decimal]:
    """The whole divided like the amounts, in whole cents that add up to it."""
    total, paid, given = sum(amounts, Decimal(0)), Decimal(0), Decimal(0)
    shares = []
    for amount in amounts:
        paid += amount
        # What the parts so far get together, less what they have got: no cent is lost or given twice.
        so_far = (whole * paid / total).quantize(smallest, ROUND_DOWN)
        shares.append(so_far - given)
        given = so_far
    return shares


def _rounded(amount: Decimal, smallest: Decimal) -> Decimal:
    return amount.quantize(smallest, ROUND_HALF_UP)


def _due(day: date, issued_on: date, terms: Terms, calendar: Calendar | None, delivered_on: date | None) -> date:
    if not terms.is_prepayment or delivered_on is None:
        return _shifted(day, calendar)
    last = delivered_on - timedelta(1)
    if calendar is not None:
        last = calendar.previous_business_day(last)
    return max(issued_on, min(_shifted(day, calendar), last))


def _shifted(day: date, calendar: Calendar | None) -> date:
    return day if calendar is None else calendar.next_business_day(day)
