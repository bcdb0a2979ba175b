"""Business days: worked examples per country, the book's own holidays, and what is refused."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.calendar import BusinessCalendar, OutsideCalendarError, UnknownCountryError, calendar_of
from data.contracts import CONTRACTS

GERMANY = BusinessCalendar("DE")
BRAZIL = BusinessCalendar("BR")


def rows(*changes):
    plain = {"country": "DE", "falls_on": date(2024, 12, 24), "name": "Company holiday", "is_deleted": False}
    plain |= {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "hr"}
    return pa.Table.from_pylist([plain | change for change in changes], schema=CONTRACTS["holidays"].schema)


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        pytest.param("DE", date(2024, 3, 28), True, id="Maundy Thursday"),
        pytest.param("DE", date(2024, 3, 29), False, id="Good Friday"),
        pytest.param("DE", date(2024, 3, 30), False, id="a Saturday"),
        pytest.param("DE", date(2024, 4, 1), False, id="Easter Monday"),
        pytest.param("BR", date(2024, 4, 1), True, id="no Easter Monday in Brazil"),
        pytest.param("BR", date(2024, 11, 20), False, id="a holiday since 2024"),
        pytest.param("BR", date(2023, 11, 20), True, id="which it was not in 2023"),
        pytest.param("SA", date(2024, 3, 1), False, id="a Friday in Saudi Arabia"),
        pytest.param("SA", date(2024, 3, 3), True, id="a Sunday in Saudi Arabia"),
        pytest.param("AE", date(2021, 12, 31), False, id="the last Friday of the Emirates' old weekend"),
        pytest.param("AE", date(2022, 1, 7), True, id="the first Friday after it"),
        pytest.param("CN", date(2024, 2, 4), True, id="a Sunday worked for the New Year in China"),
        pytest.param("CN", date(2006, 12, 30), True, id="a Saturday of 2006 worked for a holiday of 2007"),
    ],
)
def test_a_day_in_a_country(country, day, works):
    assert BusinessCalendar(country).is_business_day(day) is works


def test_over_easter():
    assert GERMANY.next_business_day(date(2024, 3, 29)) == date(2024, 4, 2)
    assert GERMANY.previous_business_day(date(2024, 4, 1)) == date(2024, 3, 28)
    assert GERMANY.next_business_day(date(2024, 3, 28)) == date(2024, 3, 28)
    assert [h.name for h in GERMANY.holidays_between(date(2024, 3, 29), date(2024, 4, 1))] == [
        "Good Friday",
        "Easter Monday",
    ]


def test_business_days_between_counts_the_last_day_and_not_the_first():
    # 25 March to 5 April 2024: 26, 27, 28 March, 2, 3, 4, 5 April.
    assert GERMANY.business_days_between(date(2024, 3, 25), date(2024, 4, 5)) == 7
    assert GERMANY.business_days_between(date(2024, 4, 5), date(2024, 3, 25)) == -7
    assert GERMANY.business_days_between(date(2024, 4, 5), date(2024, 4, 5)) == 0


def test_a_part_of_a_country():
    corpus_christi = date(2024, 5, 30)
    assert GERMANY.is_business_day(corpus_christi)
    assert not BusinessCalendar("DE", subdivision="BY").is_business_day(corpus_christi)
    with pytest.raises(UnknownCountryError, match="DE has no part 'XX' with a calendar of its own; it has BB, BE"):
        BusinessCalendar("DE", subdivision="XX")


@pytest.mark.parametrize("country", ["XX", "Brazil", "br", "BRA", ""])
def test_a_country_nobody_knows(country):
    with pytest.raises(UnknownCountryError, match=f"no calendar for the country '{country}'.*two capital letters"):
        BusinessCalendar(country)


def test_a_year_nobody_knows():
    with pytest.raises(OutsideCalendarError, match="known from 1991 to 2100; 1990 was asked for"):
        GERMANY.is_business_day(date(1990, 12, 31))


def test_the_book_adds_and_takes_away():
    calendar = calendar_of(
        "DE",
        rows(
            {},
            {"falls_on": date(2024, 5, 1), "is_deleted": True},
            {"country": "AT", "falls_on": date(2024, 12, 23)},
        ),
    )
    assert calendar.name_of(date(2024, 12, 24)) == "Company holiday"
    assert not calendar.is_business_day(date(2024, 12, 24))
    assert calendar.is_business_day(date(2024, 5, 1))
    assert calendar.name_of(date(2024, 5, 1)) is None
    assert calendar.is_business_day(date(2024, 12, 23))
    kinds = [(h.falls_on.day, h.is_public) for h in calendar.holidays_between(date(2024, 12, 20), date(2024, 12, 26))]
    assert kinds == [(24, False), (25, True), (26, True)]


def test_only_what_was_known_counts():
    table = rows(
        {"known_at": datetime(2024, 6, 1, 23, 59, tzinfo=UTC)},
        {"is_deleted": True, "known_at": datetime(2024, 9, 1, tzinfo=UTC)},
    )
    works = {
        day: calendar_of("DE", table, as_of=date(2024, *day)).is_business_day(date(2024, 12, 24))
        for day in ((5, 31), (6, 1), (8, 31), (9, 1))
    }
    assert works == {(5, 31): True, (6, 1): False, (8, 31): False, (9, 1): True}


def test_a_table_of_holidays_without_end_is_an_error_not_a_loop():
    every_day = {date(2024, 1, 1) + timedelta(n): None for n in range(800)}
    with pytest.raises(ValueError, match="No business day of DE lies within a year of 2024-01-01"):
        BusinessCalendar("DE", own=every_day).next_business_day(date(2024, 1, 1))


days = st.dates(date(1995, 1, 1), date(2090, 12, 31))


@given(st.sampled_from([GERMANY, BRAZIL, BusinessCalendar("SA")]), days, st.integers(-500, 500))
def test_counting_agrees_with_looking_at_each_day(calendar, start, length):
    end = start + timedelta(length)
    first, last = min(start, end), max(start, end)
    each = sum(calendar.is_business_day(first + timedelta(n)) for n in range(1, (last - first).days + 1))
    assert calendar.business_days_between(start, end) == (each if length >= 0 else -each)


@given(st.sampled_from([GERMANY, BRAZIL]), days)
def test_the_next_business_day_is_the_nearest_one(calendar, day):
    after, before = calendar.next_business_day(day), calendar.previous_business_day(day)
    assert before <= day <= after
    assert calendar.is_business_day(after)
    assert calendar.is_business_day(before)
    assert calendar.business_days_between(before, after) == (0 if calendar.is_business_day(day) else 1)
