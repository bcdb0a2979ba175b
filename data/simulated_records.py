"""What else is known of a customer: figures, statements, ratings, credit events, limits."""

from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CREDIT_EVENTS, FINANCIALS, LIMITS, RATINGS, STATEMENTS
from data.simulated_columns import (
    NEVER,
    Cents,
    Days,
    Flags,
    Floats,
    Indices,
    choice,
    counts,
    days,
    identifiers,
    instants,
    money,
    rate,
    same,
    shaped,
)
from data.simulated_customers import TERMS
from data.simulated_episodes import Phase
from data.simulated_schedule import SEASON
from data.simulated_world import World

GRADES: Final = ("E", "D", "C", "B", "A")
GRADE_BOUNDS: Final = (25, 40, 55, 70)
_NOON: Final = 12 * 3_600
_REVENUE_KNOWN_SHARE: Final = 0.8
_RATED_SHARE: Final = 0.65
_RATED_EVERY_DAYS: Final = 182
_STATEMENT_SHARES: Final = np.array([0.35, 0.8, 0.95])
_WITHOUT_LIMIT_SHARE: Final = 0.03
_EVENT_KINDS: Final = ("INSOLVENCY", "WRITE_OFF")


def _noon(day: Days) -> pa.Array:
    return instants(day, np.full(len(day), _NOON))


def _cents(amount: Floats) -> Cents:
    return np.rint(amount * 100).astype(np.int64)


def financials_table(world: World) -> pa.Table:
    """Revenue of the month before and employees, by month, known in the first days of the month.

    Revenue falls by 6 % per unit of strain of the month it was earned in, with 8 % of noise.
    """
    rng, calendar, traits = world.stream("financials"), world.calendar, world.traits
    first = calendar.as_ofs
    reports = (rng.random(world.shape.customers) < _REVENUE_KNOWN_SHARE) & ~traits.is_person
    who, column = np.nonzero(reports[:, None] & (traits.signed_up[:, None] <= first))
    known_on = first[column] + rng.integers(0, 10, len(who), dtype=np.int32)
    kept = known_on <= calendar.end
    who, column, known_on = who[kept], column[kept], known_on[kept]
    earned_in = calendar.month_of(first)[column] - 1
    season = SEASON[calendar.month_of_year[earned_in]]
    noise = 0.08 * rng.standard_normal(len(who))
    revenue = traits.revenue[who] * season * np.exp(-0.06 * world.strain.value(who, earned_in) + noise)
    employees = np.maximum(1, np.rint(traits.revenue[who] * 12 / 180_000))
    columns = {
        "customer_id": identifiers("C", who, 6),
        "period_start_on": days(first[column]),
        "revenue": money(_cents(revenue), rng.random(len(who)) < 0.02),
        "currency": same(world.shape.currency, len(who)),
        "employees": counts(employees.astype(np.int64), rng.random(len(who)) < 0.05),
    }
    return shaped(FINANCIALS, columns, _noon(known_on))


def statements_table(world: World) -> pa.Table:
    """Yearly statements, known 3 to 6 months after the balance sheet date."""
    rng, calendar, traits = world.stream("statements"), world.calendar, world.traits
    publishes = (rng.random(world.shape.customers) < _STATEMENT_SHARES[traits.size]) & ~traits.is_person
    closing_month = rng.choice(np.array([11, 5, 2]), world.shape.customers, p=[0.8, 0.12, 0.08])
    who, month = np.nonzero(publishes[:, None] & (closing_month[:, None] == calendar.month_of_year))
    year_end = calendar.firsts[month + 1] - np.int32(1)
    known_on = year_end + rng.integers(90, 183, len(who), dtype=np.int32)
    kept = (known_on <= calendar.end) & (known_on >= traits.signed_up[who])
    who, month, year_end, known_on = who[kept], month[kept], year_end[kept], known_on[kept]
    figures = _figures(rng, 12 * traits.revenue[who], world.strain.value(who, month))
    columns = {
        "customer_id": identifiers("C", who, 6),
        "fiscal_year_end_on": days(year_end),
        "currency": same(world.shape.currency, len(who)),
        **{name: money(_cents(amount), _gaps(rng, name, len(who))) for name, amount in figures.items()},
    }
    return shaped(STATEMENTS, columns, _noon(known_on))


def _gaps(rng: np.random.Generator, name: str, rows: int) -> Flags:
    """Which figures a statement lacks: small companies publish less."""
    share = 0.1 if name in ("intangible_assets", "retained_earnings", "ebit") else 0.01
    return rng.random(rows) < share


def _figures(rng: np.random.Generator, yearly: Floats, strain: Floats) -> dict[str, Floats]:
    """A balance sheet that adds up; equity, liquidity and earnings fall with strain."""
    n = len(yearly)
    revenue = yearly * np.exp(-0.06 * strain + 0.05 * rng.standard_normal(n))
    assets = revenue * rng.uniform(0.5, 1.2, n)
    equity = assets * np.clip(0.35 - 0.07 * strain + 0.1 * rng.standard_normal(n), -0.3, 0.9)
    liabilities = assets - equity
    current_assets = assets * rng.uniform(0.35, 0.7, n)
    liquidity = np.clip(1.6 - 0.2 * strain + 0.2 * rng.standard_normal(n), 0.4, 4.0)
    ebit = revenue * (0.06 - 0.02 * strain + 0.03 * rng.standard_normal(n))
    return {
        "total_assets": assets,
        "current_assets": current_assets,
        "current_liabilities": np.minimum(current_assets / liquidity, liabilities),
        "total_liabilities": liabilities,
        "retained_earnings": equity * rng.uniform(0.3, 0.8, n),
        "equity": equity,
        "intangible_assets": assets * rng.uniform(0.0, 0.12, n),
        "revenue": revenue,
        "ebit": ebit,
        "net_income": 0.7 * (ebit - 0.03 * liabilities),
    }


