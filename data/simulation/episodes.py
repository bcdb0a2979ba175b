"""Episodes of distress: when a customer stops paying, what that leaves unpaid, and how it ends.

A customer in distress from day D on pays nothing that it meant to pay on D or later; older debts are still
paid as they would have been. The first such invoice to fall due (on S) is more than 90 days past due on
S + 91: that is the default, unless an insolvency falls before it. Deliveries stop soon after S. The episode
ends with everything paid, with an insolvency, or with a write-off; a customer who paid can fall again.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from data.simulation.columns import NEVER, Days, Flags, Indices
from data.simulation.schedule import Items
from data.simulation.survival import INSOLVENT_SHARE, WRITTEN_OFF_SHARE, insolvent_within
from data.simulation.world import World

STOP_DELIVERY_DAYS: Final = 10
"""Days after the first unpaid due date until deliveries stop; no less than an order comes ahead of its invoice, so
that an order that is never billed does not tell of a distress that is still to come."""
RESUME_FROM_DAYS: Final = 98
"""Earliest day of paying again after S: later than S + 91, so that every episode is a default."""
RESUME_SCALE_DAYS: Final = 30.0
SETTLE_DAYS: Final = 20
"""A customer who pays again has settled everything after this many days."""
_SPAN: Final = 1 << 17
"""More days than a simulation can hold: a customer's days stay apart from the next one's."""


@dataclass(frozen=True)
class Episodes:
    """Episodes in no particular order, each column of shape (episodes,); ``NEVER`` where it does not happen.

    Attributes:
        customer: Position of the customer.
        distress: First day on which nothing is paid any more (D).
        unpaid_due: First due date that goes unpaid (S).
        insolvent: Day of the insolvency.
        default: Day on which default(90) happens: S + 91 or the insolvency.
        default_60: The same at 60 days.
        resumed: First day of paying again.
        cured: Day from which everything is paid and the hazard runs again.
        written_off: Day of the write-off.
    """

    customer: Indices
    distress: Days
    unpaid_due: Days
    insolvent: Days
    default: Days
    default_60: Days
    resumed: Days
    cured: Days
    written_off: Days

    def take(self, rows: Indices | Flags) -> "Episodes":
        """Some of the episodes."""
        return Episodes(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Phase:
    """A stretch in which a set of customers pays, and the episode that ends it.

    Attributes:
        customer: Positions, ascending, shape (n,).
        entry: Day from which the hazard runs, shape (n,).
        episode: The episode that ends the phase; ``distress`` is NEVER where none does, shape (n,).
        items: What they would buy in it, ordered by customer and due date.
        rows: Where those items stand among all.
    """

    customer: Indices
    entry: Days
    episode: Episodes
    items: Items
    rows: Indices

    def without_items(self) -> "Phase":
        """The same without its items, which are most of its memory."""
        return replace(self, items=self.items.take(slice(0)), rows=self.rows[:0])


@dataclass(frozen=True)
class DueIndex:
    """Look-ups among items ordered by customer and due date.

    Attributes:
        items: The items.
        due_key: Customer and due day in one number, ascending.
        intended_key: Customer and latest intended day so far in one number, ascending.
    """

    items: Items
    due_key: Indices
    intended_key: Indices

    def first_unpaid(self, customer: Indices, distress: Days) -> tuple[Days, Days]:
        """Due and issue day of the first item to fall due that was meant to be paid on ``distress`` or later."""
        if not len(self.items):
            return np.full(len(customer), NEVER, np.int32), np.full(len(customer), NEVER, np.int32)
        found = np.searchsorted(self.intended_key, customer.astype(np.int64) * _SPAN + distress)
        at = np.minimum(found, len(self.items) - 1)
        hit = (found < len(self.items)) & (self.items.customer[at] == customer) & (distress < NEVER)
        due = np.where(hit, self.items.due[at], NEVER).astype(np.int32)
        return due, np.where(hit, self.items.issued[at], NEVER).astype(np.int32)

    def last_intended(self, customer: Indices, until: Days) -> Days:
        """Latest intended day among the customer's items due by ``until``; 0 where there is none."""
        if not len(self.items):
            return np.zeros(np.broadcast(customer, until).shape, np.int32)
        offset = np.asarray(customer, np.int64) * _SPAN
        found = np.searchsorted(self.due_key, offset + until, side="right")
        at = np.maximum(found - 1, 0)
        day = self.intended_key[at] - offset
        return np.where((found > 0) & (self.items.customer[at] == customer), day, 0).astype(np.int32)


def due_index(items: Items) -> DueIndex:
    """Prepare look-ups; the latest intended day so far makes an unordered column searchable."""
    offset = items.customer.astype(np.int64) * _SPAN
    return DueIndex(items, offset + items.due, np.maximum.accumulate(offset + items.intended))


