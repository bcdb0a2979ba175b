"""When each invoice is paid, and the true probability, at its issue, that it will be late."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from data.simulation.agreements import PREPAYMENT
from data.simulation.calendar import working_day_after, working_day_before
from data.simulation.columns import NEVER, Days, Flags, Floats
from data.simulation.episodes import SETTLE_DAYS, Phase, spread, stopped, unpaid
from data.simulation.schedule import Items, early_day, early_share
from data.simulation.strain import HABIT_SPREAD, LATE_SLOPE
from data.simulation.world import World

GRACE_DAYS: Final = 5
LONGEST_DELAY_DAYS: Final = 58
"""A customer who is not in distress pays within 60 days, so that 60 and 90 days past due mean distress alone."""
_SURPRISE_SLOPE: Final = 0.15
_NEW_CUSTOMER_ODDS: Final = 1.35
_NEW_CUSTOMER_DAYS: Final = 90
_LONG_DELAY_SHARE: Final = 0.25
_SHORT_MEAN_DAYS: Final = 5.0
_LONG_MEAN_DAYS: Final = 28.0


@dataclass(frozen=True)
class Settlement:
    """What became of each item, each column of shape (items,).

    Attributes:
        is_issued: Whether it was issued at all: not after deliveries had stopped.
        paid: Day on which the last of it is paid, NEVER if none.
        distress: First day of the episode that left it unpaid, NEVER if none did.
        late5_prob: True probability at issue that it is not settled 5 days after its due date.
    """

    is_issued: Flags
    paid: Days
    distress: Days
    late5_prob: npt.NDArray[np.float32]


def settle(world: World, items: Items, phases: list[Phase]) -> Settlement:
    """Settle every item: in time, late, or as its customer's distress allows."""
    rng = world.stream("settlement")
    late_prob = _late_prob(world, items)
    paid = _ordinary_day(rng, items, late_prob)
    early = _early_share_at_issue(world, items)
    chance = _chance_at_issue(world, items, early, late_prob)
    spared = (1 - early) * late_prob
    distress = np.full(len(items), NEVER, np.int32)
    is_issued = np.ones(len(items), bool)
    rest = rng.integers(0, SETTLE_DAYS - 2, len(items), dtype=np.int32)
    for phase in phases:
        is_issued[phase.rows[stopped(phase)]] = False
        _apply(phase, spared, rest, paid, distress, chance)
    return Settlement(is_issued, paid, distress, chance.astype(np.float32))


def _late_prob(world: World, items: Items) -> Floats:
    """Probability, given the strain in the month of issue, that an item is late although its customer pays."""
    calendar, traits = world.calendar, world.traits
    month = calendar.month_of(items.issued)
    log_odds = world.late_intercept + LATE_SLOPE * world.strain.value(items.customer, month)
    log_odds += HABIT_SPREAD * traits.habit[items.customer] + _SURPRISE_SLOPE * items.surprise
    log_odds += np.log(world.shape.stress_late_odds) * calendar.stressed[month]
    is_new = items.issued - traits.signed_up[items.customer] < _NEW_CUSTOMER_DAYS
    log_odds += np.log(_NEW_CUSTOMER_ODDS) * is_new
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _ordinary_day(rng: np.random.Generator, items: Items, late_prob: Floats) -> Days:
    """Day of payment of an item whose customer pays: early, on the due date, 1 to 4 days late, or later."""
    n = len(items)
    luck = rng.random(n)
    is_late = luck < late_prob
    is_little_late = ~is_late & (rng.random(n, dtype=np.float32) < np.minimum(0.3, 0.025 + 0.5 * late_prob))
    days_little = rng.integers(1, GRACE_DAYS, n, dtype=np.int32)
    day = np.where(is_little_late, working_day_before(items.due + days_little), items.due)
    late = np.flatnonzero(is_late)
    day[late] = working_day_after(items.due[late] + _late_days(rng, late_prob[late]))
    return np.where(items.intended < items.due, items.intended, day).astype(np.int32)


def _late_days(rng: np.random.Generator, late_prob: Floats) -> Days:
    """Days late of late items: 5 and more, longer for customers who are late often."""
    is_long = rng.random(len(late_prob)) < _LONG_DELAY_SHARE * (0.6 + late_prob)
    mean = np.where(is_long, _LONG_MEAN_DAYS, _SHORT_MEAN_DAYS)
    drawn = GRACE_DAYS + rng.exponential(size=len(late_prob)) * mean
    return np.minimum(drawn, LONGEST_DELAY_DAYS).astype(np.int32)


def _early_share_at_issue(world: World, items: Items) -> Floats:
    """Probability at issue that the customer means to pay before the due date; what is paid in advance is known."""
    share = early_share(world, items)
    return np.where(items.terms == PREPAYMENT, items.intended < items.issued, share)


def _chance_at_issue(world: World, items: Items, early: Floats, late_prob: Floats) -> Floats:
    """P(5 or more days late | strain at issue, not in distress).

    With e the share of invoices that the customer pays early, p the probability that it is late although
    it pays, and S(d) that of no distress from issue to day d:

        (1 - e) * (1 - (1 - p) * S(due)) + e * (1 - S(early day))
    """
    who, issued, strain = items.customer, items.issued, world.strain
    level, state = strain.level[who], strain.state[who, world.calendar.month_of(issued)]
    to_due = world.survival.between(level, state, issued, items.due)
    to_early = world.survival.between(level, state, issued, early_day(world.traits, items))
    return np.asarray((1 - early) * (1 - (1 - late_prob) * to_due) + early * (1 - to_early))


def _apply(phase: Phase, spared: Floats, rest: Days, paid: Days, distress: Days, chance: Floats) -> None:
    """Let the episode that ends a phase act on its items, in place.

    What is issued within the episode has its outcome as its chance: how an episode ends belongs to its state.
    """
    who, episode = phase.items.customer, phase.episode
    hit = unpaid(phase)
    rows, resumed = phase.rows[hit], spread(phase, episode.resumed)[who[hit]]
    distress[rows] = spread(phase, episode.distress)[who[hit]]
    paid[rows] = np.where(resumed < NEVER, working_day_after(resumed + rest[rows]), NEVER)

    begins, ends = spread(phase, episode.distress)[who], spread(phase, episode.cured)[who]
    within = (phase.items.issued >= begins) & (phase.items.issued < ends)
    rows = phase.rows[within]
    is_late = paid[rows] - phase.items.due[within] >= GRACE_DAYS
    chance[rows] = np.where(hit[within], is_late, spared[rows])