def ratings_table(world: World) -> pa.Table:
    """A bureau's score twice a year, 0 to 100 with 100 best, from the strain of the month before and noise."""
    rng, calendar, traits = world.stream("ratings"), world.calendar, world.traits
    n = world.shape.customers
    rated = rng.random(n) < _RATED_SHARE
    offset = rng.integers(0, _RATED_EVERY_DAYS, n)
    times = np.arange((calendar.end - calendar.start) // _RATED_EVERY_DAYS + 1)
    day = (calendar.start + offset[:, None] + times * _RATED_EVERY_DAYS).astype(np.int32)
    who, column = np.nonzero(rated[:, None] & (day <= calendar.end - 3) & (day >= traits.signed_up[:, None]))
    rated_on = day[who, column]
    noise = 7 * rng.standard_normal(len(who))
    score = np.clip(52 - 11 * world.strain.value(who, calendar.month_of(rated_on) - 1) + noise, 1, 100)
    columns = {
        "customer_id": identifiers("C", who, 6),
        "agency": same("BUREAU", len(who)),
        "rated_on": days(rated_on),
        "grade": choice(np.searchsorted(GRADE_BOUNDS, score, side="right"), GRADES),
        "score": rate(np.rint(score * 10).astype(np.int64) * 100_000),
    }
    return shaped(RATINGS, columns, _noon(rated_on + rng.integers(0, 4, len(who), dtype=np.int32)))


def credit_events_table(world: World, phases: list[Phase]) -> pa.Table:
    """Insolvencies, known 1 to 14 days later, and write-offs, known the same day."""
    rng = world.stream("credit events")
    who = np.concatenate([phase.episode.customer for phase in phases] * 2)
    insolvent = np.concatenate([phase.episode.insolvent for phase in phases])
    day = np.concatenate([insolvent, *(phase.episode.written_off for phase in phases)])
    kind = (np.arange(len(day)) >= len(insolvent)).astype(np.int8)
    known_on = day + np.where(kind == 0, rng.integers(1, 15, len(day)), 0).astype(np.int32)
    rows = np.flatnonzero((day < NEVER) & (known_on <= world.calendar.end))
    rows = rows[np.argsort(day[rows], kind="stable")]
    nothing = np.ones(len(rows), bool)
    columns = {
        "customer_id": identifiers("C", who[rows], 6),
        "kind": choice(kind[rows], _EVENT_KINDS),
        "happened_on": days(day[rows]),
        "amount": money(np.zeros(len(rows), np.int64), nothing),
        "currency": same(world.shape.currency, len(rows)),
    }
    return shaped(CREDIT_EVENTS, columns, _noon(known_on[rows]))


def limits_table(world: World) -> pa.Table:
    """Limits in force, reviewed yearly; a review ends the limit before it by a further version of that row."""
    rng, calendar, traits = world.stream("limits"), world.calendar, world.traits
    n = world.shape.customers
    has_limit = rng.random(n) >= _WITHOUT_LIMIT_SHARE
    begins = np.maximum(traits.signed_up, calendar.start).astype(np.int32)
    reviews = (calendar.end - calendar.start) // 365 + 1
    valid_from = begins[:, None] + (365 * np.arange(reviews + 1)).astype(np.int32)
    monthly = traits.volume * np.exp(traits.log_amount + 0.22)
    need = monthly * (TERMS[traits.terms] / 30 + 1) * rng.uniform(1.5, 4.0, n)
    change = np.exp(np.cumsum(0.2 * rng.standard_normal((n, reviews + 1)), axis=1))
    amount = np.ceil(need[:, None] * change / 1_000) * 1_000
    who, review = np.nonzero(has_limit[:, None] & (valid_from <= calendar.end))
    next_from = valid_from[who, np.minimum(review + 1, reviews)]
    ended = (next_from <= calendar.end) & (review < reviews)
    return _limits(world, who, valid_from[who, review], _cents(amount[who, review]), next_from, ended)


def _limits(world: World, who: Indices, valid_from: Days, cents: Cents, next_from: Days, ended: Flags) -> pa.Table:
    """Each limit as it was set, and again as it was ended."""
    at = np.concatenate([np.arange(len(who)), np.flatnonzero(ended)])
    is_set = np.arange(len(at)) < len(who)
    columns = {
        "customer_id": identifiers("C", who[at], 6),
        "valid_from_on": days(valid_from[at]),
        "valid_to_on": days(np.where(is_set, NEVER, next_from[at] - 1).astype(np.int32)),
        "amount": money(cents[at]),
        "currency": same(world.shape.currency, len(at)),
    }
    return shaped(LIMITS, columns, _noon(np.where(is_set, valid_from[at], next_from[at]).astype(np.int32)))
