"""A time-to-pay model beside a late-payment model: learnt on the same knowledge, judged on the same later invoices."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from data.book import Book
from scoring.model import ReleasedModel
from scoring.pay_time import END, STARTS, PayTimes, PayTimeSpec, PayTimeText
from training.arrays import Floats
from training.cases.facts import from_book
from training.fitting.fitted import Fitted
from training.judging.bootstrap import mean_interval, mean_intervals
from training.judging.delays import UNTIL, covered, crps, pit_distance, randomised_pit
from training.judging.own_delays import own_delays
from training.pay_time.hazard import fit_pay_time, weightiest
from training.pay_time.past_cash import past_cash
from training.pay_time.past_level import issued_since, past_level
from training.pay_time.past_model import SPAN, past_model
from training.pay_time.waiting import FIRST_DAY, Waiting, waiting, waiting_cases

MOST_CASES: Final = 60_000
"""The newest so many cases teach; older ones add minutes and no news."""
# The distribution of 2,000 invoices over 426 days takes 7 MB.
AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class Judged:
    """Figures of each case, shape (n,) each.

    Attributes:
        crps: Days.
        own_crps: The same of the customer's own delays, days.
        pit: In [0, 1].
        inside: Whether the delay fell into its 80 % interval.
        on_due: Whether the invoice was paid on its very due date.
    """

    crps: Floats
    own_crps: Floats
    pit: Floats
    inside: Floats
    on_due: Floats


def with_pay_time(
    book: Book,
    rows: ir.Table,
    fitted: Fitted,
    *,
    as_of: date,
    period: tuple[date, date],
    known_on: date,
    threads: int,
    only: Collection[str] | None = None,
) -> Fitted:
    """The late-payment model with a time-to-pay model beside it, and how that did.

    Args:
        book: The book.
        rows: Its folded invoices.
        fitted: The late-payment model.
        as_of: Knowledge for training is frozen at the end of this day.
        period: First and last day of issue of the invoices to judge by.
        known_on: The date whose knowledge gives their outcomes.
        threads: LightGBM's threads.
        only: Customers whose invoices teach and judge; None for all.

    Returns:
        The model with ``pay_time`` set and its figures under ``training["time_to_pay"]``; unchanged where no
        invoice was settled by ``as_of``.
    """
    mine = rows if only is None else rows.filter(rows.customer_id.isin(sorted(only)))
    names = weightiest(fitted.model_texts, fitted.spec.feature_names)
    cases = _cases(book, mine, names, as_of)
    if cases is None:
        return fitted
    text, before = _with_the_past(book, mine, fit_pay_time(cases, as_of, threads=threads), as_of, threads)
    made = replace(fitted, pay_time=text)
    told = _told(book, mine, made, period, known_on, threads)
    return replace(made, training={**fitted.training, "time_to_pay": {**told, **before}})


def _cases(book: Book, rows: ir.Table, names: tuple[str, ...], known_on: date) -> Waiting | None:
    """What can be learnt from at the end of a day; None where no invoice was settled by then."""
    found = _newest(waiting_cases(rows, issued_from=FIRST_DAY, known_on=known_on))
    return None if found["settled_on"].null_count == found.num_rows else _with_facts(book, found, names, known_on)


def _with_facts(book: Book, cases: pa.Table, names: tuple[str, ...], known_on: date) -> Waiting:
    return waiting(cases, from_book(book)(cases, names), names, known_on)


def _with_the_past(
    book: Book, rows: ir.Table, text: PayTimeText, as_of: date, threads: int
) -> tuple[PayTimeText, dict[str, Any]]:
    """The model with intervals as wide as the past asks for, and what was seen of the past, as plain values."""
    names, began = text.spec.feature_names, as_of - SPAN
    cases = _cases(book, rows, names, began)
    past = None if cases is None else past_model(cases, began, threads=threads)
    if past is None:
        return text, {}
    since = issued_since(rows, began, as_of)
    level = past_level(past, _with_facts(book, since, names, as_of), threads=threads) if since.num_rows else None
    cash = past_cash(book, rows, past, as_of, threads=threads)
    asked = ({"widened": cash.widened} if cash else {}) | ({"level": level.level} if level else {})
    told = ({"past_cash": cash.as_dict()} if cash else {}) | ({"past_interval": level.as_dict()} if level else {})
    return replace(text, spec=PayTimeSpec.model_validate({**text.spec.model_dump(), **asked})), told


def _newest(cases: pa.Table) -> pa.Table:
    order = cases.sort_by([("day", "ascending"), ("case_id", "ascending")])
    return order.slice(max(0, order.num_rows - MOST_CASES))


def _told(
    book: Book, rows: ir.Table, fitted: Fitted, period: tuple[date, date], known_on: date, threads: int
) -> dict[str, Any]:
    """Figures on later invoices that were seen to the end, as plain values."""
    later = later_cases(book, rows, fitted.spec.feature_names, period, known_on)
    if later is None:
        return {"cases": 0}
    return figures(judged(fitted.model(threads=threads), later, settled(rows, known_on)), later)


def later_cases(
    book: Book, rows: ir.Table, names: Sequence[str], period: tuple[date, date], known_on: date
) -> Waiting | None:
    """Invoices at their issue that were seen to the end of what is judged.

    Args:
        book: The book.
        rows: Its folded invoices.
        names: Facts of the cases.
        period: First and last day of issue.
        known_on: The date whose knowledge gives their outcomes.

    Returns:
        None where there are none.
    """
    every = waiting_cases(rows, issued_from=period[0], known_on=known_on, later=False)
    cases = _seen_to_the_end(every, period, known_on)
    if not cases.num_rows:
        return None
    return waiting(cases, from_book(book)(cases, names), tuple(names), known_on)


def _seen_to_the_end(cases: pa.Table, period: tuple[date, date], known_on: date) -> pa.Table:
    day, due = (cases[name].to_numpy().astype("datetime64[D]") for name in ("day", "due_on"))
    last = np.datetime64(known_on - timedelta(days=UNTIL), "D")
    return cases.filter(pa.array((day <= np.datetime64(period[1], "D")) & (due < last)))


def settled(rows: ir.Table, known_on: date) -> pa.Table:
    """Every invoice that was settled as known on a day: ``customer_id``, ``settled_on`` and ``due_on``."""
    every = waiting_cases(rows, issued_from=FIRST_DAY, known_on=known_on, later=False)
    return every.filter(every["settled_on"].is_valid()).select(["customer_id", "settled_on", "due_on"])


def judged(model: ReleasedModel, cases: Waiting, past: pa.Table) -> Judged:
    """Every figure of every case.

    Args:
        model: States delays.
        cases: Invoices at their issue.
        past: Settled invoices, as `settled` gives them; of each customer those before a case count.
    """
    paid, due = (past[name].to_numpy().astype("datetime64[D]") for name in ("settled_on", "due_on"))
    own = own_delays(
        np.arange(STARTS[0], END),
        np.array(past["customer_id"].to_pylist(), dtype=np.object_),
        paid,
        (paid - due).astype(np.float64),
    )
    parts = [_judged(stated(model, part), own.stated(part.customer_ids, part.at), part) for part in _parts(cases)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Judged.__dataclass_fields__}
    return Judged(**joined)


def _parts(cases: Waiting) -> Iterator[Waiting]:
    for start in range(0, len(cases), AT_ONCE):
        yield cases.take(np.arange(start, min(start + AT_ONCE, len(cases))))


def stated(model: ReleasedModel, cases: Waiting) -> PayTimes:
    """The delays that a model states for invoices at their issue."""
    columns = {name: cases.matrix[:, place] for place, name in enumerate(cases.names)}
    return model.pay_times(columns, cases.to_due, at_issue=True)


def _judged(ours: PayTimes, own: PayTimes, cases: Waiting) -> Judged:
    delay = np.where(np.isnan(cases.delay), np.inf, cases.delay)
    return Judged(
        crps=crps(ours, delay),
        own_crps=crps(own, delay),
        pit=randomised_pit(ours, delay),
        inside=covered(ours, delay).astype(np.float64),
        on_due=(delay == 0).astype(np.float64),
    )


def figures(found: Judged, cases: Waiting) -> dict[str, Any]:
    """The figures with their intervals, as plain values."""
    off = found.on_due == 0
    means = {"crps": found.crps, "own_crps": found.own_crps, "crps_difference": found.crps - found.own_crps}
    told: dict[str, Any] = {
        "cases": len(cases),
        "not_on_due": int(off.sum()),
        **{name: asdict(mean) for name, mean in mean_intervals(means, cases.customer_ids).items()},
        "pit_distance": pit_distance(found.pit),
    }
    if off.any():
        told["coverage_80_not_on_due"] = asdict(mean_interval(found.inside[off], cases.customer_ids[off]))
    return told
