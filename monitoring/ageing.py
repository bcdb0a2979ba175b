"""Columns that move with the calendar or the age of the book, whatever the customers do."""

from typing import Final

AGEING: Final = frozenset({"tenure_days", "relation_days", "days_since_late5_payment", "days_since_credit_event"})
# Reports come once a year or month: their age is the season, and one quarter never looks like a whole year.
SEASONAL: Final = frozenset({"statement_age_days", "revenue_age_days"})
SINCE_THE_BEGINNING: Final = "_ever"


def ages(name: str) -> bool:
    """Whether a column must move as months pass: time since an event or a report, or a figure over all of history.

    On a book of 2.5 years such columns differ from last year's in every month. They would make every verdict an
    alarm, so they are judged and shown apart.

    Example:
        >>> ages("tenure_days"), ages("invoice_count_ever"), ages("overdue_amount")
        (True, True, False)
    """
    return name in AGEING | SEASONAL or name.endswith(SINCE_THE_BEGINNING)
