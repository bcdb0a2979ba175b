"""What a feature or score looked like at training, in a few numbers: the reference of every drift figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS: Final = 10
# Fewer rows than this make no bin of their own: their share would move by chance alone.
LEAST_ROWS: Final = 5
LEAST_SHARE: Final = 0.005


class Counts(NamedTuple):
    """How values fall into the bins of a sketch.

    Attributes:
        bins: Rows per bin, shape (n_bins,), int64.
        missing: Rows without a value.
        outside: Rows below the lowest or above the highest value of the sketch; they are counted in ``bins`` too.
    """

    bins: NDArray[np.int64]
    missing: int
    outside: int

    @property
    def n(self) -> int:
        """All rows, those without a value included."""
        return int(self.bins.sum()) + self.missing


@dataclass(frozen=True)
class Sketch:
    """Bins that held about equally many training rows, and how many each held.

    Attributes:
        edges: Rising inner edges; bin i is (edges[i-1], edges[i]], the first and last are open-ended.
        counts: Training rows per bin, len(edges) + 1 of them, each at least 1 unless no value was known.
        missing: Training rows without a value.
        low: Lowest training value; ``None`` when no value was known.
        high: Highest training value; ``None`` when no value was known.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.edges) + 1:
            raise ValueError(f"{len(self.edges)} edges make {len(self.edges) + 1} bins, got {len(self.counts)} counts")
        if not all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"edges must rise, got {self.edges}")
        if min(*self.counts, self.missing) < 0:
            raise ValueError("counts must not be negative")

    @property
    def n(self) -> int:
        """Training rows, those without a value included."""
        return sum(self.counts) + self.missing

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "edges": list(self.edges),
            "counts": list(self.counts),
            "missing": self.missing,
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Sketch":
        """Read back what ``to_dict`` wrote."""
        return cls(
            edges=tuple(float(edge) for edge in value["edges"]),
            counts=tuple(int(count) for count in value["counts"]),
            missing=int(value["missing"]),
            low=_optional(value["low"]),
            high=_optional(value["high"]),
        )


def sketch_of(values: ArrayLike, *, bins: int = BINS) -> Sketch:
    """Sketch of n values.

    A value that alone fills a bin's share of the rows, such as 0 in a count, gets a bin of its own.

    Args:
        values: Shape (n,); NaN or ``None`` where not known.
        bins: Bins wanted, at least 2; where values are frequent the result is a few more or fewer.

    Returns:
        The sketch; its n is the number of values given.

    Raises:
        ValueError: A value is infinite.

    Example:
        >>> sketch = sketch_of([0] * 60 + list(range(1, 31)) + [None], bins=3)
        >>> sketch.edges, sketch.counts, sketch.missing
        ((0.0,), (60, 30), 1)
    """
    if bins < 2:
        raise ValueError(f"a sketch needs at least 2 bins, got {bins}")
    array = _floats(values)
    known = array[~np.isnan(array)]
    if len(known) == 0:
        return Sketch((), (0,), len(array), None, None)
    edges = _edges(known, bins)
    return Sketch(
        edges=tuple(edges.tolist()),
        counts=tuple(_binned(edges, known).tolist()),
        missing=len(array) - len(known),
        low=float(known.min()),
        high=float(known.max()),
    )


def counts(sketch: Sketch, values: ArrayLike) -> Counts:
    """How many of n values fall into each bin of the sketch.

    Args:
        sketch: Gives the bins.
        values: Shape (n,); NaN or ``None`` where not known.

    Example:
        >>> reference = sketch_of([0] * 6 + [1, 2, 3, 4, 5, 6], bins=2)
        >>> now = counts(reference, [0, 7, None])
        >>> now.bins.tolist(), now.missing, now.outside
        ([1, 1], 1, 1)
    """
    array = _floats(values)
    known = array[~np.isnan(array)]
    outside = 0
    if sketch.low is not None and sketch.high is not None:
        outside = int(((known < sketch.low) | (known > sketch.high)).sum())
    return Counts(_binned(np.array(sketch.edges), known), len(array) - len(known), outside)


def sketches_of(columns: Mapping[str, ArrayLike], names: Sequence[str] | None = None) -> dict[str, Sketch]:
    """A sketch per column, of ``names`` or all, in that order."""
    return {name: sketch_of(columns[name]) for name in (columns if names is None else names)}


def _edges(known: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    distinct, rows = np.unique(known, return_counts=True)
    frequent = rows * bins >= len(known)
    edges: list[float] = []
    for start, stop in _stretches(rows, frequent, least=max(LEAST_ROWS, LEAST_SHARE * len(known))):
        if not frequent[start:stop].any():
            edges += _split(distinct[start:stop], rows[start:stop], round(rows[start:stop].sum() * bins / len(known)))
        if stop < len(distinct):
            last, following = float(distinct[stop - 1]), float(distinct[stop])
            edges.append(last if frequent[stop - 1] else _between(last, following))
    return np.array(edges)


def _between(last: float, following: float) -> float:
    """Halfway, so that a value that comes close to a frequent one tomorrow joins the nearer side.

    Between neighbours among the floats there is no halfway: the lower one parts them.
    """
    middle = last / 2 + following / 2
    return middle if middle < following else last


def _stretches(rows: NDArray[np.int64], frequent: NDArray[np.bool_], least: float) -> list[tuple[int, int]]:
    """Index ranges over the distinct values: each frequent one alone, the others between them together."""
    starts = np.flatnonzero(np.concatenate([[True], frequent[1:] | frequent[:-1]])).tolist()
    stretches: list[tuple[int, int]] = []
    begin = 0
    for stop in [*starts[1:], len(rows)]:
        if rows[begin:stop].sum() >= least:
            stretches.append((begin, stop))
            begin = stop
    if begin < len(rows):
        begin = stretches.pop()[0] if stretches else 0
        stretches.append((begin, len(rows)))
    return stretches


def _split(distinct: NDArray[np.float64], rows: NDArray[np.int64], parts: int) -> list[float]:
    """Inner edges that cut a stretch into about ``parts`` equally filled bins."""
    wanted = rows.sum() * np.arange(1, parts) / max(parts, 1)
    where = np.unique(np.searchsorted(np.cumsum(rows), wanted, side="left"))
    edges: list[float] = distinct[where[where < len(distinct) - 1]].tolist()
    return edges


def _binned(edges: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.int64]:
    where = np.searchsorted(edges, known, side="left")
    return np.bincount(where, minlength=len(edges) + 1).astype(np.int64)


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"a sketch is of one column, got shape {array.shape}")
    if np.isinf(array).any():
        raise ValueError("a sketch needs finite values; a value that is not known is null")
    return array


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
