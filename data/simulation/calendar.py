"""Months and days of a simulation, the time before and after the book included."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from data.simulation.columns import Days, Flags, Indices
from data.simulation.shape import Shape

BEFORE_MONTHS: Final = 24
"""Months before the book opens: statements and order volumes look back at the quality of then."""
AFTER_MONTHS: Final = 14
"""Months after it closes: what the truth on the last day says about the 180 days that follow."""
ISSUE_AFTER_DAYS: Final = 125
"""Invoices issued up to here after the close can fall due, and go unpaid, within the truth's horizon."""

_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Calendar:
    """Calendar months by position, and back.

    Attributes:
        firsts: First day of every month, shape (months + 1,).
        month_at: Position of the month of each day from ``firsts[0]`` on.
        start: First day of the book.
        end: Last day of the book.
        stressed: Whether the month lies in the stress, shape (months,).
    """

    firsts: Days
    month_at: Indices
    start: int
    end: int
    stressed: Flags

    def month_of(self, day_numbers: Days) -> Indices:
        """Position of the month of each day."""
        month: Indices = self.month_at[day_numbers - self.firsts[0]]
        return month

    @property
    def months(self) -> int:
        """Number of months, those before and after the book included."""
        return len(self.firsts) - 1

    @property
    def month_of_year(self) -> Indices:
        """0 for January to 11 for December, shape (months,)."""
        return self.firsts[:-1].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12

    @property
    def last_issue(self) -> int:
        """Last day on which an invoice is drawn."""
        return self.end + ISSUE_AFTER_DAYS

    @property
    def as_ofs(self) -> Days:
        """Firsts of month within the book, in order."""
        return self.firsts[(self.firsts >= self.start) & (self.firsts <= self.end)]


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    Example:
        >>> day_number(date(1970, 1, 2))
        1
    """
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(int(number) + _EPOCH)


def calendar_of(shape: Shape) -> Calendar:
    """The calendar of a simulation, ``BEFORE_MONTHS`` before its first month to ``AFTER_MONTHS`` after its last."""
    low = np.datetime64(shape.start_on, "M") - np.timedelta64(BEFORE_MONTHS, "M")
    after = np.datetime64(shape.end_on, "M") + np.timedelta64(AFTER_MONTHS + 1, "M")
    firsts = np.arange(low, after).astype("datetime64[D]").astype(np.int32)
    stress = day_number(shape.stress_start_on)
    first_stressed = int(np.searchsorted(firsts, stress))
    positions = np.arange(len(firsts) - 1)
    return Calendar(
        firsts=firsts,
        month_at=np.repeat(positions, np.diff(firsts)).astype(np.int16),
        start=day_number(shape.start_on),
        end=day_number(shape.end_on),
        stressed=(positions >= first_stressed) & (positions < first_stressed + shape.stress_months),
    )


def weekday(day_numbers: Days) -> Days:
    """Day of the week, 0 for Monday. 1970-01-01 was a Thursday.

    Example:
        >>> weekday(np.array([0, 4], dtype=np.int32)).tolist()
        [3, 0]
    """
    return (day_numbers + 3) % 7


def working_day_after(day_numbers: Days) -> Days:
    """The day itself, or the Monday after a weekend."""
    late = weekday(day_numbers)
    return day_numbers + np.where(late >= 5, 7 - late, 0).astype(np.int32)


def working_day_before(day_numbers: Days) -> Days:
    """The day itself, or the Friday before a weekend."""
    late = weekday(day_numbers)
    return day_numbers - np.where(late >= 5, late - 4, 0).astype(np.int32)
