"""Business days and holidays of a country: the public ones, and what the book's own table adds to or takes from them.

Public holidays, weekends (which countries have moved) and working days that replace a holiday come from the package
``holidays``. A row of the table ``holidays`` adds a day, such as a company holiday; a row that is withdrawn says that
there is no holiday on that day, even where the package knows one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Final

import holidays
import pyarrow as pa
from holidays.registry import COUNTRIES

DAY: Final = timedelta(1)
ALPHA_2: Final = frozenset(code for _, code, *_ in COUNTRIES.values())


class UnknownCountryError(ValueError):
    """A country, or a part of one, for which there is no calendar."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class OutsideCalendarError(ValueError):
    """A day in a year for which the country's holidays are not known."""

    def __init__(self, country: str, year: int, first: int, last: int) -> None:
        super().__init__(f"The holidays of {country} are known from {first} to {last}; {year} was asked for.")
        self.country, self.year = country, year


@dataclass(frozen=True)
class Holiday:
    """A day on which no business is done, weekends aside.

    Attributes:
        falls_on: The day.
        name: Its name, where one is known.
        is_public: Whether it is a public holiday, or one of the book's own.
    """

    falls_on: date
    name: str | None
    is_public: bool


class BusinessCalendar:
    """The business days of a country.

    Args:
        country: ISO 3166-1 alpha-2 code.
        subdivision: ISO 3166-2 code of a part of it, without the country; None for what all parts share.
        own: Holidays beside the public ones: day -> name.
        withdrawn: Days that are no holidays, whatever else says so.

    Raises:
        UnknownCountryError: There is no calendar for it.

    Example:
        >>> calendar = BusinessCalendar("BR")
        >>> calendar.is_business_day(date(2024, 11, 15)), calendar.name_of(date(2024, 11, 15))
        (False, 'Republic Proclamation Day')
        >>> calendar.next_business_day(date(2024, 11, 15))
        datetime.date(2024, 11, 18)
    """

    def __init__(
        self,
        country: str,
        *,
        subdivision: str | None = None,
        own: Mapping[date, str | None] | None = None,
        withdrawn: frozenset[date] = frozenset(),
    ) -> None:
        self.country = country
        self.own = {day: name for day, name in (own or {}).items() if day not in withdrawn}
        self.withdrawn = withdrawn
        self._public = _public(country, subdivision)
        self._years: dict[int, list[date]] = {}

    def is_business_day(self, day: date) -> bool:
        """Whether business is done on a day."""
        days = self._business_days(day.year)
        place = bisect_right(days, day)
        return place > 0 and days[place - 1] == day

    def is_weekend(self, day: date) -> bool:
        """Whether the day is of the country's weekend as it was then."""
        return bool(self._public.is_weekend(day))

    def name_of(self, day: date) -> str | None:
        """The name of the holiday on a day; None on any other day, and where the name is not known."""
        holiday = next(self.holidays_between(day, day), None)
        return None if holiday is None else holiday.name

    def next_business_day(self, day: date) -> date:
        """The day itself, or the first business day after it."""
        return self._nearest(day, DAY)

    def previous_business_day(self, day: date) -> date:
        """The day itself, or the last business day before it."""
        return self._nearest(day, -DAY)

    def business_days_between(self, start: date, end: date) -> int:
        """Business days after ``start`` up to and with ``end``; negative where ``end`` comes first.

        Example:
            >>> friday, monday = date(2024, 3, 1), date(2024, 3, 4)
            >>> calendar = BusinessCalendar("DE")
            >>> calendar.business_days_between(friday, monday), calendar.business_days_between(monday, friday)
            (1, -1)
        """
        if end < start:
            return -self.business_days_between(end, start)
        whole = sum(len(self._business_days(year)) for year in range(start.year, end.year))
        return whole + bisect_right(self._business_days(end.year), end) - self._up_to(start)

    def holidays_between(self, start: date, end: date) -> Iterator[Holiday]:
        """The holidays from ``start`` to ``end``, both included, in order; those on a weekend too."""
        for year in range(start.year, end.year + 1):
            self._know(year)
        public = {day: name for day, name in self._public.items() if start <= day <= end}
        days = {day for day in public | self.own if start <= day <= end and day not in self.withdrawn}
        for day in sorted(days):
            yield Holiday(day, self.own.get(day) or public.get(day), is_public=day in public)

    def _up_to(self, day: date) -> int:
        return bisect_right(self._business_days(day.year), day)

    def _nearest(self, day: date, step: timedelta) -> date:
        found = day
        for _ in range(366):
            if self.is_business_day(found):
                return found
            found += step
        raise ValueError(f"No business day of {self.country} lies within a year of {day}: look at the table holidays.")

    def _business_days(self, year: int) -> list[date]:
        if year not in self._years:
            self._know(year)
            days = (date(year, 1, 1) + timedelta(n) for n in range(366))
            self._years[year] = [day for day in days if day.year == year and self._is_worked(day)]
        return self._years[year]

    def _is_worked(self, day: date) -> bool:
        if self._public.is_weekend(day):
            # Some countries work on a Saturday in exchange for a holiday on a bridge day.
            return day in self._public.weekend_workdays and day not in self.own
        return day in self.withdrawn or (day not in self.own and day not in self._public)

    def _know(self, year: int) -> None:
        """Have the holidays of a year worked out, which the package does when it is asked for a day of it."""
        first, last = self._public.start_year, self._public.end_year
        if not first <= year <= last:
            raise OutsideCalendarError(self.country, year, first, last)
        self._public.get(date(year, 1, 1))


def calendar_of(
    country: str, rows: pa.Table | None = None, *, as_of: date | None = None, subdivision: str | None = None
) -> BusinessCalendar:
    """A country's calendar with the corrections of the book.

    Args:
        country: ISO 3166-1 alpha-2 code.
        rows: The table ``holidays``, all versions, contract-shaped; None for the public holidays alone.
        as_of: Day whose knowledge counts; None for all that is known.
        subdivision: ISO 3166-2 code of a part of the country, without the country.

    Raises:
        UnknownCountryError: There is no calendar for it.
    """
    newest: dict[date, dict[str, Any]] = {}
    for row in sorted([] if rows is None else rows.to_pylist(), key=lambda row: row["known_at"]):
        known_on = row["known_at"].astimezone(UTC).date()
        if row["country"] == country and (as_of is None or known_on <= as_of):
            newest[row["falls_on"]] = row
    own = {day: row["name"] for day, row in newest.items() if not row["is_deleted"]}
    withdrawn = frozenset(day for day, row in newest.items() if row["is_deleted"])
    return BusinessCalendar(country, subdivision=subdivision, own=own, withdrawn=withdrawn)


def _public(country: str, subdivision: str | None) -> holidays.HolidayBase:
    if country not in ALPHA_2:
        near = ", ".join(sorted(code for code in ALPHA_2 if code[:1] == country[:1].upper())) or "none"
        raise UnknownCountryError(
            f"There is no calendar for the country {country!r}: name its ISO 3166-1 alpha-2 code, two capital letters "
            f"(those that begin alike: {near})."
        )
    try:
        return holidays.country_holidays(country, subdiv=subdivision, language="en_US")
    except NotImplementedError as problem:
        parts = ", ".join(holidays.list_supported_countries().get(country, [])) or "none"
        raise UnknownCountryError(
            f"{country} has no part {subdivision!r} with a calendar of its own; it has {parts}."
        ) from problem
