"""Weekly cash of the open invoices: what was expected, by ours and by the average, beside what came."""

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.models.average_delays import average_delays
from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.work import Work, say
from scoring.cash import WEEK, by_week
from scoring.model import ReleasedModel
from scoring.open_invoices import open_invoices
from training.arrays import Floats
from training.cases.cohort import month_firsts
from training.cases.dataset import at_rows
from training.cases.label import known
from training.pay_time.waiting import FIRST_DAY, waiting_cases

WEEKS: Final = 8
FITTED_ON: Final = date(2020, 6, 1)
"""Both are learnt from what was known at the end of this day, once."""
AS_OFS: Final = month_firsts(FITTED_ON, date(2020, 12, 1))


def cash_weeks(work: Work, model: ReleasedModel) -> pa.Table:
    """One row per open invoice and day of forecast.

    Returns:
        ``as_of``, ``customer_id``, ``due_on``, ``amount``, ``came`` (the week in which it was paid, counted from 0, -1
        where not within the eight), ``ours_0`` .. and ``average_0`` .., the probabilities of the weeks, and ``common``
        and ``widened``, what our interval is made with.
    """
    average = average_delays(*_past(work))
    return pa.concat_tables([_one_day(work, model, average, day) for day in AS_OFS])


def _past(work: Work) -> tuple[Floats, Floats]:
    """Delays as known on the day of fitting, and how long each invoice was seen."""
    cases = waiting_cases(work.rows, issued_from=FIRST_DAY, known_on=FITTED_ON, later=False)
    due, paid = (_dates(cases[name]) for name in ("due_on", "settled_on"))
    return _days(paid - due), _days(np.datetime64(FITTED_ON, "D") - due)


def _one_day(work: Work, model: ReleasedModel, average: Any, day: date) -> pa.Table:
    rows = open_rows(work, day)
    say(f"cash: {rows.num_rows} open invoices on {day}")
    begins = np.datetime64(day + timedelta(days=1), "D")
    due = _dates(rows["due_on"])
    to_due = _days(due - begins)
    if model.pay_time is None:
        raise LookupError("The late-payment model states no delays: no invoice was settled when it was learnt.")
    spec = model.pay_time.spec
    names = spec.feature_names
    facts = work.facts(rows, names)
    facts = facts.take(at_rows(rows["case_id"], facts))
    columns = {name: facts[name].cast(pa.float64()).to_numpy() for name in names}
    weeks = {
        "ours": by_week(model.pay_times(columns, to_due, at_issue=False), to_due, WEEKS),
        "average": by_week(average.waiting(to_due), to_due, WEEKS),
    }
    stated = {f"{who}_{week}": table[:, week] for who, table in weeks.items() for week in range(WEEKS)}
    return pa.table(
        {
            "as_of": pa.array([day] * rows.num_rows, pa.date32()),
            "customer_id": rows["customer_id"],
            "due_on": rows["due_on"],
            "amount": rows["remaining"].cast(pa.float64()),
            "came": pa.array(came(_dates(rows["settled_on"]), begins)),
            "common": pa.array(np.full(rows.num_rows, spec.common)),
            "widened": pa.array(np.full(rows.num_rows, spec.widened)),
            **stated,
        }
    )


def open_rows(work: Work, day: date) -> pa.Table:
    """Invoices of a known amount that were open at the end of a day, with when they were settled as known later."""
    every = open_invoices(work.rows, day)
    paid = known(work.rows, KNOWN_ON).select("invoice_id", "settled_on").to_pyarrow()
    settled_on = dict(zip(*(paid[name].to_pylist() for name in ("invoice_id", "settled_on")), strict=True))
    here = every.filter(every["remaining"].is_valid())
    found = [settled_on.get(invoice) for invoice in here["case_id"].to_pylist()]
    return here.append_column("settled_on", pa.array(found, pa.date32()))


def came(settled_on: NDArray[Any], begins: Any) -> NDArray[np.int64]:
    """The week of each payment, shape (n,), -1 where it was none of the eight.

    Example:
        >>> days = np.array(["2020-06-02", "2020-06-09", "NaT", "2020-08-01"], "M8[D]")
        >>> came(days, np.datetime64("2020-06-02")).tolist()
        [0, 1, -1, -1]
    """
    after = _days(settled_on - begins)
    week = np.where(np.isnan(after), -1, after // WEEK)
    return np.where((week >= 0) & (week < WEEKS), week, -1).astype(np.int64)


def _dates(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False).astype("datetime64[D]"))


def _days(span: NDArray[Any]) -> Floats:
    return np.where(np.isnat(span), np.nan, span.astype("timedelta64[D]").astype(np.float64))
