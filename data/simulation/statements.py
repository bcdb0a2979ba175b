"""Annual statements: balance sheets and accounts that add up, and in which strain and distress show."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import STATEMENTS
from data.simulation.columns import (
    Cents,
    Days,
    Flags,
    Floats,
    Indices,
    counts,
    days,
    flags,
    identifiers,
    money,
    noon,
    shaped,
    whole_cents,
)
from data.simulation.episodes import Phase, lies_between
from data.simulation.world import World

_PUBLISHING_SHARES: Final = np.array([0.35, 0.8, 0.95])
_AUDITED_SHARES: Final = np.array([0.15, 0.7, 1.0])
_CLOSING_MONTHS: Final = np.array([11, 5, 2])
_KNOWN_FROM_DAYS: Final = {"ledger": 90, "full": 120}
_KNOWN_UNTIL_DAYS: Final = 183
_RESTATED_SHARE: Final = 0.02
_SHORT_PERIOD_SHARE: Final = 0.01
_SELDOM_STATED: Final = frozenset({"intangible_assets", "retained_earnings", "ebit", "operating_cash_flow"})
_TAX: Final = 0.3


@dataclass(frozen=True)
class Periods:
    """Periods of which statements are known by the end, each column of shape (statements,).

    Attributes:
        who: Position of the customer.
        month: Month in which the period ends.
        year_end: Balance sheet date.
        known: Day on which the statement is known.
    """

    who: Indices
    month: Indices
    year_end: Days
    known: Days


def statements_table(world: World, phases: list[Phase]) -> pa.Table:
    """Yearly statements, known 3 to 6 months after the balance sheet date (4 to 6 with the detail ``full``).

    With the detail ``full`` one in fifty is restated within the year, less equity and more debt, as a further version.
    """
    rng, more = world.stream("statements"), world.stream("accounts")
    periods = _periods(rng, world)
    who, n = periods.who, len(periods.who)
    figures = _figures(rng, 12 * world.traits.revenue[who], world.strain.value(who, periods.month))
    fallen = lies_between(phases, who, periods.year_end, "distress", "cured")
    is_short = (more.random(n) < _SHORT_PERIOD_SHARE) & world.shape.is_full
    months = np.where(is_short, 6, 12)
    figures = _accounts(more, figures, fallen, months / 12)
    gaps = {name: _gaps(rng if name in _FIRST else more, name, n) for name in figures}
    audited = more.random(n) < _AUDITED_SHARES[world.traits.size[who]]
    restated, again_on = _restatements(more, world, periods.known)
    at = np.concatenate([np.arange(n), restated])
    cents = _with_restated({name: whole_cents(amount) for name, amount in figures.items()}, restated)
    columns = {
        "customer_id": identifiers("C", who[at], 6),
        "fiscal_year_end_on": days(periods.year_end[at]),
        "currency": world.currency(who[at]),
        **{name: money(amount, gaps[name][at]) for name, amount in cents.items()},
        "period_months": counts(months[at], ~is_short[at]),
        "is_audited": flags(audited[at]),
    }
    return shaped(STATEMENTS, columns, noon(np.concatenate([periods.known, again_on])))


def _periods(rng: np.random.Generator, world: World) -> Periods:
    """Who publishes, and when: most close their books with the calendar year."""
    calendar, traits = world.calendar, world.traits
    publishes = (rng.random(world.shape.customers) < _PUBLISHING_SHARES[traits.size]) & ~traits.is_person
    closing_month = rng.choice(_CLOSING_MONTHS, world.shape.customers, p=[0.8, 0.12, 0.08])
    who, month = np.nonzero(publishes[:, None] & (closing_month[:, None] == calendar.month_of_year))
    year_end = calendar.firsts[month + 1] - np.int32(1)
    known = year_end + rng.integers(_KNOWN_FROM_DAYS[world.shape.detail], _KNOWN_UNTIL_DAYS, len(who), dtype=np.int32)
    kept = (known <= calendar.end) & (known >= traits.signed_up[who])
    return Periods(who[kept], month[kept], year_end[kept], known[kept])


def _restatements(rng: np.random.Generator, world: World, known: Days) -> tuple[Indices, Days]:
    """Rows that are stated again, and when that is known."""
    chosen = (rng.random(len(known)) < _RESTATED_SHARE) & world.shape.is_full
    again_on = known + rng.integers(30, 200, len(known), dtype=np.int32)
    rows = np.flatnonzero(chosen & (again_on <= world.calendar.end))
    return rows, again_on[rows]


_FIRST: Final = (
    "total_assets",
    "current_assets",
    "current_liabilities",
    "total_liabilities",
    "retained_earnings",
    "equity",
    "intangible_assets",
    "revenue",
    "ebit",
    "net_income",
)
"""Figures of which the gaps are drawn first, in this order."""


def _gaps(rng: np.random.Generator, name: str, rows: int) -> Flags:
    """Which figures a statement lacks: small companies publish less."""
    return rng.random(rows) < (0.1 if name in _SELDOM_STATED else 0.01)


def _figures(rng: np.random.Generator, yearly: Floats, strain: Floats) -> dict[str, Floats]:
    """What a balance sheet is about, for twelve months; equity, liquidity and earnings fall with strain."""
    n = len(yearly)
    revenue = yearly * np.exp(-0.06 * strain + 0.05 * rng.standard_normal(n))
    assets = revenue * rng.uniform(0.5, 1.2, n)
    equity = assets * np.clip(0.35 - 0.07 * strain + 0.1 * rng.standard_normal(n), -0.3, 0.9)
    current_assets = assets * rng.uniform(0.35, 0.7, n)
    liquidity = np.clip(1.6 - 0.2 * strain + 0.2 * rng.standard_normal(n), 0.4, 4.0)
    ebit = revenue * (0.06 - 0.02 * strain + 0.03 * rng.standard_normal(n))
    return {
        "total_assets": assets,
        "current_assets": current_assets,
        "current_liabilities": np.minimum(current_assets / liquidity, assets - equity),
        "total_liabilities": assets - equity,
        "retained_earnings": equity * rng.uniform(0.3, 0.8, n),
        "equity": equity,
        "intangible_assets": assets * rng.uniform(0.0, 0.12, n),
        "revenue": revenue,
        "ebit": ebit,
    }


def _accounts(rng: np.random.Generator, figures: dict[str, Floats], fallen: Flags, years: Floats) -> dict[str, Floats]:
    """All the figures, those of a customer that has stopped paying marked by it.

    Assets are equity and liabilities; cash, receivables and inventories are current assets; payables are short-term,
    and financial debt is part of the other liabilities; the flows are those of the period, in years.
    """
    n = len(fallen)
    lost = np.where(fallen, 0.2, 0.0) * figures["total_assets"]
    liabilities, equity = figures["total_liabilities"] + lost, figures["equity"] - lost
    short = np.minimum(figures["current_liabilities"] + lost, liabilities)
    cash_share = rng.beta(2.0, 8.0, n) * np.where(fallen, 0.1, 1.0)
    stock_share = rng.uniform(0.2, 0.6, n) * (1 - cash_share)
    claims_share = (1 - cash_share - stock_share) * rng.uniform(0.85, 1.0, n)
    payables = short * rng.uniform(0.35, 0.75, n)
    debt = (liabilities - payables) * rng.uniform(0.4, 0.9, n)
    ebit = (figures["ebit"] - lost) * years
    interest = debt * rng.uniform(0.03, 0.07, n) * years
    income = ebit - interest
    income = np.where(income > 0, (1 - _TAX) * income, income)
    depreciation = figures["total_assets"] * rng.uniform(0.02, 0.06, n) * years
    revenue = figures["revenue"] * years
    return {
        **figures,
        "total_liabilities": liabilities,
        "current_liabilities": short,
        "equity": equity,
        "retained_earnings": figures["retained_earnings"] - lost,
        "revenue": revenue,
        "ebit": ebit,
        "net_income": income,
        "cash": cash_share * figures["current_assets"],
        "inventories": stock_share * figures["current_assets"],
        "receivables": claims_share * figures["current_assets"],
        "payables": payables,
        "financial_debt": debt,
        "cost_of_sales": revenue * rng.uniform(0.55, 0.85, n),
        "depreciation": depreciation,
        "interest_expense": interest,
        "operating_cash_flow": income + depreciation + 0.03 * revenue * rng.standard_normal(n) - 0.5 * lost * years,
    }


def _with_restated(cents: dict[str, Cents], rows: Indices) -> dict[str, Cents]:
    """The figures in cents and, after them, some of them again: a twentieth of the assets is debt and not equity.

    Equity is what assets leave beyond liabilities to the cent.
    """
    moved = cents["total_assets"][rows] // 20
    change = {"retained_earnings": -moved, "total_liabilities": moved, "financial_debt": moved}
    both = {name: np.concatenate([amount, amount[rows] + change.get(name, 0)]) for name, amount in cents.items()}
    return {**both, "equity": both["total_assets"] - both["total_liabilities"]}
