"""What is the same for all customers: exchange rates and holidays."""

from typing import Final

import holidays
import numpy as np
import pyarrow as pa

from data.contracts import EXCHANGE, EXCHANGE_RATES, HOLIDAYS
from data.simulation.calendar import day_number, day_of, weekday
from data.simulation.columns import choice, days, decimals, instants, same, shaped
from data.simulation.customers import COUNTRIES
from data.simulation.world import World

AT_FIRST: Final = {"EUR": 1.0, "USD": 0.92, "GBP": 1.16}
"""Value of a unit in the first of them; any other currency is worth one, too."""
YEARLY_MOVE: Final = 0.08
"""Standard deviation of the log of a rate after a year."""
_TRADING_DAYS: Final = 261
_FIXING: Final = 15 * 3_600
_PLACES: Final = 4
"""Decimal places of a quoted rate."""


def exchange_rates_table(world: World) -> pa.Table:
    """Rates of the foreign currencies into the book's on every Monday to Friday: random walks, known the same day."""
    rng, calendar = world.stream("exchange rates"), world.calendar
    own, *foreign = world.shape.currencies
    every = np.arange(calendar.start - 7, calendar.end + 1, dtype=np.int32)  # so that the first day has a rate
    traded = every[weekday(every) < 5]
    step = YEARLY_MOVE / np.sqrt(_TRADING_DAYS) * rng.standard_normal((len(foreign), len(traded)))
    worth = np.array([AT_FIRST.get(code, 1.0) / AT_FIRST.get(own, 1.0) for code in foreign])
    rates = np.rint(worth[:, None] * np.exp(np.cumsum(step, axis=1)) * 10**_PLACES).astype(np.int64)
    n = rates.size
    columns = {
        "currency": choice(np.repeat(np.arange(len(foreign)), len(traded)), foreign),
        "into_currency": same(own, n),
        "quoted_on": days(np.tile(traded, len(foreign))),
        "rate": decimals(rates.ravel() * 10 ** (EXCHANGE.scale - _PLACES), EXCHANGE),
    }
    return shaped(EXCHANGE_RATES, columns, instants(np.tile(traded, len(foreign)), np.full(n, _FIXING)))


def holidays_table(world: World) -> pa.Table:
    """Public holidays of the customers' countries in the years of the book and the one after.

    Those of a year are known from the first of the year before.
    """
    first, last = day_of(world.calendar.start).year, day_of(world.calendar.end).year
    found = [
        (country, day, name)
        for country in COUNTRIES
        if country is not None
        for day, name in sorted(
            holidays.country_holidays(country, years=range(first, last + 2), language="en_US").items()
        )
    ]
    on = np.array([day_number(day) for _, day, _ in found], np.int32)
    known = np.array([day_number(day.replace(year=day.year - 1, month=1, day=1)) for _, day, _ in found], np.int32)
    columns = {
        "country": pa.array([country for country, _, _ in found], pa.string()),
        "falls_on": days(on),
        "name": pa.array([name for _, _, name in found], pa.string()),
    }
    return shaped(HOLIDAYS, columns, instants(known, np.zeros(len(found), np.int32)))