def draw_phases(world: World, items: Items) -> list[Phase]:
    """Draw episodes until nobody who was cured can fall again.

    Returns:
        Phases in order: in the first all customers, in each next one those cured in the one before.
    """
    rng, calendar = world.stream("episodes"), world.calendar
    customer = np.arange(world.shape.customers)
    entry = np.maximum(world.traits.signed_up, calendar.start).astype(np.int32)
    rows = np.arange(len(items))
    phases: list[Phase] = []
    while len(customer):
        distress = _distress_days(rng, world, customer, entry)
        episode = _course(rng, customer, distress, due_index(items))
        phases.append(Phase(customer, entry, episode, items, rows))
        again = episode.cured < calendar.last_issue
        customer, entry = customer[again], episode.cured[again]
        kept = np.isin(items.customer, customer, kind="table") & ~stopped(phases[-1])
        items, rows = items.take(kept), rows[kept]
    return phases


def _distress_days(rng: np.random.Generator, world: World, customer: Indices, entry: Days) -> Days:
    """First day after ``entry`` on which the summed hazard reaches an exponential threshold, NEVER if none does."""
    left = rng.exponential(size=len(customer))
    day = np.full(len(customer), NEVER, np.int32)
    calendar, strain = world.calendar, world.strain
    level = strain.level[customer]
    start = int(calendar.month_of(np.array([calendar.start], np.int32))[0])
    for month in range(start, calendar.months):
        after = np.maximum(entry, calendar.firsts[month] - 1)
        at_risk = np.maximum(calendar.firsts[month + 1] - 1 - after, 0)
        now = world.survival.hazard[month, level, strain.state[customer, month]]
        falls = (left > 0) & (at_risk * now >= left)
        day[falls] = (after + np.ceil(left / now))[falls].astype(np.int32)
        left -= at_risk * now
    return day


def _course(rng: np.random.Generator, customer: Indices, distress: Days, index: DueIndex) -> Episodes:
    """What follows from falling into distress on a day."""
    n = len(customer)
    fate = rng.random(n)
    fails = fate < INSOLVENT_SHARE
    is_lost = ~fails & (fate < INSOLVENT_SHARE + WRITTEN_OFF_SHARE)
    waited = np.searchsorted(insolvent_within(), rng.random(n)).astype(np.int32)
    resting = (RESUME_FROM_DAYS + rng.gamma(2.0, RESUME_SCALE_DAYS, n)).astype(np.int32)
    lost_after = rng.integers(120, 300, n).astype(np.int32)

    insolvent = _if(fails & (distress < NEVER), distress + waited)
    due, issued = index.first_unpaid(customer, distress)
    due = _if(issued < insolvent, due)
    resumed = _if(~fails & ~is_lost & (due < NEVER), due + resting)
    return Episodes(
        customer=customer,
        distress=distress,
        unpaid_due=due,
        insolvent=insolvent,
        default=np.minimum(_if(due < NEVER, due + 91), insolvent),
        default_60=np.minimum(_if(due < NEVER, due + 61), insolvent),
        resumed=resumed,
        cured=_if(resumed < NEVER, resumed + SETTLE_DAYS),
        written_off=_if(is_lost & (due < NEVER), due + lost_after),
    )


def _if(happens: Flags, day: Days) -> Days:
    """The day where it happens, NEVER elsewhere."""
    return np.where(happens, day, NEVER).astype(np.int32)


def stopped(phase: Phase) -> Flags:
    """Whether an item of the phase is never issued, because deliveries had stopped by then; shape (items,)."""
    episode = phase.episode
    after = np.minimum(
        _if(episode.unpaid_due < NEVER, episode.unpaid_due + STOP_DELIVERY_DAYS),
        _if(episode.insolvent < NEVER, episode.insolvent - 1),
    )
    until = _if(episode.resumed < NEVER, episode.cured)
    issued, who = phase.items.issued, phase.items.customer
    return np.asarray((issued > spread(phase, after)[who]) & (issued <= spread(phase, until)[who]))


def unpaid(phase: Phase) -> Flags:
    """Whether an item of the phase is left unpaid by the distress that ends it; shape (items,)."""
    meant, who = phase.items.intended, phase.items.customer
    begins, ends = spread(phase, phase.episode.distress), spread(phase, phase.episode.resumed)
    return np.asarray((meant >= begins[who]) & (meant < ends[who]))


def lies_between(phases: list[Phase], customer: Indices, day: Days, first: str, last: str) -> Flags:
    """Whether each day lies in an episode of its customer, from the day called ``first`` to before ``last``.

    Args:
        phases: All phases.
        customer: Shape (n,).
        day: Shape (n,).
        first: Column of :class:`Episodes`, such as ``distress``.
        last: Column of :class:`Episodes`, such as ``cured``.
    """
    within = np.zeros(len(day), bool)
    for phase in phases:
        row = np.minimum(np.searchsorted(phase.customer, customer), max(len(phase.customer) - 1, 0))
        begins, ends = getattr(phase.episode, first)[row], getattr(phase.episode, last)[row]
        within |= (phase.customer[row] == customer) & (day >= begins) & (day < ends)
    return within


def spread(phase: Phase, day: Days) -> Days:
    """A day of each customer of the phase, by position among all customers; NEVER for the others."""
    wide = np.full(int(phase.customer.max(initial=-1)) + 1, NEVER, np.int32)
    wide[phase.customer] = day
    return wide
