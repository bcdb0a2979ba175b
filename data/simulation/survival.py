"""Exact probabilities of distress over a horizon, by summing over the months' states.

Within a month the hazard is constant, so n days are survived with exp(-n * hazard); at the turn of a
month the chain moves. Survival over a horizon is therefore a product of matrices, one per day.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from data.simulation.calendar import Calendar
from data.simulation.columns import Days, Floats, Indices
from data.simulation.strain import LEVELS, STATES, chain

HORIZON: Final = 180
DPD: Final = 90
INSOLVENT_SHARE: Final = 0.35
"""Share of distressed customers who become insolvent."""
WRITTEN_OFF_SHARE: Final = 0.20
"""Share who neither pay nor become insolvent; the rest pay in the end."""
INSOLVENT_FROM_DAYS: Final = 20
INSOLVENT_SCALE_DAYS: Final = 35.0
INSOLVENT_WITHIN_DAYS: Final = 400


def insolvent_within() -> Floats:
    """Probability that an insolvency falls at most k days after distress, given that one does.

    From ``INSOLVENT_FROM_DAYS`` on, Erlang of shape 2; certain at ``INSOLVENT_WITHIN_DAYS``.

    Returns:
        Shape (INSOLVENT_WITHIN_DAYS + 1,), by k.
    """
    waited = np.maximum(np.arange(INSOLVENT_WITHIN_DAYS + 1) - INSOLVENT_FROM_DAYS, 0) / INSOLVENT_SCALE_DAYS
    share = 1 - np.exp(-waited) * (1 + waited)
    return np.asarray(share / share[-1])


@dataclass(frozen=True)
class Survival:
    """Probability of no distress in the first days of a month and after, by the state in that month.

    Attributes:
        table: ``table[m, level, state, o]`` is the probability of no distress on the first o days from the
            first of month m on, that first included; shape (months, levels, states, HORIZON + 2).
        moved: The same by the state of the month before.
        hazard: Daily hazard, shape (months, levels, states).
        calendar: The months.
    """

    table: Floats
    moved: Floats
    hazard: Floats
    calendar: Calendar

    def between(self, level: Indices, state: Indices, after: Days, until: Days) -> Floats:
        """Probability of no distress in ``(after, until]``, given the state on day ``after``.

        Args:
            level: Position of the level, shape (n,).
            state: State in the month of ``after``, shape (n,).
            after: Day up to which there was none, shape (n,).
            until: Last day, at most ``HORIZON`` later, shape (n,).

        Returns:
            Shape (n,), in [0, 1]; 1 where ``until <= after``.
        """
        month = self.calendar.month_of(after).astype(np.int64)
        next_first = self.calendar.firsts[month + 1]
        days_here = np.clip(np.minimum(until, next_first - 1) - after, 0, None)
        days_later = np.clip(until - next_first + 1, 0, None)
        here = np.exp(-days_here * self.hazard[month, level, state])
        return np.asarray(here * self.moved[month + 1, level, state, days_later])


def survival_of(calendar: Calendar, hazard: Floats) -> Survival:
    """Sum survival over all paths of the chain, from the first of every month on."""
    months = calendar.months - HORIZON // 28 - 1
    alive = np.broadcast_to(np.eye(STATES), (months, len(LEVELS), STATES, STATES)).copy()
    table = np.ones((months, len(LEVELS), STATES, HORIZON + 2))
    firsts = calendar.firsts[:months]
    survive_day = np.exp(-hazard)
    for offset in range(1, HORIZON + 2):
        day = firsts + np.int32(offset - 1)
        month = calendar.month_of(day)
        turned = (calendar.firsts[month] == day) & (offset > 1)
        alive[turned] = alive[turned] @ chain().step
        alive *= survive_day[month][:, :, None, :]
        table[:, :, :, offset] = alive.sum(axis=3)
    moved = np.einsum("ij,mljo->mlio", chain().step, table)
    return Survival(table, moved, hazard, calendar)


def distress_within(survival: Survival, days: int = HORIZON) -> Floats:
    """P(distress in (t, t + days]) for t the first of a month, given no distress by then and the state.

    Returns:
        Shape (months, levels, states).
    """
    table = survival.table
    return 1 - table[..., days + 1] / table[..., 1]


def default_within(survival: Survival, dpd: int) -> Floats:
    """P(default(dpd, 180)) for t the first of a month, given no distress by then, the state and the due dates.

    A customer who falls into distress on day D leaves every invoice unpaid that it would have paid on D or
    later, so the first of them to fall due crosses ``dpd`` on its due date + dpd + 1. With x the last day
    of intended payment among invoices due by t + 180 - dpd - 1, the crossing lies within the horizon if
    and only if D <= x. If D is later, an insolvency can still fall within it:

        P = 1 - S(x) + sum over d in (x, 180] of [S(d - 1) - S(d)] * P(insolvent within 180 - d days)

    with S(d) the probability of no distress in (t, t + d].

    Returns:
        Shape (months, levels, states, 180 - dpd), by x - t; position 0 where no such invoice falls due.
    """
    alive = survival.table[..., 1:] / survival.table[..., 1:2]
    falls = alive[..., :-1] - alive[..., 1:]
    still = INSOLVENT_SHARE * insolvent_within()[HORIZON - np.arange(1, HORIZON + 1)]
    by_insolvency = np.zeros_like(alive)
    by_insolvency[..., :-1] = np.cumsum((falls * still)[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray((1 - alive + by_insolvency)[..., : HORIZON - dpd])
