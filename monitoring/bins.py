"""Counting rows into the bins of the reference, with missing as a bin of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.sketch import Sketch

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Histogram:
    """Rows of one column per bin.

    Bin i holds the values in ``(edges[i - 1], edges[i]]``; the first and the last are open to infinity.
    """

    edges: Floats
    """Inner edges, increasing, shape (n_bins - 1,)."""
    counts: Floats
    """Rows per bin, shape (n_bins,), missing left out."""
    missing: float
    """Rows without a value."""

    @property
    def rows(self) -> float:
        """All rows, with those that lack the value."""
        return float(self.counts.sum()) + self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def all_counts(self) -> Floats:
        """Rows per bin with missing as the last one, shape (n_bins + 1,)."""
        return np.append(self.counts, self.missing)


def from_sketch(sketch: Sketch) -> Histogram:
    """The histogram that a release's sketch holds.

    A column that was constant at training has no edges. Here it gets one on either side of its value, so that
    any other value shows as a bin of its own.

    Example:
        >>> from_sketch(Sketch(edges=(), counts=(40,), missing=0, low=0.0, high=0.0)).counts.tolist()
        [0.0, 40.0, 0.0]
    """
    counts = np.asarray(sketch.counts, dtype=np.float64)
    if sketch.low is not None and sketch.low == sketch.high:
        edges = np.array([np.nextafter(sketch.low, -np.inf), sketch.low])
        return Histogram(edges=edges, counts=np.array([0.0, counts.sum(), 0.0]), missing=float(sketch.missing))
    return Histogram(edges=np.asarray(sketch.edges), counts=counts, missing=float(sketch.missing))


def codes(edges: Floats, values: Floats) -> Codes:
    """Bin of each row, shape (n,); rows without a value get the bin after the last, ``len(edges) + 1``.

    Example:
        >>> codes(np.array([10.0, 20.0]), np.array([10.0, 10.1, 99.0, np.nan])).tolist()
        [0, 1, 2, 3]
    """
    placed = np.searchsorted(edges, values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, placed)


def histogram(edges: Floats, values: Floats) -> Histogram:
    """Count a column into bins.

    Example:
        >>> histogram(np.array([10.0, 20.0]), np.array([3.0, 10.0, 99.0, np.nan])).all_counts.tolist()
        [2.0, 0.0, 1.0, 1.0]
    """
    counts = np.bincount(codes(edges, values), minlength=len(edges) + 2).astype(np.float64)
    return Histogram(edges=edges, counts=counts[:-1], missing=float(counts[-1]))


def merged_bins(together: Floats, smallest: float) -> Codes:
    """Which bins to compare as one, so that none rests on a handful of rows.

    Neighbouring bins are joined from the left until they hold ``smallest`` rows; a short remainder joins the
    bin before it. Missing stays a bin of its own whatever its size: it has no neighbours. It is left out only
    where no row lacks the value.

    Args:
        together: Rows of reference and current together per bin, missing last, shape (n_bins + 1,).
        smallest: Rows a bin must hold, reference and current together.

    Returns:
        For each bin the number of the bin it becomes, shape (n_bins + 1,); -1 for a missing bin without rows.

    Example:
        >>> merged_bins(np.array([3.0, 4.0, 50.0, 2.0, 1.0]), smallest=5).tolist()
        [0, 0, 1, 1, 2]
    """
    values, missing = together[:-1], together[-1]
    groups = np.zeros(len(values), dtype=np.intp)
    group, held = 0, 0.0
    for place, count in enumerate(values):
        if held >= smallest:
            group, held = group + 1, 0.0
        groups[place] = group
        held += count
    if held < smallest and group > 0:
        groups[groups == group] = group - 1
    has_values = values.sum() > 0
    last = int(groups.max()) + 1 if has_values else 0
    return np.append(groups if has_values else np.full(len(values), -1), last if missing else -1)


def regroup(counts: Floats, groups: Codes) -> Floats:
    """Add up the bins that are compared as one, shape (n_groups,).

    Example:
        >>> regroup(np.array([3.0, 4.0, 50.0, 0.0]), np.array([0, 0, 1, -1])).tolist()
        [7.0, 50.0]
    """
    kept = groups >= 0
    return np.bincount(groups[kept], weights=counts[kept]).astype(np.float64)
