"""The level at which the interval of delays held 80 % in the past.

An 80 % interval of the stated distribution holds 80 % if times stay as they were. They do not: on Datarisk it held 70
to 75 % of the invoices not paid on the due date half a year on, in calm times too. So the interval is taken at that
level at which the model of half a year before would have held 80 % since.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from scoring.pay_time import LEVEL
from training.arrays import Flags, Floats
from training.judging.delays import UNTIL, covered
from training.pay_time.past_model import PastModel
from training.pay_time.waiting import Waiting

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


def past_level(past: PastModel, cases: Waiting, as_of: date, *, threads: int) -> PastLevel | None:
    """Look back on the invoices issued since the past model was learnt that have been seen to the end.

    Args:
        past: The model of the past.
        cases: Invoices as known on ``as_of``, with the facts that the model reads.
        as_of: Nothing learnt after the end of this day plays a part.
        threads: LightGBM's threads.

    Returns:
        None where there are too few of them, or of too few customers.
    """
    since = cases.take(_seen(cases, past.began, as_of))
    if len(since) < FEWEST or len(np.unique(since.customer_ids.astype(str))) < FEWEST_CUSTOMERS:
        return None
    ready = past.text.model(threads=threads)
    delay = np.where(np.isnan(since.delay), np.inf, since.delay)
    shares = np.zeros(len(LEVELS))
    for start in range(0, len(since), AT_ONCE):
        times = ready.pay_times(since.matrix[start : start + AT_ONCE], since.to_due[start : start + AT_ONCE])
        shares += [covered(times, delay[start : start + AT_ONCE], level).sum() for level in LEVELS]
    return asked(shares / len(since), len(since))


LEVELS: Final = np.round(np.arange(LOWEST, HIGHEST + STEP / 2, STEP), 2)


def _seen(cases: Waiting, began: date, as_of: date) -> Flags:
    """Invoices at their issue since then, due so long ago that all were seen equally long, not paid on the due date."""
    ended = np.datetime64(as_of - timedelta(days=UNTIL), "D")
    since = cases.at_issue & (cases.at > np.datetime64(began, "D")) & (cases.due_on < ended)
    return np.asarray(since & (cases.delay != 0), dtype=np.bool_)


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
