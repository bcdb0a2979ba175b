"""Delays of single invoices, walking forward: learnt as of each quarter, judged by the invoices issued in it."""

from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.late_model_then import late_model_then
from benchmarks.models.work import Work, say
from training.judging.bootstrap import mean_interval, mean_intervals
from training.judging.delays import pit_distance
from training.pay_time.learn import judged, later_cases, settled

QUARTERS: Final = tuple(
    date(year, month, 1)
    for year, month in ((2019, 7), (2019, 10), (2020, 1), (2020, 4), (2020, 7), (2020, 10), (2021, 1))
)
"""Firsts of quarters; the last one only ends the one before."""


def delays(work: Work) -> pa.Table:
    """One row per invoice that was seen to the end.

    Returns:
        ``as_of``, ``customer_id``, ``crps`` and ``own_crps`` (days), ``pit``, ``inside`` and ``on_due`` (1 or 0).
    """
    past = settled(work.rows, KNOWN_ON)
    return pa.concat_tables([_quarter(work, past, first, after) for first, after in pairwise(QUARTERS)])


def _quarter(work: Work, past: pa.Table, first: date, after: date) -> pa.Table:
    period = first, after - timedelta(days=1)
    say(f"delays of invoices issued from {period[0]} to {period[1]}")
    fitted = late_model_then(work, first, period[1])
    later = later_cases(work.book, work.rows, fitted.spec.feature_names, period, KNOWN_ON)
    if later is None:
        raise LookupError(f"No invoice issued from {period[0]} to {period[1]} was seen to the end by {KNOWN_ON}.")
    found = judged(fitted.model(threads=work.threads), later, past)
    columns = {name: pa.array(getattr(found, name)) for name in found.__dataclass_fields__}
    as_of = pa.array([first] * len(later), pa.date32())
    return pa.table({"as_of": as_of, "customer_id": pa.array(later.customer_ids.tolist()), **columns})


def figures(rows: pa.Table) -> dict[str, Any]:
    """Means over the rows, with intervals by customers, as plain values.

    Args:
        rows: As `delays` makes them.
    """
    customers = np.array(rows["customer_id"].to_pylist())
    crps, own, pit, inside = (rows[name].to_numpy() for name in ("crps", "own_crps", "pit", "inside"))
    off = rows["on_due"].to_numpy() == 0
    means = {"crps": crps, "own_crps": own, "crps_difference": crps - own}
    told: dict[str, Any] = {name: asdict(mean) for name, mean in mean_intervals(means, customers).items()}
    told["coverage_80_not_on_due"] = asdict(mean_interval(inside[off], customers[off]))
    return told | {"cases": rows.num_rows, "not_on_due": int(off.sum()), "pit_distance": pit_distance(pit)}


def by_quarter(rows: pa.Table) -> list[dict[str, Any]]:
    """The same figures of each quarter."""
    days = rows["as_of"].to_pylist()
    return [
        {"as_of": day.isoformat(), **figures(rows.filter(pa.array([here == day for here in days])))}
        for day in sorted(set(days))
    ]
