"""A country's calendar, for a person, as JSON or as a file."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cli.output import say, show_table
from data.calendar import BusinessCalendar, Holiday, calendar_of
from data.lake import Lake
from data.settings import Settings


class NoDaysError(ValueError):
    """A period that ends before it starts."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(f"The period ends on {end}, before it starts on {start}: --to must not be before --from.")


@dataclass(frozen=True)
class Period:
    """A stretch of a calendar.

    Attributes:
        calendar: Whose business days.
        start: First day.
        end: Last day.
        holidays: The holidays in it, in order.
    """

    calendar: BusinessCalendar
    start: date
    end: date
    holidays: tuple[Holiday, ...]

    @property
    def business_days(self) -> int:
        """Number of business days, first and last day included."""
        return self.calendar.business_days_between(self.start - timedelta(1), self.end)

    def as_dict(self) -> dict[str, Any]:
        """In plain types, for JSON."""
        return {
            "country": self.calendar.country,
            "from": self.start,
            "to": self.end,
            "days": (self.end - self.start).days + 1,
            "business_days": self.business_days,
            "holidays": [
                {"falls_on": h.falls_on, "name": h.name, "is_public": h.is_public, "weekday": f"{h.falls_on:%A}"}
                for h in self.holidays
            ],
        }


def look_up(settings: Settings, country: str, start: date, end: date, *, subdivision: str | None = None) -> Period:
    """The calendar of a country with the corrections of the lake.

    Raises:
        UnknownCountryError: There is no calendar for it.
        OutsideCalendarError: A year of the period is not known.
        NoDaysError: The period ends before it starts.
    """
    if end < start:
        raise NoDaysError(start, end)
    calendar = calendar_of(country, Lake(settings.lake).read("holidays"), subdivision=subdivision)
    return Period(calendar, start, end, tuple(calendar.holidays_between(start, end)))


def export(period: Period, path: Path) -> None:
    """Write every day of the period to a CSV file: date, weekday, is_business_day, holiday."""
    names = {holiday.falls_on: holiday.name or "" for holiday in period.holidays}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("date", "weekday", "is_business_day", "holiday"))
        for number in range((period.end - period.start).days + 1):
            day = period.start + timedelta(number)
            works = "true" if period.calendar.is_business_day(day) else "false"
            writer.writerow((day.isoformat(), f"{day:%A}", works, names.get(day, "")))


def tell(period: Period, written: Path | None = None) -> None:
    """The holidays, and how many days are left."""
    rows = [(h.falls_on, f"{h.falls_on:%A}", h.name, "public" if h.is_public else "own") for h in period.holidays]
    show_table(f"Holidays of {period.calendar.country}", ("day", "weekday", "name", "kind"), rows)
    days = (period.end - period.start).days + 1
    say(f"{period.start} to {period.end}: {period.business_days:,} business days of {days:,}.")
    if written is not None:
        say(f"Every day is in {written}.")
