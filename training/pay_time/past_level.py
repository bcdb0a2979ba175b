"""The level at which the interval of delays held 80 % in the past.

An 80 % interval of the stated distribution holds 80 % if times stay as they were. They do not: on Datarisk it held 70
to 75 % of the invoices not paid on the due date half a year on, in calm times too. So the interval is taken at that
level at which the model of half a year before would have held 80 % since.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from scoring.pay_time import LEVEL, PayTimes
from training.arrays import Flags, Floats
from training.judging.delays import UNTIL
from training.pay_time.past_model import PastModel
from training.pay_time.waiting import Waiting, waiting_cases

FEWEST: Final = 200
"""With fewer invoices to look back on, nothing is said of them."""
FEWEST_CUSTOMERS: Final = 30
LOWEST, HIGHEST, STEP = 0.6, 0.98, 0.02
AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class PastLevel:
    """Past intervals beside what came.

    Attributes:
        cases: Invoices that were not paid on the due date.
        held: Share of them inside their interval at its nominal level, in [0, 1].
        level: Level at which 80 % of them would have been inside, in [0.6, 0.98].
    """

    cases: int
    held: float
    level: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def past_level(past: PastModel, since: Waiting, *, threads: int) -> PastLevel | None:
    """Look back on the invoices issued since the past model was learnt that have been seen to the end.

    The delays are those of the hazards alone: what the late-payment model of then would have stated at issue is not
    made again.

    Args:
        past: The model of the past.
        since: Invoices at their issue, each seen for 60 days past due and not paid on the due date, with the facts that
            the model reads.
        threads: LightGBM's threads.

    Returns:
        None where there are too few of them, or of too few customers.
    """
    if len(since) < FEWEST or len({*since.customer_ids.tolist()}) < FEWEST_CUSTOMERS:
        return None
    ready = past.text.model(threads=threads)
    shares = np.zeros(len(LEVELS))
    for start in range(0, len(since), AT_ONCE):
        part = since.take(np.arange(start, min(start + AT_ONCE, len(since))))
        times = ready.pay_times(part.matrix, part.to_due)
        shares += [_inside(times, part.delay, level).sum() for level in LEVELS]
    return asked(shares / len(since), len(since))


LEVELS: Final = np.round(np.arange(LOWEST, HIGHEST + STEP / 2, STEP), 2)


def _inside(times: PayTimes, delay: Floats, level: float) -> Flags:
    """Whether each delay fell into its interval; all that came after what every invoice was seen for is one outcome."""
    low, high = times.interval(level)
    capped = np.where(np.isnan(delay), UNTIL + 1, np.minimum(delay, UNTIL + 1))
    return np.asarray((capped >= low) & (capped <= high), dtype=np.bool_)


def issued_since(rows: ir.Table, began: date, as_of: date) -> pa.Table:
    """Invoices at their issue since a day that can be looked back on.

    Args:
        rows: Folded invoices.
        began: They were issued after this day.
        as_of: Nothing learnt after the end of this day plays a part.

    Returns:
        Cases as `training.pay_time.waiting.waiting_cases` makes them: each due so long ago that it was seen for 60 days
        past due, and not paid on the due date.
    """
    every = waiting_cases(rows, issued_from=began + timedelta(days=1), known_on=as_of, later=False)
    due, paid = (
        every[name].to_numpy(zero_copy_only=False).astype("datetime64[D]") for name in ("due_on", "settled_on")
    )
    return every.filter(pa.array((due < np.datetime64(as_of - timedelta(days=UNTIL), "D")) & (due != paid)))


def asked(shares: Floats, cases: int) -> PastLevel:
    """The lowest level that held 80 %.

    Args:
        shares: Share inside at each of ``LEVELS``, rising or nearly so.
        cases: How many invoices they are of.

    Returns:
        The highest level there is where none held so many.
    """
    held = float(shares[np.flatnonzero(LEVELS == LEVEL)[0]])
    enough = np.flatnonzero(shares >= LEVEL)
    return PastLevel(cases, held, float(LEVELS[enough[0]] if len(enough) else LEVELS[-1]))
