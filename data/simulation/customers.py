"""Who the customers are: master data and the traits that drive what they buy and how they pay."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CUSTOMERS
from data.simulation.calendar import Calendar
from data.simulation.columns import (
    NEVER,
    Days,
    Flags,
    Floats,
    Indices,
    choice,
    days,
    flags,
    identifiers,
    instants,
    shaped,
    stream,
)
from data.simulation.shape import Shape

SIZES: Final = ("SMALL", "MEDIUM", "LARGE")
INDUSTRIES: Final = ("CONSTRUCTION", "FOOD", "MACHINERY", "RETAIL", "CHEMICALS", "TRANSPORT", "SERVICES")
REGIONS: Final = ("N", "S", "E", "W", "NE", "SW")
COUNTRIES: Final = ("DE", "AT", "NL", "FR", "PL", "IT", None)
TERMS: Final = np.array([14, 30, 45, 60, 90], np.int32)

_SIZE_SHARES: Final = np.array([0.60, 0.30, 0.10])
_INDUSTRY_SHARES: Final = np.array([0.16, 0.14, 0.16, 0.18, 0.08, 0.14, 0.14])
_COUNTRY_SHARES: Final = np.array([0.42, 0.12, 0.12, 0.12, 0.11, 0.10, 0.01])
_TERMS_SHARES: Final = np.array([0.20, 0.46, 0.14, 0.15, 0.05])
_SIZE_STRAIN: Final = np.array([0.1, -0.3, -0.8])
_INDUSTRY_STRAIN: Final = np.array([0.35, -0.1, -0.15, 0.2, -0.3, 0.25, 0.0])
_REGION_STRAIN: Final = np.array([-0.2, 0.15, 0.25, -0.15, 0.0, -0.05])
_VOLUME_STRAIN: Final = 0.45
_SIZE_VOLUME: Final = np.array([0.7, 1.2, 2.2])
_SIZE_LOG_AMOUNT: Final = np.array([8.0, 9.4, 10.8])
_SIZE_LOG_REVENUE: Final = np.array([14.2, 16.6, 19.0])
_PERSON_SHARE: Final = 0.05
_GROUP_SHARE: Final = 0.08
_UNDER_MEDIUM_SHARE: Final = 0.5
"""Of the small customers with an owner, those whose owner is a medium one that is owned itself."""
_BOUGHT_LATER_SHARE: Final = 0.25
_LIKE_OWNER: Final = 0.5
"""Weight of the owner's fixed strain in that of a customer that is owned."""
_NEW_SHARE: Final = 0.25
_LEAVING_SHARE: Final = 0.12
_TERMS_CHANGE_SHARE: Final = 0.10


@dataclass(frozen=True)
class Traits:
    """Fixed facts about every customer, each of shape (customers,).

    Attributes:
        size: Position in ``SIZES``.
        industry: Position in ``INDUSTRIES``.
        country: Position in ``COUNTRIES``.
        region: Position in ``REGIONS``.
        is_person: Whether a natural person.
        parent: Position of the owning customer, -1 for none.
        bought: Day from which it is owned; 0 for before the book.
        signed_up: First day of the relation.
        left: Last day on which it orders.
        volume: Invoices per month at strain 0, seasons aside.
        log_amount: Mean log of an invoice's amount in currency units.
        revenue: Own revenue per month in currency units.
        terms: Position in ``TERMS``.
        later_terms: Position in ``TERMS`` from ``terms_changed`` on.
        terms_changed: Day from which the later terms hold.
        early_share: Share of invoices paid before the due date.
        early_days: How many days before.
        habit: Log odds of late payment beside strain, in standard deviations.
        fixed_strain: Wanted fixed part of strain.
    """

    size: Indices
    industry: Indices
    country: Indices
    region: Indices
    is_person: Flags
    parent: Indices
    bought: Days
    signed_up: Days
    left: Days
    volume: Floats
    log_amount: Floats
    revenue: Floats
    terms: Indices
    later_terms: Indices
    terms_changed: Days
    early_share: Floats
    early_days: Days
    habit: Floats
    fixed_strain: Floats


