"""Binning a feature by its outcomes: few bins, each with enough cases, the evidence rising where risk must rise.

Everything is decided by counts, and every tie by the lower value, so that equal cases in any order give equal bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy import stats

from training.arrays import Flags, Floats

PLACES: Final = 9
"""Decimal places of a weight of evidence: enough for any use, and the same on every platform."""


class OneOutcomeError(ValueError):
    """The cases hold one outcome only, so that nothing tells good from bad.

    Attributes:
        cases: Number of cases.
    """

    def __init__(self, cases: int) -> None:
        self.cases = cases
        super().__init__(f"{cases} training cases hold one outcome only; a scorecard needs good and bad ones.")


@dataclass(frozen=True)
class Rules:
    """What a bin must be.

    Attributes:
        least_share: Share of the cases that a bin of known values must hold, in (0, 0.5].
        least_of_each: Good cases and bad cases that it must hold, at least 1.
        most_bins: Most bins of known values, at least 1.
        finest: Bins of about equal numbers that merging starts from, not fewer than ``most_bins``.

    Raises:
        ValueError: A rule is out of its range.
    """

    least_share: float = 0.05
    least_of_each: int = 5
    most_bins: int = 6
    finest: int = 20

    def __post_init__(self) -> None:
        if not 0 < self.least_share <= 0.5 or self.least_of_each < 1 or not 1 <= self.most_bins <= self.finest:
            raise ValueError(
                "binning needs a least share in (0, 0.5], at least 1 of each outcome, and 1 <= most_bins <= finest; "
                f"got {self.least_share}, {self.least_of_each}, {self.most_bins} and {self.finest}"
            )


@dataclass(frozen=True)
class Binned:
    """A feature in bins; counts and evidence end with the bin of missing values.

    Attributes:
        edges: Rising inner edges, m of them; bin i is (edges[i-1], edges[i]].
        cases: Cases per bin, m + 2 of them.
        bad: Bad cases per bin.
        woe: Weight of evidence per bin, ln(share of the good / share of the bad), smoothed.
        information: Information value, sum of (share of the good - share of the bad) x evidence, ≥ 0 but for smoothing.
        chance: Information value that a feature which says nothing exceeds once in a hundred, at these bins.
    """

    edges: tuple[float, ...]
    cases: tuple[int, ...]
    bad: tuple[int, ...]
    woe: tuple[float, ...]
    information: float
    chance: float


@dataclass(frozen=True)
class Totals:
    """Good and bad cases in all, both above 0."""

    good: int
    bad: int

    @property
    def rarer(self) -> int:
        """Cases of the rarer outcome."""
        return min(self.good, self.bad)

    def evidence(self, good: float, bad: float, *, extra: float = 0.5) -> float:
        """Weight of evidence of a bin to which average cases are added, ``extra`` of them of the rarer outcome.

        Half a case keeps an empty cell finite and pulls the bin towards 0, never past it.

        Example:
            >>> totals = Totals(good=90, bad=10)
            >>> round(totals.evidence(45, 1, extra=0.0), 4)  # half of the good, a tenth of the bad: ln 5
            1.6094
            >>> round(totals.evidence(45, 1), 4)  # ln((45/90 + 0.5/10) / (1/10 + 0.5/10))
            1.2993
            >>> totals.evidence(0, 0)
            0.0
        """
        added = extra / self.rarer
        return round(float(np.log((good / self.good + added) / (bad / self.bad + added))), PLACES)


@dataclass
class _Bins:
    """Neighbouring bins of known values while they are merged: upper ends (the last one open) and counts."""

    uppers: list[float]
    good: list[int]
    bad: list[int]
    totals: Totals
    woe: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.woe = [self.totals.evidence(good, bad) for good, bad in zip(self.good, self.bad, strict=True)]

    def __len__(self) -> int:
        return len(self.uppers)

    def merge(self, place: int) -> None:
        """Put a bin and the one above it together."""
        self.uppers[place : place + 2] = [self.uppers[place + 1]]
        self.good[place : place + 2] = [self.good[place] + self.good[place + 1]]
        self.bad[place : place + 2] = [self.bad[place] + self.bad[place + 1]]
        self.woe[place : place + 2] = [self.totals.evidence(self.good[place], self.bad[place])]

    def nearer(self, place: int) -> int:
        """The lower one of the two to merge when this bin joins the neighbour whose evidence is nearer to its own."""
        if place == 0:
            return 0
        if place == len(self) - 1:
            return place - 1
        below, above = (abs(self.woe[place] - self.woe[place + step]) for step in (-1, 1))
        return place - 1 if below <= above else place

    def loss(self, place: int) -> float:
        """Information lost when a bin joins the one above."""
        good, bad = self.good[place : place + 2], self.bad[place : place + 2]
        apart = sum(_information(self.totals, g, b, w) for g, b, w in zip(good, bad, self.woe[place:], strict=False))
        joined = self.totals.evidence(sum(good), sum(bad))
        return round(apart - _information(self.totals, sum(good), sum(bad), joined), PLACES)


def binned(values: Floats, bad: Flags, direction: int, rules: Rules = Rules()) -> Binned:
    """Bin one feature.

    Bins of about equal numbers are merged until each holds enough cases and enough of each outcome, then by the least
    loss of information until they are few enough, then, where a direction is declared, wherever neighbours contradict
    it (pool adjacent violators). A bin of missing values that holds few cases is filled up with average ones.

    Args:
        values: Shape (n,), NaN where not known.
        bad: Whether each case turned out bad, shape (n,).
        direction: +1 the risk may only rise with the feature, -1 only fall, 0 free.
        rules: What a bin must be.

    Returns:
        The bins. With a direction of +1 the evidence falls strictly from bin to bin, with -1 it rises.

    Raises:
        OneOutcomeError: Only good or only bad cases.
        ValueError: Lengths differ, a value is infinite, or the direction is none.

    Example:
        >>> values = np.repeat([0.0, 1.0, 2.0, np.nan], 100)
        >>> bad = np.arange(400) % 100 < np.repeat([10, 30, 20, 15], 100)
        >>> found = binned(values, bad, direction=1)  # 2 is better than 1, which may not be: they are one bin
        >>> found.edges, found.cases, found.bad
        ((0.0,), (100, 200, 100), (10, 50, 15))
    """
    _check(values, bad, direction)
    totals = Totals(int((~bad).sum()), int(bad.sum()))
    known = ~np.isnan(values)
    # Adding 0 makes one zero of the two that floats have.
    bins = _finest(values[known] + 0.0, bad[known], totals, rules)
    _fill(bins, rules, len(values))
    while len(bins) > rules.most_bins:
        bins.merge(min(range(len(bins) - 1), key=lambda place: (bins.loss(place), place)))
    _pool(bins, direction)
    return _found(bins, int((~bad[~known]).sum()), int(bad[~known].sum()), rules)


def _check(values: Floats, bad: Flags, direction: int) -> None:
    if values.shape != bad.shape or values.ndim != 1:
        raise ValueError(f"a feature to bin needs one value per outcome, got shapes {values.shape} and {bad.shape}")
    if np.isinf(values).any():
        raise ValueError("a feature to bin holds an infinite value; a value that is not known is NaN")
    if direction not in (-1, 0, 1):
        raise ValueError(f"direction must be -1, 0 or +1, got {direction}")
    if bad.all() or not bad.any():
        raise OneOutcomeError(len(bad))


def _finest(values: Floats, bad: Flags, totals: Totals, rules: Rules) -> _Bins:
    """Bins of about equal numbers, each ending at a value that occurs; a frequent value ends a bin of its own."""
    ordered = np.sort(values)
    at = np.arange(1, rules.finest) * len(ordered) // rules.finest
    ends = np.unique(ordered[at]) if len(ordered) else np.empty(0)
    # A frequent value such as 0 is parted from those below it too.
    before = np.searchsorted(ordered, ends, side="left")
    edges = np.unique(np.concatenate([ends, ordered[before[before > 0] - 1]]))
    edges = edges[edges < ordered[-1]] if len(ordered) else edges
    places = np.searchsorted(edges, values, side="left")
    good_counts, bad_counts = (np.bincount(places[kind], minlength=len(edges) + 1) for kind in (~bad, bad))
    return _Bins([*edges.tolist(), np.inf], good_counts.tolist(), bad_counts.tolist(), totals)


def _fill(bins: _Bins, rules: Rules, n: int) -> None:
    """Merge until every bin holds enough cases, and enough of each outcome, or is the only one."""

    def fullness(place: int) -> float:
        good, bad = bins.good[place], bins.bad[place]
        return min((good + bad) / (rules.least_share * n), good / rules.least_of_each, bad / rules.least_of_each)

    while len(bins) > 1:
        emptiest = min(range(len(bins)), key=lambda place: (fullness(place), place))
        if fullness(emptiest) >= 1:
            return
        bins.merge(bins.nearer(emptiest))


def _pool(bins: _Bins, direction: int) -> None:
    """Merge neighbours whose evidence does not move against the risk, until none is left."""
    place = 0
    while direction and place < len(bins) - 1:
        if direction * (bins.woe[place + 1] - bins.woe[place]) < 0:
            place += 1
        else:
            bins.merge(place)
            place = max(place - 1, 0)


def _found(bins: _Bins, missing_good: int, missing_bad: int, rules: Rules) -> Binned:
    totals = bins.totals
    # What the missing ones would hold of the rarer outcome if they were average cases.
    missing = (missing_good + missing_bad) * totals.rarer / (totals.good + totals.bad)
    least = max(rules.least_share * totals.rarer, rules.least_of_each)
    woe = [*bins.woe, totals.evidence(missing_good, missing_bad, extra=max(0.5, least - missing))]
    good, bad = [*bins.good, missing_good], [*bins.bad, missing_bad]
    return Binned(
        edges=tuple(bins.uppers[:-1]),
        cases=tuple(g + b for g, b in zip(good, bad, strict=True)),
        bad=tuple(bad),
        woe=tuple(woe),
        information=_sum_of_information(totals, good, bad, woe),
        chance=_by_chance(totals, sum(g + b > 0 for g, b in zip(good, bad, strict=True))),
    )


def _by_chance(totals: Totals, bins: int) -> float:
    """The 99 % quantile where good and bad cases fall alike: (1/good + 1/bad) x chi-squared of bins - 1 degrees."""
    if bins < 2:
        return 0.0
    return round(float((1 / totals.good + 1 / totals.bad) * stats.chi2.isf(0.01, bins - 1)), PLACES)


def _sum_of_information(totals: Totals, good: Sequence[int], bad: Sequence[int], woe: Sequence[float]) -> float:
    return round(sum(_information(totals, *cell) for cell in zip(good, bad, woe, strict=True)), PLACES)


def _information(totals: Totals, good: int, bad: int, woe: float) -> float:
    return (good / totals.good - bad / totals.bad) * woe
