"""What a customer reports by month: revenue and staff."""

from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import FINANCIALS
from data.simulation.columns import counts, days, identifiers, money, noon, shaped, whole_cents
from data.simulation.schedule import SEASON
from data.simulation.world import World

_REVENUE_KNOWN_SHARE: Final = 0.8


def financials_table(world: World) -> pa.Table:
    """Revenue of the month before and employees, by month, known in the first days of the month.

    Revenue falls by 6 % per unit of strain of the month it was earned in, with 8 % of noise.
    """
    rng, calendar, traits = world.stream("financials"), world.calendar, world.traits
    first = calendar.as_ofs
    reports = (rng.random(world.shape.customers) < _REVENUE_KNOWN_SHARE) & ~traits.is_person
    who, column = np.nonzero(reports[:, None] & (traits.signed_up[:, None] <= first))
    known_on = first[column] + rng.integers(0, 10, len(who), dtype=np.int32)
    kept = known_on <= calendar.end
    who, column, known_on = who[kept], column[kept], known_on[kept]
    earned_in = calendar.month_of(first)[column] - 1
    season = SEASON[calendar.month_of_year[earned_in]]
    noise = 0.08 * rng.standard_normal(len(who))
    revenue = traits.revenue[who] * season * np.exp(-0.06 * world.strain.value(who, earned_in) + noise)
    employees = np.maximum(1, np.rint(traits.revenue[who] * 12 / 180_000))
    columns = {
        "customer_id": identifiers("C", who, 6),
        "period_start_on": days(first[column]),
        "revenue": money(whole_cents(revenue), rng.random(len(who)) < 0.02),
        "currency": world.currency(who),
        "employees": counts(employees.astype(np.int64), rng.random(len(who)) < 0.05),
    }
    return shaped(FINANCIALS, columns, noon(known_on))
