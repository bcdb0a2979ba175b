"""Did a column move since training, and is that more than chance at this sample size?"""

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.bins import Codes, Histogram, codes, histogram, merged_bins, regroup
from monitoring.clusters import design_effect
from monitoring.psi import formula_critical, surprise

Floats = NDArray[np.float64]
Kind = Literal["feature", "score", "ageing"]


@dataclass(frozen=True)
class Thresholds:
    """What counts as drift. Every number here is printed with the verdict."""

    watch_rate: float = 0.05
    """Chance that a stable book is called anything but OK, at most."""
    alert_rate: float = 0.01
    """Chance that a stable book is called ALERT, at most."""
    watch_psi: float = 0.02
    """Drift below this PSI is real but too small to act on; matters for large books only."""
    alert_psi: float = 0.10
    watch_missing: float = 0.02
    """Change in the share of missing values, below which it is too small to act on."""
    alert_missing: float = 0.05
    minimum_rows: int = 30
    """Independent rows needed on each side for a verdict at all."""
    smallest_bin: int = 5
    """Rows that a bin must hold, reference and current together; smaller neighbours are merged."""
    draws: int = 20_000
    """Draws of the null distribution per column, at least."""
    seed: int = 7


@dataclass(frozen=True)
class ColumnDrift:
    """One column: how far it moved, and what a stable one would have shown."""

    name: str
    kind: Kind
    reference_rows: float
    """Independent rows of the reference: its rows divided by their design effect."""
    current_rows: float
    bins: int
    """Bins compared, after merging, missing included."""
    bins_merged: int
    """Bins that were joined to a neighbour because too few rows lay in them."""
    psi: float
    critical: float
    """PSI that a stable column exceeds in one of 100 samples of these sizes."""
    formula: float
    """The same by the large-sample formula (1/n + 1/m) * chi2."""
    p_value: float
    missing_reference: float
    missing_current: float
    missing_p_value: float | None
    """None where neither side lacks a value."""
    higher: float
    """Chance that a random current value lies above a random reference value, in [0, 1]; 0.5 = no shift."""
    edges: tuple[float, ...]
    """Inner edges of the bins before merging; bin i is (edges[i - 1], edges[i]]."""
    reference_shares: tuple[float, ...]
    """Share of rows per bin before merging, missing last; sums to 1."""
    current_shares: tuple[float, ...]

    @property
    def band(self) -> str:
        """The customary band of this PSI, shown beside the verdict and never used for it."""
        return "below 0.1" if self.psi < 0.1 else "0.1 to 0.25" if self.psi < 0.25 else "above 0.25"

    @property
    def missing_change(self) -> float:
        """Change in the share of missing values, in [-1, 1]."""
        return self.missing_current - self.missing_reference


def column_drift(
    name: str,
    reference: Histogram,
    values: Floats,
    *,
    thresholds: Thresholds,
    kind: Kind = "feature",
    reference_effect: float = 1.0,
    customers: Codes | None = None,
) -> ColumnDrift:
    """Compare one column with its histogram at training.

    Args:
        name: Name of the column; also seeds its draws, so that a column's result does not depend on the others.
        reference: Rows per bin at training, at least one row.
        values: Current values, shape (m,), m >= 1; NaN is missing.
        thresholds: What counts as drift.
        kind: Feature, score, or a feature that grows with the age of the book.
        reference_effect: Design effect of the reference, >= 1 (see ``monitoring.clusters``).
        customers: Customer of each current row as a number from 0, shape (m,); None: rows are independent.
    """
    current = histogram(reference.edges, values)
    placed = codes(reference.edges, values)
    effect = 1.0 if customers is None else design_effect(placed, customers)
    groups = merged_bins(reference.all_counts + current.all_counts, thresholds.smallest_bin)
    before = regroup(reference.all_counts, groups) / reference_effect
    after = regroup(current.all_counts, groups) / effect
    found = surprise(before, after, draws=thresholds.draws, rng=_draws_of(name, thresholds.seed))
    lacking = None if customers is None else (placed == len(reference.edges) + 1).astype(np.intp)
    missing_effect = effect if lacking is None or customers is None else design_effect(lacking, customers)
    return ColumnDrift(
        name=name,
        kind=kind,
        reference_rows=reference.rows / reference_effect,
        current_rows=current.rows / effect,
        bins=len(before),
        bins_merged=int((reference.all_counts + current.all_counts > 0).sum()) - len(before),
        psi=found.psi,
        critical=found.critical,
        formula=formula_critical(before.sum(), after.sum(), len(before)),
        p_value=found.p_value,
        missing_reference=reference.missing_share,
        missing_current=current.missing_share,
        missing_p_value=_missing_p_value(reference, current, reference_effect, missing_effect),
        higher=_higher(reference.counts, current.counts),
        edges=tuple(reference.edges.tolist()),
        reference_shares=tuple((reference.all_counts / reference.rows).tolist()),
        current_shares=tuple((current.all_counts / current.rows).tolist()),
    )


def adjusted(p_values: Floats) -> Floats:
    """Benjamini-Hochberg adjusted p-values: the false-discovery rate at which each would just be reported.

    If nothing drifts, the chance that any of them falls below alpha is at most alpha, for independent columns
    and for positively dependent ones.

    Args:
        p_values: In (0, 1], shape (k,).

    Returns:
        Adjusted values in the order given, shape (k,), each at least its p-value, at most 1.

    Source:
        Benjamini and Hochberg (JRSS B 1995); Benjamini and Yekutieli (Annals of Statistics 2001) on dependence.

    Example:
        >>> adjusted(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    if not len(p_values):
        return p_values
    order = np.argsort(p_values)
    scaled = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    result = np.empty_like(p_values)
    result[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return result


def _missing_p_value(
    reference: Histogram, current: Histogram, reference_effect: float, current_effect: float
) -> float | None:
    """Fisher's exact test of equal missing rates, on the number of independent rows."""
    if reference.missing + current.missing == 0:
        return None
    table = [
        [round(side.missing / effect), round((side.rows - side.missing) / effect)]
        for side, effect in ((reference, reference_effect), (current, current_effect))
    ]
    return float(stats.fisher_exact(table).pvalue)


def _higher(reference: Floats, current: Floats) -> float:
    """P(current > reference) + P(equal) / 2, counting values of one bin as equal."""
    if not reference.sum() or not current.sum():
        return 0.5
    expected, actual = reference / reference.sum(), current / current.sum()
    below = np.cumsum(expected) - expected
    return float((actual * (below + expected / 2)).sum())


def _draws_of(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
