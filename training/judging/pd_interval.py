"""The interval of a probability of default, learnt from past customers that a model had not seen."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaincinv

from features.thin_file import NEW_UNTIL, SETTLED_NEEDED
from scoring.pd_interval import THICKNESS, FileBand, PdInterval, file_places, log_odds
from training.arrays import Flags, Floats, Places
from training.cases.dataset import Dataset

LEVEL: Final = 0.9
BANDS: Final = (("thin", 0.0, 0.0), ("short", float(SETTLED_NEEDED), float(NEW_UNTIL)), ("full", 12.0, 365.0))
"""Name, least invoices settled in 365 days, least days since the first: a thin file, a short one, a full one."""
NEAR: Final = math.log(2)
"""Odds from half to double those of a customer make another one comparable: about a grade on either side."""
STEP: Final = NEAR / 2
"""Largest distance of two knots, in log-odds."""
OUTERMOST: Final = 0.005
"""Share of the cases beyond the first knot, and beyond the last one."""
THICKER_COUNTS: Final = 0.1
"""What a comparable customer with a thicker file counts: it says something of a thin one, but not much."""
PLACES: Final = 6
PRIOR: Final = 0.5
"""Jeffreys' prior is Beta(1/2, 1/2)."""


def pd_interval(cases: Dataset, stated: Floats, *, level: float = LEVEL) -> PdInterval | None:
    """Learn how far the rate of comparable customers may lie from a stated probability.

    Around each of some probabilities the cases with odds from half to double are taken, and of them those with as thin
    a file or a thinner one; a customer with a thicker file counts a tenth (a power prior). Their rate has a Beta
    posterior under Jeffreys' prior. Its weight is the number of customers, not of cases: a customer that is seen on
    twenty dates is one, so that what hangs together is not counted twenty times. As the cases' stated
    probabilities differ from the knot's, it is the distance from their mean, in log-odds, that is kept.

    Ends rise with the probability: what is known of worse customers bounds better ones, as far as the model ranks
    them rightly. No interval leaves out the stated probability, and none of a thinner file is the narrower one.

    Args:
        cases: Past cases that the model had not seen, with their outcomes.
        stated: Its calibrated probability of each, shape (n,), in [0, 1].
        level: Posterior probability of the interval, in (0, 1).

    Returns:
        The interval; None without a case, or where the cases do not tell how thick a file is.

    Source:
        Brown, Cai, DasGupta, Interval estimation for a binomial proportion (2001), for Jeffreys' interval; Ibrahim,
        Chen, Power prior distributions for regression models (2000); Pluto and Tasche (2005) for the use of the order.
    """
    if not len(cases) or not set(THICKNESS) <= set(cases.columns):
        return None
    past = _past(cases, stated)
    knots = _knots(past.at)
    found = [[_around(knot, past, band, level) for knot in knots] for band in range(len(BANDS))]
    lows, highs = _nested(knots, *(np.array([[ends[side] for ends in row] for row in found]) for side in (0, 1)))
    return PdInterval(
        level=level,
        knots=tuple(knots.tolist()),
        bands=tuple(
            FileBand(
                name=name,
                settled=settled,
                tenure_days=days,
                low=tuple(lows[row].tolist()),
                high=tuple(highs[row].tolist()),
                customers=tuple(round(ends[2], 1) for ends in found[row]),
            )
            for row, (name, settled, days) in enumerate(BANDS)
        ),
    )


@dataclass(frozen=True)
class _Past:
    """What became of past cases, shape (n,) each: whose they are, what had been stated, and the band of their files."""

    whose: Places
    bad: Flags
    stated: Floats
    at: Floats
    band: Places


def _past(cases: Dataset, stated: Floats) -> _Past:
    band = file_places([band[1:] for band in BANDS], *(cases.columns[name] for name in THICKNESS))
    _, whose = np.unique(cases.customer_ids, return_inverse=True)  # numbers are told apart far faster than names
    return _Past(whose, cases.bad, stated, log_odds(stated), band)


def _knots(at: Floats) -> Floats:
    low, high = np.quantile(at, [OUTERMOST, 1 - OUTERMOST])
    return np.unique(np.linspace(low, high, math.ceil((high - low) / STEP) + 1).round(PLACES))


@dataclass(frozen=True)
class _Seen:
    """Comparable customers: how many, at what rate they defaulted, and what had been stated of them."""

    customers: float
    rate: float
    stated: float


def _around(knot: float, past: _Past, band: int, level: float) -> tuple[float, float, float]:
    """Both ends at a knot for a band, in log-odds, and the customers that they rest on."""
    near = np.abs(past.at - knot) <= NEAR
    parts = _parts(past.whose, near & (past.band <= band), near & (past.band > band))
    seen = [_seen(past.bad[part], past.stated[part], weight) for part, weight in parts]
    customers = math.fsum(part.customers for part in seen)
    if not customers:
        low, high = _posterior(0.0, 0.0, level)
        return low, high, 0.0
    bad = math.fsum(part.customers * part.rate for part in seen)
    mean = math.fsum(part.customers * part.stated for part in seen) / customers
    shift = knot - float(log_odds(np.array([mean]))[0])
    low, high = _posterior(bad, customers - bad, level)
    return low + shift, high + shift, customers


def _parts(whose: Places, alike: Flags, thicker: Flags) -> Iterator[tuple[Flags, float]]:
    """Cases with the customers that they count for; a customer that was seen with both kinds of file counts once."""
    own = np.unique(whose[alike])
    rest = np.setdiff1d(whose[thicker], own)
    if len(own):
        yield alike, float(len(own))
    if len(rest):
        yield thicker & np.isin(whose, rest), THICKER_COUNTS * len(rest)


def _seen(bad: Flags, stated: Floats, customers: float) -> _Seen:
    return _Seen(customers, float(bad.mean()), float(stated.mean()))


def _posterior(bad: float, good: float, level: float) -> tuple[float, float]:
    """Equal-tailed ends of the rate's posterior, in log-odds."""
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    low, high = log_odds(np.asarray(betaincinv(bad + PRIOR, good + PRIOR, tails), dtype=np.float64))
    return float(low), float(high)


def _nested(knots: Floats, lows: Floats, highs: Floats) -> tuple[Floats, Floats]:
    """Ends, shape (bands, knots), that rise with the probability, widen for thinner files and hold their knot."""
    highs = np.minimum.accumulate(highs[:, ::-1], axis=1)[:, ::-1]
    lows = np.maximum.accumulate(lows, axis=1)
    highs = np.maximum.accumulate(highs[::-1], axis=0)[::-1]
    lows = np.minimum.accumulate(lows[::-1], axis=0)[::-1]
    return np.minimum(lows, knots).round(PLACES), np.maximum(highs, knots).round(PLACES)