def draw_traits(shape: Shape, calendar: Calendar) -> Traits:
    """Draw every customer's fixed facts."""
    rng = stream(shape.seed, "customers")
    n = shape.customers
    size = rng.choice(len(SIZES), n, p=_SIZE_SHARES)
    is_person = rng.random(n) < _PERSON_SHARE
    size[is_person] = 0
    industry = rng.choice(len(INDUSTRIES), n, p=_INDUSTRY_SHARES)
    signed_up, left = _relation(rng, n, calendar)
    terms = rng.choice(len(TERMS), n, p=_TERMS_SHARES)
    volume = _volume(rng, size, shape)
    traits = Traits(
        size=size,
        industry=industry,
        country=rng.choice(len(COUNTRIES), n, p=_COUNTRY_SHARES),
        region=_regions(stream(shape.seed, "master"), n),
        is_person=is_person,
        parent=_parents(rng, size, is_person),
        bought=np.zeros(n, np.int32),
        signed_up=signed_up,
        left=left,
        volume=volume,
        log_amount=_SIZE_LOG_AMOUNT[size] + 0.6 * rng.standard_normal(n),
        revenue=np.exp(_SIZE_LOG_REVENUE[size] + 0.7 * rng.standard_normal(n)) / 12,
        terms=terms,
        later_terms=np.clip(terms + rng.choice([-1, 1], n), 0, len(TERMS) - 1),
        terms_changed=_some_day(rng, n, calendar, _TERMS_CHANGE_SHARE),
        early_share=rng.beta(0.35, 2.6, n),
        early_days=rng.choice(np.array([1, 2, 3, 5, 7, 14], np.int32), n, p=[0.4, 0.1, 0.2, 0.1, 0.1, 0.1]),
        habit=rng.standard_normal(n),
        fixed_strain=_fixed_strain(rng, size, industry, volume / shape.invoices_per_customer_month),
    )
    return _grouped(shape, calendar, traits) if shape.is_full else traits


def _regions(rng: np.random.Generator, n: int) -> Indices:
    """Region of each customer: the first draw of the master data."""
    return rng.integers(0, len(REGIONS), n)


def _grouped(shape: Shape, calendar: Calendar, traits: Traits) -> Traits:
    """The traits with groups of up to three levels, in which members resemble their owner, and better or worse regions.

    The owner of a medium customer is a large one, that of a small customer a medium or a large one: no loops.
    """
    rng, n = stream(shape.seed, "groups"), shape.customers
    parent, strain = traits.parent.copy(), traits.fixed_strain + _REGION_STRAIN[traits.region]
    owners = np.flatnonzero((traits.size == 1) & (parent >= 0))
    if len(owners):
        moved = np.flatnonzero((traits.size == 0) & (parent >= 0) & (rng.random(n) < _UNDER_MEDIUM_SHARE))
        parent[moved] = rng.choice(owners, len(moved))
    for size in (1, 0):
        owned = np.flatnonzero((traits.size == size) & (parent >= 0))
        strain[owned] = (1 - _LIKE_OWNER) * strain[owned] + _LIKE_OWNER * strain[parent[owned]]
    bought = np.where(rng.random(n) < _BOUGHT_LATER_SHARE, rng.integers(calendar.start, calendar.end + 1, n), 0)
    return replace(traits, parent=parent, bought=bought.astype(np.int32), fixed_strain=strain)


def _fixed_strain(rng: np.random.Generator, size: Indices, industry: Indices, relative_volume: Floats) -> Floats:
    """Small customers, some industries and those who buy little are worse; the rest is luck."""
    small_buyer = -_VOLUME_STRAIN * np.log(np.maximum(relative_volume, 0.05))
    typical = _SIZE_STRAIN[size] + _INDUSTRY_STRAIN[industry] + small_buyer
    return np.asarray(typical + 0.5 * rng.standard_normal(len(size)))


