"""How far off past forecasts of weekly cash were, and by how much that widens the interval of coming ones.

The drawn futures of `scoring.cash` know the luck of customers and of weeks. They do not know that times change after a
model was learnt. How much that adds is seen in the past: a model learnt half a year before states the cash of weeks
that are over by now.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.book import Book
from scoring.cash import WEEK, OpenItems, cash
from scoring.open_invoices import open_invoices, with_delays
from scoring.pay_time import LEVEL, PayTimeText
from training.arrays import Floats
from training.cases.label import known
from training.pay_time.past_model import SPAN, PastModel

EVERY: Final = timedelta(days=28)
WEEKS: Final = 8
FEWEST: Final = 20
"""With fewer weeks to look back on, nothing is said of them."""
WIDEST: Final = 5.0
"""A past that asks for more than this was not forecast at all."""


Weeks = tuple[Floats, Floats, Floats]
"""Of the weeks of a day: means (w,), low ends, middles and high ends (w, 3), and what came (w,)."""


@dataclass(frozen=True)
class PastCash:
    """Past forecasts beside what came.

    Attributes:
        weeks: Weeks that were forecast, counted once for each day of forecast.
        held: Share of them inside the 80 % interval of the drawn futures, in [0, 1].
        missed: All absolute errors as a share of all cash that came; None where none came.
        widened: How many times as far from the middle the ends have to lie to hold 80 % of the weeks, from 1 to
            ``WIDEST``; of weeks whose drawn futures were all alike no width can be said.
    """

    weeks: int
    held: float
    missed: float | None
    widened: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def past_cash(book: Book, rows: ir.Table, past: PastModel, as_of: date, *, threads: int) -> PastCash | None:
    """State the cash of eight weeks, every four weeks since the past model was learnt.

    Args:
        book: The book.
        rows: Its folded invoices, those that the model is learnt from.
        past: The model of half a year before.
        as_of: Nothing learnt after the end of this day plays a part.
        threads: LightGBM's threads.

    Returns:
        None where too few weeks are over.
    """
    open_then = _open_then(rows, past.began, as_of)
    return judged(_weeks(book, open_then, past.text, threads)) if open_then.num_rows else None


def _open_then(rows: ir.Table, began: date, as_of: date) -> pa.Table:
    """Invoices of a known amount that were open on each day of forecast, with when they were settled as known now."""
    paid = known(rows, as_of).select("invoice_id", "settled_on").to_pyarrow()
    settled_on = dict(zip(*(paid[name].to_pylist() for name in ("invoice_id", "settled_on")), strict=True))
    days = [began + EVERY * step for step in range((SPAN - timedelta(WEEK * WEEKS)) // EVERY + 1)]
    return pa.concat_tables([_open_on(rows, day, settled_on) for day in days])


def _open_on(rows: ir.Table, day: date, settled_on: dict[str, date | None]) -> pa.Table:
    every = open_invoices(rows, day)
    # An invoice whose outcome turned out not to be known says nothing of the forecast.
    told = pa.array([invoice in settled_on for invoice in every["case_id"].to_pylist()], pa.bool_())
    here = every.filter(pc.and_(every["remaining"].is_valid(), told))
    invoices = here["case_id"].to_pylist()
    ids = pa.array([f"{invoice}@{day}" for invoice in invoices], pa.string())
    paid = pa.array([settled_on[invoice] for invoice in invoices], pa.date32())
    return here.set_column(here.column_names.index("case_id"), "case_id", ids).append_column("settled_on", paid)


def _weeks(book: Book, rows: pa.Table, model: PayTimeText, threads: int) -> Iterator[Weeks]:
    """Means, ends and what came of each week's cash, as `judged` reads them, day of forecast after day of forecast."""
    ready, spec = model.model(threads=threads), model.spec

    def delays(columns: Any, to_due: Floats) -> Any:
        return ready.pay_times(np.column_stack([columns[name] for name in spec.feature_names]), to_due)

    items = with_delays(book, rows.drop_columns(["settled_on"]), spec.feature_names, delays, WEEKS)
    day, paid = (rows[name].to_numpy(zero_copy_only=False).astype("datetime64[D]") for name in ("as_of", "settled_on"))
    for one in np.unique(day):
        here = day == one
        yield _one_day(items.take(here), paid[here] - one, spec.common)


def _one_day(items: OpenItems, waited: Any, common: float) -> Weeks:
    stated = cash(items, common=common, level=LEVEL)
    rows = np.array([[week.expected, week.low, week.middle, week.high] for week in stated])
    return rows[:, 0], rows[:, 1:], came(items.amounts, waited)


def came(amounts: Floats, waited: Any) -> Floats:
    """Cash of each week, shape (weeks,).

    Args:
        amounts: Shape (n,).
        waited: Shape (n,), timedelta64, from the day of forecast to the settlement; NaT where there was none.

    Example:
        >>> waited = np.array([1, 7, 8, 57, "NaT"], dtype="timedelta64[D]")
        >>> came(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), waited).tolist()
        [3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    days = np.where(np.isnat(waited), 0, waited.astype("timedelta64[D]").astype(np.int64))
    week = np.where(days > 0, (days - 1) // WEEK, -1)
    seen = (week >= 0) & (week < WEEKS)
    return np.bincount(week[seen], amounts[seen], WEEKS).astype(np.float64)


def judged(days: Iterator[Weeks]) -> PastCash | None:
    """All weeks of all days of forecast together.

    Args:
        days: Of each day the means, shape (w,), the low ends, middles and high ends, shape (w, 3), and what came,
            shape (w,).

    Returns:
        None where there were too few weeks with an interval.

    Source:
        The widening is the conformal quantile of the scaled errors: Lei and others (2018), Journal of the American
        Statistical Association 113. Weeks hang together, so that it says 80 % of such half-years and no more.
    """
    mean, drawn, brought = (np.concatenate(part) for part in zip(*days, strict=True))
    low, high = drawn[:, 0], drawn[:, 2]
    wide, total = high > low, float(brought.sum())
    if wide.sum() < FEWEST:
        return None
    return PastCash(
        weeks=len(brought),
        held=float(((low <= brought) & (brought <= high)).mean()),
        missed=float(np.abs(brought - mean).sum()) / total if total else None,
        widened=float(np.clip(_conformal(_off(drawn[wide], brought[wide])), 1.0, WIDEST)),
    )


def _off(drawn: Floats, brought: Floats) -> Floats:
    """How far each week fell from its middle, in distances to that end of its interval, shape (n,)."""
    low, middle, high = drawn.T
    side = np.where(brought > middle, high - middle, middle - low)
    # An end may lie on the middle: then the whole width is the measure.
    measure: Floats = np.where(side > 0, side, high - low)
    return np.asarray(np.abs(brought - middle) / measure, dtype=np.float64)


def _conformal(off: Floats) -> float:
    """The value that the next of so many would stay below with the level's probability, were they drawn alike."""
    rank = math.ceil((len(off) + 1) * LEVEL)
    return float(np.sort(off)[min(rank, len(off)) - 1])
