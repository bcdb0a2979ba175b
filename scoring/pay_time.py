"""When an invoice will be paid: the whole distribution of its delay, from a discrete-time hazard.

The delay is the day of settlement less the due date, in days, negative when early. It falls into cells; the hazard of
a cell is the probability that an invoice still unpaid at its start is settled within it. One gradient-boosted model
states the hazards of all cells, with the cell among its inputs, so that an invoice that is still open teaches by the
cells it has outlived.

Source:
    Discrete-time hazards with censoring: Singer, Willett (1993), Journal of Educational Statistics 18(2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scoring.calibration import bounded, sigmoid
from scoring.canonical import canonical_json

Floats = NDArray[np.float64]

STARTS: Final = (-60, -30, -14, -7, -3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 45, 60, 90, 180)
"""First delay of each cell, days; a cell ends where the next begins, the last one at ``END``."""
END: Final = 366
"""First delay that is outside: an invoice unpaid for a year after its due date counts as not paid."""
SPEC_FILE: Final = "pay_time.json"
TRIMS: Final = 12
"""So many days an interval may lose at its ends."""
LEVEL: Final = 0.8
"""Share of the invoices not paid on the due date that an interval of their delays is to hold."""
COMMON: Final = 0.05
"""`PayTimeSpec.common` where it was not learnt, a declared value. Bank regulation takes 0.03 to 0.24 for the defaults
of firms and households (CRR Art. 153 and 154)."""
CELL: Final = "delay_cell"
TO_DUE: Final = "days_to_due"


class PayTimeSpec(BaseModel):
    """Everything about a time-to-pay model but its trees; written as ``pay_time.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_names: tuple[str, ...] = Field(min_length=1, description="Facts it reads, before its own two columns.")
    starts: tuple[int, ...] = Field(min_length=2, description="First delay of each cell, days, rising.")
    end: int = Field(description="First delay after the last cell.")
    within: tuple[tuple[float, ...], ...] = Field(description="Share of each delay within its cell; sums to 1.")
    known_at: str = Field(description="Day at whose end settlements were known, ISO.")
    cases: int = Field(ge=1, description="Invoices, and days of open invoices, that it has learnt from.")
    seeds: tuple[int, ...] = Field(min_length=1)
    common: float = Field(
        default=COMMON,
        ge=0.0,
        lt=1.0,
        description="Share of the variance of payment times that all invoices due in one week have in common.",
    )
    level: float = Field(
        default=LEVEL,
        gt=0.0,
        lt=1.0,
        description="Level at which the stated delays' interval holds 80 % of the invoices not paid on the due date.",
    )
    widened: float = Field(
        default=1.0,
        ge=1.0,
        allow_inf_nan=False,
        description="How many times as wide as drawn futures the 80 % interval of a week's cash has to be.",
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        widths = np.diff([*self.starts, self.end])
        if (widths <= 0).any():
            raise ValueError(f"cells must rise to the end, got {self.starts} and {self.end}")
        if [len(shares) for shares in self.within] != widths.tolist():
            raise ValueError("each cell needs one share per day")
        if not all(min(shares) >= 0 and abs(sum(shares) - 1) < 1e-9 for shares in self.within):
            raise ValueError("the shares of a cell's days must be probabilities that sum to 1")
        return self

    def to_json(self) -> bytes:
        """Canonical JSON: equal specs give equal bytes.

        What the past said (``common``, ``level``, ``widened``) is left out where it is as by default, so that the bytes
        of a spec written before there was such a thing stay the same.
        """
        return canonical_json(self.model_dump(exclude=self._as_by_default()))

    def _as_by_default(self) -> set[str]:
        optional = {name: field.default for name, field in type(self).model_fields.items() if not field.is_required()}
        return {name for name, default in optional.items() if getattr(self, name) == default}

    @classmethod
    def from_json(cls, text: bytes | str) -> "PayTimeSpec":
        """Read back what ``to_json`` wrote."""
        return cls.model_validate_json(text)

    @property
    def days(self) -> NDArray[np.int64]:
        """Every delay that has a probability of its own, shape (d,)."""
        return np.arange(self.starts[0], self.end)

    @property
    def cell_of_day(self) -> NDArray[np.int64]:
        """Place of the cell of each of ``days``, shape (d,)."""
        return np.repeat(np.arange(len(self.starts)), np.diff([*self.starts, self.end]))

    @property
    def share_of_day(self) -> Floats:
        """Share of each of ``days`` in its cell, shape (d,)."""
        return np.concatenate([np.array(shares, dtype=np.float64) for shares in self.within])


@dataclass(frozen=True)
class PayTimes:
    """The delays of n invoices, as probabilities.

    Attributes:
        days: Shape (d,), delays in days, rising.
        mass: Shape (n, d), probability of each delay; a row sums to at most 1, the rest is "not within a year".
        level: Level whose interval holds ``LEVEL`` of what comes: more where the past was wider than was stated.
    """

    days: NDArray[np.int64]
    mass: Floats
    level: float = LEVEL

    @property
    def never(self) -> Floats:
        """Probability that an invoice is not paid within a year of its due date, shape (n,)."""
        return _share(1.0 - self.mass.sum(axis=1))

    def late_prob(self, grace: int) -> Floats:
        """Probability of a delay of ``grace`` days or more, never paid included, shape (n,), in [0, 1].

        Example:
            >>> times = PayTimes(np.array([-1, 0, 1, 5]), np.array([[0.1, 0.6, 0.1, 0.15]]))
            >>> times.late_prob(1).round(6).tolist(), times.late_prob(5).round(6).tolist()
            ([0.3], [0.2])
        """
        return _share(1.0 - self.mass[:, self.days < grace].sum(axis=1))

    def expected(self) -> Floats:
        """Mean delay of those that pay within the year, shape (n,), days.

        Example:
            >>> PayTimes(np.array([0, 10]), np.array([[0.5, 0.25]])).expected().round(6).tolist()
            [3.333333]
        """
        paid = self.mass.sum(axis=1)
        found: Floats = np.full(len(paid), np.nan)
        np.divide(self.mass @ self.days, paid, out=found, where=paid > 0)
        return found

    def quantile(self, share: float) -> NDArray[np.int64]:
        """Earliest delay by which at least this share has paid, shape (n,), days; one past the last if none.

        Args:
            share: In (0, 1).

        Example:
            >>> times = PayTimes(np.array([-1, 0, 1, 5]), np.array([[0.1, 0.6, 0.1, 0.15]]))
            >>> [int(times.quantile(share)[0]) for share in (0.1, 0.5, 0.9, 0.99)]
            [-1, 0, 5, 6]
        """
        reached = np.cumsum(self.mass, axis=1) >= share - 1e-12
        places = np.where(reached.any(axis=1), reached.argmax(axis=1), len(self.days))
        return np.append(self.days, self.days[-1] + 1)[places]

    def not_on(self, day: int) -> "PayTimes":
        """The distribution of those that do not pay with this delay: what is left, made whole again.

        Most invoices are paid on their very due date; what a reader wants to know is how far off the others are.
        """
        left = np.where(self.days == day, 0.0, self.mass)
        rest = 1.0 - self.mass[:, self.days == day].sum(axis=1, keepdims=True)
        return replace(self, mass=np.divide(left, rest, out=np.zeros_like(left), where=rest > 1e-12))

    def interval(self, level: float | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Delays between which a share lies of the invoices that are not paid on the due date itself.

        Args:
            level: Share of the stated distribution inside, in (0, 1); None for the 80 % interval, which is taken at
                ``self.level``.

        Returns:
            Lower and upper delay, shape (n,) each, days.

        Raises:
            ValueError: ``days`` has gaps.
        """
        if (np.diff(self.days) != 1).any():
            raise ValueError("an interval needs the probability of every day; give the days without gaps")
        inside = self.level if level is None else level
        others, tail = self.not_on(0), (1 - inside) / 2
        return others._trimmed(others.quantile(tail), others.quantile(1 - tail), inside)

    def _trimmed(
        self, low: NDArray[np.int64], high: NDArray[np.int64], level: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The interval less the days at its ends without which it comes nearer to its level.

        A day carries a lump of probability: an interval that holds at least its share holds more than it says.
        """
        first, row = self.days[0], np.arange(len(low))
        lumps = np.column_stack([self.mass, self.never])  # never is the day after the last
        by_end = np.column_stack([np.zeros(len(low)), np.cumsum(lumps, axis=1)])
        # "Never" is no date to plan by: it goes first, where enough is left without it.
        open_end = (high > self.days[-1]) & (by_end[row, -2] - by_end[row, low - first] >= level)
        high = np.where(open_end, self.days[-1], high)
        for _ in range(TRIMS):
            inside = by_end[row, high - first + 1] - by_end[row, low - first]
            ends = np.column_stack([lumps[row, low - first], lumps[row, high - first]])
            off = np.abs(inside[:, None] - ends - level)
            better = (off.min(axis=1) < np.abs(inside - level)) & (low < high)
            low = np.where(better & (off[:, 0] <= off[:, 1]), low + 1, low)
            high = np.where(better & (off[:, 0] > off[:, 1]), high - 1, high)
        return low, high

    def with_late_prob(self, late_prob: Floats, grace: int) -> "PayTimes":
        """The same shape on either side of a grace, with another probability of being late beyond it.

        Args:
            late_prob: Probability of a delay of ``grace`` days or more, shape (n,), in [0, 1].
            grace: Days of grace.

        Returns:
            Delays whose ``late_prob(grace)`` is the one given, where they have mass on both sides.
        """
        now, wanted = bounded(self.late_prob(grace)), bounded(late_prob)
        late = self.days >= grace
        scale = np.where(late, (wanted / now)[:, None], ((1 - wanted) / (1 - now))[:, None])
        return replace(self, mass=self.mass * scale)


@dataclass(frozen=True)
class PayTimeText:
    """A time-to-pay model as files.

    Attributes:
        spec: What it is.
        texts: LightGBM model text per seed.
    """

    spec: PayTimeSpec
    texts: tuple[str, ...]

    def model(self, *, threads: int = 1) -> "PayTimeModel":
        """The model, ready to score; LightGBM parses the texts here."""
        return PayTimeModel.from_text(self.spec, self.texts, threads=threads)

    def contents(self) -> dict[str, bytes]:
        """Name of each file to its content; equal models give equal bytes."""
        texts = {f"pay_time_{place}.txt": text.encode() for place, text in enumerate(self.texts)}
        return {SPEC_FILE: self.spec.to_json(), **texts}

    @classmethod
    def from_contents(cls, contents: Mapping[str, bytes]) -> "PayTimeText | None":
        """Read back what ``contents`` gave; None where there is no time-to-pay model.

        Raises:
            ValueError: Its spec cannot be read, or a text is missing.
        """
        if SPEC_FILE not in contents:
            return None
        spec = PayTimeSpec.from_json(contents[SPEC_FILE])
        names = [f"pay_time_{place}.txt" for place in range(len(spec.seeds))]
        missing = [name for name in names if name not in contents]
        if missing:
            raise ValueError(f"the time-to-pay model lacks {', '.join(missing)}")
        return cls(spec, tuple(contents[name].decode() for name in names))


@dataclass(frozen=True)
class PayTimeModel:
    """A time-to-pay model, ready to score.

    Attributes:
        spec: What it is.
        boosters: One per seed, averaged in log-odds of the hazard.
        threads: Threads of one call.
    """

    spec: PayTimeSpec
    boosters: tuple[lgb.Booster, ...]
    threads: int = 1

    def __post_init__(self) -> None:
        expected = (*self.spec.feature_names, TO_DUE, CELL)
        if any(tuple(booster.feature_name()) != expected for booster in self.boosters):
            raise ValueError("a booster of the time-to-pay model has other features than its spec")

    @classmethod
    def from_text(cls, spec: PayTimeSpec, texts: Sequence[str], *, threads: int = 1) -> "PayTimeModel":
        """Build from LightGBM model texts; only pass texts whose hash was checked."""
        return cls(spec, tuple(lgb.Booster(model_str=text) for text in texts), threads)

    def texts(self) -> tuple[str, ...]:
        """The LightGBM model text of each booster."""
        return tuple(booster.model_to_string() for booster in self.boosters)

    def hazards(self, matrix: Floats, to_due: Floats) -> Floats:
        """Probability of settlement within each cell, given unpaid at its start.

        Args:
            matrix: Facts in the order of ``spec.feature_names``, shape (n, k), NaN where not known.
            to_due: Days from the day of scoring to the due date, shape (n,); negative when past due.

        Returns:
            Shape (n, cells), in [1e-9, 1 - 1e-9].
        """
        rows = periods(matrix, to_due, len(self.spec.starts))
        raw = [_raw(booster, rows, self.threads) for booster in self.boosters]
        mean = np.add.reduce(raw) / len(raw)
        return bounded(sigmoid(mean)).reshape(len(matrix), len(self.spec.starts))

    def pay_times(self, matrix: Floats, to_due: Floats) -> PayTimes:
        """The delays of n invoices that are unpaid at the start of the day of scoring.

        Args:
            matrix: Facts, shape (n, k).
            to_due: Days from the day of scoring to the due date, shape (n,). A delay before the day of scoring
                has no probability.
        """
        spec = self.spec
        hazards = self.hazards(matrix, to_due)
        ahead = spec.days[None, :] >= -np.asarray(to_due)[:, None]
        open_share = _shares_ahead(spec, ahead)
        # A cell that has begun is judged by the part of it that is still ahead.
        alive = hazards * open_share / np.clip(1 - hazards * (1 - open_share), 1e-12, None)
        begins = np.cumprod(np.column_stack([np.ones(len(matrix)), 1 - alive[:, :-1]]), axis=1)
        per_cell = begins * alive
        share = np.where(ahead, spec.share_of_day, 0.0)
        within = np.divide(
            share, open_share[:, spec.cell_of_day], out=np.zeros_like(share), where=open_share[:, spec.cell_of_day] > 0
        )
        return PayTimes(spec.days, per_cell[:, spec.cell_of_day] * within, spec.level)


def periods(matrix: Floats, to_due: Floats, cells: int) -> Floats:
    """Each case once per cell, with the days to the due date and the cell as last columns.

    Returns:
        Shape (n * cells, k + 2), case after case.
    """
    n = len(matrix)
    own = np.column_stack([matrix, np.asarray(to_due, dtype=np.float64)])
    return np.column_stack([np.repeat(own, cells, axis=0), np.tile(np.arange(cells, dtype=np.float64), n)])


def _share(value: Floats) -> Floats:
    """The value, held within [0, 1] against rounding."""
    found: Floats = np.clip(value, 0.0, 1.0)
    return found


def _raw(booster: lgb.Booster, rows: Floats, threads: int) -> Floats:
    found: Any = booster.predict(rows, raw_score=True, num_threads=threads)
    return np.asarray(found, dtype=np.float64)


def _shares_ahead(spec: PayTimeSpec, ahead: NDArray[np.bool_]) -> Floats:
    """Share of each cell that is still ahead, shape (n, cells)."""
    edges = np.array(spec.starts) - spec.starts[0]
    found: Floats = np.add.reduceat(np.where(ahead, spec.share_of_day, 0.0), edges, axis=1)
    return found