def _relation(rng: np.random.Generator, n: int, calendar: Calendar) -> tuple[Days, Days]:
    """First and last day of each relation; three quarters began up to ten years before the book."""
    old = calendar.start - rng.integers(1, 3_650, n)
    new = rng.integers(calendar.start, max(calendar.end - 30, calendar.start + 1), n)
    signed_up = np.where(rng.random(n) < _NEW_SHARE, new, old).astype(np.int32)
    left = np.maximum(_some_day(rng, n, calendar, _LEAVING_SHARE), signed_up + np.int32(60))
    return signed_up, np.minimum(left, NEVER).astype(np.int32)


def _some_day(rng: np.random.Generator, n: int, calendar: Calendar, share: float) -> Days:
    """A day of the book for some customers, ``NEVER`` for the others."""
    day = rng.integers(calendar.start, calendar.end + 1, n)
    return np.where(rng.random(n) < share, day, NEVER).astype(np.int32)


def _volume(rng: np.random.Generator, size: Indices, shape: Shape) -> Floats:
    """Invoices per month: gamma with a long tail, larger customers more, its mean as the shape asks."""
    typical = _SIZE_VOLUME[size] / float(_SIZE_SHARES @ _SIZE_VOLUME)
    return np.asarray(shape.invoices_per_customer_month * typical * rng.gamma(0.9, 1 / 0.9, len(size)))


def _parents(rng: np.random.Generator, size: Indices, is_person: Flags) -> Indices:
    """A large customer as owner of some smaller ones."""
    large = np.flatnonzero(size == len(SIZES) - 1)
    owned = (rng.random(len(size)) < _GROUP_SHARE) & (size < len(SIZES) - 1) & ~is_person
    if not len(large):
        return np.full(len(size), -1)
    return np.where(owned, large[rng.integers(0, len(large), len(size))], -1)


def customers_table(shape: Shape, calendar: Calendar, traits: Traits) -> pa.Table:
    """Master data; a region that is added later, and an owner that buys later, are further versions."""
    rng = stream(shape.seed, "master")
    n = shape.customers
    region = _regions(rng, n)
    postcode = rng.integers(0, 90, n)
    mail = rng.integers(0, 5, n)
    added = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, n)
    completed = (rng.random(n) < 0.01) & (traits.signed_up < added)
    is_bought = (traits.parent >= 0) & (traits.bought > traits.signed_up)
    who = np.concatenate([np.arange(n), np.flatnonzero(completed), np.flatnonzero(is_bought)])
    known_on = np.concatenate([traits.signed_up, added[completed], traits.bought[is_bought]]).astype(np.int32)
    hour = np.where(np.arange(len(who)) < n + completed.sum(), 8, 10)  # of one day the purchase is the later version
    lacking = completed[who] & (known_on < added[who])
    owned = (traits.parent[who] >= 0) & ~(is_bought[who] & (known_on + (hour == 10) <= traits.bought[who]))
    columns = {
        "customer_id": identifiers("C", who, 6),
        "signed_up_on": days(traits.signed_up[who]),
        "is_natural_person": flags(traits.is_person[who]),
        "parent_id": identifiers("C", np.maximum(traits.parent[who], 0), 6, ~owned),
        "country": choice(traits.country[who], COUNTRIES),
        "region": choice(np.where(lacking, len(REGIONS), region[who]), [*REGIONS, None]),
        "industry": choice(traits.industry[who], INDUSTRIES),
        "size_class": choice(traits.size[who], SIZES),
        "email_domain": choice(mail[who], ["own.example", "mail.example", "post.example", "web.example", None]),
        "area_code": identifiers("0", postcode[who] + 10, 2),
        "postcode_prefix": identifiers("0", postcode[who], 2),
    }
    return shaped(CUSTOMERS, columns, instants(known_on, hour * 3_600))
