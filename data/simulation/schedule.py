"""The invoices a portfolio would see if nobody ever stopped paying: what is issued, due and meant to be paid when."""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from data.simulation.agreements import DISCOUNT_DAYS, INSTALMENTS, PREPAYMENT, agreed
from data.simulation.calendar import Calendar, weekday, working_day_after, working_day_before
from data.simulation.columns import Cents, Days, Flags, Floats, Indices
from data.simulation.customers import TERMS, Traits
from data.simulation.world import World

ORDER_LAG_MONTHS: Final = 4
"""Orders follow quality with this delay, so that the due dates of a horizon say nothing about strain within it."""
ORDER_SLOPE: Final = 0.12
SEASON: Final = np.array([0.88, 0.92, 1.03, 1.0, 1.02, 1.03, 0.97, 0.85, 1.05, 1.08, 1.12, 1.05])
"""Orders by month of the year; mean 1."""
_WEEKEND_WEIGHT: Final = 0.12
_OTHER_TERMS_SHARE: Final = 0.06
_AMOUNT_SPREAD: Final = 0.67
_TAKING_SLOPE: Final = 0.7
"""A customer under strain gives up its cash discounts, with the delay of its orders and for the same reason."""
_PREPAID_SHARE: Final = 0.85
_LONGEST_LEAD_DAYS: Final = 7
"""An invoice is prepaid at most this many days, and a weekend, before its issue: less than the days from an unpaid
due date until deliveries stop, so that what is prepaid is delivered."""


@dataclass(frozen=True)
class Items:
    """Invoices, each column of shape (items,), ordered by customer and due date.

    Attributes:
        customer: Position of the customer.
        issued: Issue day.
        due: Due day, always a working day.
        intended: Day on which a customer who pays, and pays in time, would pay; at most the due day, and before issue
            where it pays in advance.
        cents: Gross amount.
        surprise: Log of the amount against the customer's mean.
        terms: Payment terms, a position in `agreements.CODES`.
        document: Number of the document of which it is an instalment, 0 for none.
    """

    customer: Indices
    issued: Days
    due: Days
    intended: Days
    cents: Cents
    surprise: npt.NDArray[np.float32]
    terms: Indices
    document: Indices

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
    sales = agreed(world.shape, world.agreements, customer, issued, _terms(rng, traits, customer, issued))
    due = working_day_after(sales.issued + sales.due_after)
    order = np.argsort(sales.customer.astype(np.int64) << 17 | due, kind="stable")
    items = Items(
        customer=sales.customer[order],
        issued=sales.issued[order],
        due=due[order],
        intended=due[order],
        cents=np.empty(0, np.int64),
        surprise=_surprise(rng, sales.document[order]),
        terms=sales.terms[order],
        document=sales.document[order],
    )
    amount = np.exp(np.minimum(traits.log_amount[items.customer] + items.surprise, 17.0)) / INSTALMENTS[items.terms]
    cents = np.maximum(np.rint(amount * 100), 100).astype(np.int64)
    return replace(items, cents=cents, intended=_intended(rng, world, items))


def _surprise(rng: np.random.Generator, document: Indices) -> npt.NDArray[np.float32]:
    """Log of each amount against the customer's mean; the instalments of a document are equal."""
    surprise = (_AMOUNT_SPREAD * rng.standard_normal(len(document), dtype=np.float32)).astype(np.float32)
    parts = np.flatnonzero(document)
    of_document = np.zeros(int(document.max(initial=0)) + 1, np.float32)
    of_document[document[parts]] = surprise[parts]
    surprise[parts] = of_document[document[parts]]
    return surprise


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


def _intended(rng: np.random.Generator, world: World, items: Items) -> Days:
    """The due day, or the customer's early day where it pays early, which strain of the time has no part in."""
    early = rng.random(len(items)) < early_share(world, items)
    return np.where(early, early_day(world.traits, items), items.due)


def early_share(world: World, items: Items) -> Floats:
    """Probability that the customer means to pay an invoice before it is due, shape (items,).

    A discount is taken with the log odds of the customer, less ``_TAKING_SLOPE`` times the strain four months before.
    """
    share: Floats = world.traits.early_share[items.customer]
    if not world.shape.is_full:
        return share
    share = np.where(items.terms == PREPAYMENT, _PREPAID_SHARE, share)
    rows = np.flatnonzero(DISCOUNT_DAYS[items.terms])
    who, month = items.customer[rows], world.calendar.month_of(items.issued[rows]) - ORDER_LAG_MONTHS
    log_odds = world.agreements.taking[who] - _TAKING_SLOPE * world.strain.value(who, month)
    share[rows] = 1 / (1 + np.exp(-log_odds))
    return share


def early_day(traits: Traits, items: Items) -> Days:
    """The working day on which the customer pays an invoice if it pays early; before issue only in advance."""
    early = working_day_before(items.due - traits.early_days[items.customer])
    rows = np.flatnonzero(DISCOUNT_DAYS[items.terms])
    spare = traits.early_days[items.customer[rows]] % 3
    early[rows] = working_day_before(items.issued[rows] + DISCOUNT_DAYS[items.terms[rows]] - spare)
    early = np.maximum(early, items.issued)
    rows = np.flatnonzero(items.terms == PREPAYMENT)
    lead = np.minimum(traits.early_days[items.customer[rows]], _LONGEST_LEAD_DAYS)
    early[rows] = working_day_before(items.issued[rows] - lead)
    return np.asarray(early)
