"""The invoices a portfolio would see if nobody ever stopped paying: what is issued, due and meant to be paid when."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from data.simulated_calendar import Calendar, weekday, working_day_after, working_day_before
from data.simulated_columns import Cents, Days, Flags, Floats, Indices
from data.simulated_customers import TERMS, Traits
from data.simulated_world import World

ORDER_LAG_MONTHS: Final = 4
"""Orders follow quality with this delay, so that the due dates of a horizon say nothing about strain within it."""
ORDER_SLOPE: Final = 0.12
SEASON: Final = np.array([0.88, 0.92, 1.03, 1.0, 1.02, 1.03, 0.97, 0.85, 1.05, 1.08, 1.12, 1.05])
"""Orders by month of the year; mean 1."""
_WEEKEND_WEIGHT: Final = 0.12
_OTHER_TERMS_SHARE: Final = 0.06
_AMOUNT_SPREAD: Final = 0.67


@dataclass(frozen=True)
class Items:
    """Invoices, each column of shape (items,), ordered by customer and due date.

    Attributes:
        customer: Position of the customer.
        issued: Issue day.
        due: Due day, always a working day.
        intended: Day on which a customer who pays, and pays in time, would pay; at most the due day.
        cents: Gross amount.
        surprise: Log of the amount against the customer's mean.
    """

    customer: Indices
    issued: Days
    due: Days
    intended: Days
    cents: Cents
    surprise: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Number of items."""
        return len(self.customer)

    def take(self, rows: Indices | Flags | slice) -> "Items":
        """Some of the items, in the order asked."""
        return Items(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def draw_items(world: World) -> Items:
    """Draw all invoices from the first day of the book to ``ISSUE_AFTER_DAYS`` after its last."""
    rng, traits = world.stream("items"), world.traits
    customer, issued = _issues(rng, world)
    due = working_day_after(issued + TERMS[_terms(rng, traits, customer, issued)])
    order = np.argsort(customer.astype(np.int64) << 17 | due, kind="stable")
    customer, issued, due = customer[order], issued[order], due[order]
    surprise = (_AMOUNT_SPREAD * rng.standard_normal(len(due), dtype=np.float32)).astype(np.float32)
    amount = np.exp(np.minimum(traits.log_amount[customer] + surprise, 17.0))
    return Items(
        customer=customer,
        issued=issued,
        due=due,
        intended=_intended(rng, traits, customer, issued, due),
        cents=np.maximum(np.rint(amount * 100), 100).astype(np.int64),
        surprise=surprise,
    )


def _issues(rng: np.random.Generator, world: World) -> tuple[Indices, Days]:
    """Customer and issue day of every invoice: Poisson by month, then a day of it."""
    calendar, traits = world.calendar, world.traits
    low = calendar.month_of(np.array([calendar.start, calendar.last_issue], np.int32))
    months = np.arange(low[0], low[1] + 1)
    number = rng.poisson(_monthly_volume(world, months))
    pairs = np.repeat(np.arange(number.size, dtype=np.int32), number.ravel())
    customer, month = np.divmod(pairs, np.int32(len(months)))
    issued = _day_in_month(rng, calendar, months, month)
    first = np.maximum(traits.signed_up, calendar.start)[customer]
    kept = (issued >= first) & (issued <= np.minimum(traits.left, calendar.last_issue)[customer])
    return customer[kept], issued[kept]


def _monthly_volume(world: World, months: Indices) -> Floats:
    """Expected invoices, shape (customers, months)."""
    volume = world.traits.volume[:, None]
    strain = world.strain.value(np.arange(len(volume))[:, None], months - ORDER_LAG_MONTHS)
    return np.asarray(volume * SEASON[world.calendar.month_of_year[months]] * np.exp(-ORDER_SLOPE * strain))


def _day_in_month(rng: np.random.Generator, calendar: Calendar, months: Indices, month: Indices) -> Days:
    """A day of each month, seldom on a weekend."""
    low, high = calendar.firsts[months[0]], calendar.firsts[months[-1] + 1]
    every = np.arange(low, high, dtype=np.int32)
    weight = np.where(weekday(every) >= 5, _WEEKEND_WEIGHT, 1.0)
    reached = np.cumsum(weight)
    before = np.concatenate([[0.0], reached])[calendar.firsts[months[0] : months[-1] + 2] - low]
    at = before[month] + rng.random(len(month)) * np.diff(before)[month]
    day: Days = every[np.minimum(np.searchsorted(reached, at, side="right"), len(every) - 1)]
    return day


def _terms(rng: np.random.Generator, traits: Traits, customer: Indices, issued: Days) -> Indices:
    """Position in ``TERMS``: the customer's own at that time, now and then others."""
    own = np.where(issued >= traits.terms_changed[customer], traits.later_terms[customer], traits.terms[customer])
    luck = rng.random(len(customer), dtype=np.float32)
    step = np.where(luck < _OTHER_TERMS_SHARE / 2, -1, np.where(luck > 1 - _OTHER_TERMS_SHARE / 2, 1, 0))
    return np.asarray(np.clip(own + step, 0, len(TERMS) - 1))


def _intended(rng: np.random.Generator, traits: Traits, customer: Indices, issued: Days, due: Days) -> Days:
    """The due day, or the customer's early day where it pays early, which strain has no part in."""
    early = rng.random(len(customer)) < traits.early_share[customer]
    return np.where(early, early_day(traits, customer, issued, due), due)


def early_day(traits: Traits, customer: Indices, issued: Days, due: Days) -> Days:
    """The working day on which the customer pays this invoice if it pays early; not before issue."""
    return np.asarray(np.maximum(working_day_before(due - traits.early_days[customer]), issued))
