"""What would have to change for a better grade: the smallest change of what can be influenced, in words.

The search goes over the model's own thresholds, where alone its answer changes, so that it is exact: with the change
the grade is better, and with a step less of it, it is not. Only facts that a customer or the credit desk can influence
are looked at, and only where the model promises that less of them is never more risk.

A counterfactual speaks of the model: it is not a promise of a decision, which policy makes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import combinations
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.counterfactual_texts import AGES, BOUNDS, EMPTY_WHEN, LEVERS, ONE_STATE, WITHIN, Lever
from scoring.grades import Grade, MasterScale
from scoring.model import ReleasedModel
from scoring.quantity import Quantity

Floats = NDArray[np.float64]

ROUNDS: Final = 64
"""More halvings than any list of thresholds needs."""


@dataclass(frozen=True)
class Change:
    """One fact that would have to change.

    Attributes:
        code: Code from the controlled list.
        feature: The fact.
        before: Its value now.
        after: The value nearest to it, in steps of the lever, that suffices.
        sentence: The change in words.
    """

    code: str
    feature: str
    before: float
    after: float
    sentence: str


@dataclass(frozen=True)
class Counterfactual:
    """The smallest change that reaches a better grade.

    Attributes:
        changes: One or two, which are needed together.
        grade_before: Grade now.
        grade_after: Grade after the changes.
        probability_before: The model's probability now.
        probability_after: The same after the changes.
    """

    changes: tuple[Change, ...]
    grade_before: Grade
    grade_after: Grade
    probability_before: float
    probability_after: float


class Graded(Protocol):
    """What gives a customer a grade: one model, or several of which the worst grade counts."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The k columns of a row, in order."""

    @property
    def monotone(self) -> tuple[int, ...]:
        """+1 where more of a feature is never less risk, -1 where it is never more, 0 where nothing is promised."""

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The grades, from the best to the worst."""

    def cuts(self) -> Sequence[Floats]:
        """Per feature, the rising values at which the grade may change; it changes above a cut, not at it."""

    def probability(self, rows: Floats) -> Floats:
        """The probability that is graded, shape (n,), of rows (n, k)."""

    def places(self, rows: Floats) -> NDArray[np.intp]:
        """Place of the grade of each row, shape (n,), 0 for the best."""


@dataclass(frozen=True)
class OnScale:
    """One model, graded on a scale of its own probability.

    Attributes:
        model: The model.
        scale: Grades of the probability that it states.
    """

    model: ReleasedModel
    scale: MasterScale

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The model's columns."""
        return self.model.spec.feature_names

    @property
    def monotone(self) -> tuple[int, ...]:
        """The directions that the model keeps by the way it was made."""
        return self.model.spec.promised

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The scale's grades."""
        return self.scale.grades

    def cuts(self) -> Sequence[Floats]:
        """The model's thresholds."""
        return self.model.learner.cuts()

    def probability(self, rows: Floats) -> Floats:
        """The model's probability, shape (n,)."""
        return self.model.probability(rows)

    def places(self, rows: Floats) -> NDArray[np.intp]:
        """Place of its grade, shape (n,)."""
        return self.scale.places(self.model.probability(rows))


@dataclass(frozen=True)
class _Way:
    """Where one lever can go: values from nearest to furthest, every one just below or at a threshold."""

    lever: Lever
    before: float
    values: Floats

    def size(self, value: float) -> float:
        """How much of the way down to 0 this is, in (0, 1]."""
        return (self.before - value) / self.before


def counterfactual(
    model: ReleasedModel,
    row: Floats,
    scale: MasterScale,
    *,
    currency: str = "",
    levers: Sequence[Lever] = LEVERS,
) -> Counterfactual | None:
    """The smallest change that reaches a better grade by one model; see ``next_better``.

    Args:
        model: The model that scored.
        row: Shape (k,), the row of ``model.matrix`` that was scored.
        scale: Grades of the model's probability, whose name says its horizon.
        currency: ISO 4217 code of the amounts, for the sentences.
        levers: What can be influenced.
    """
    return next_better(OnScale(model, scale), row, currency=currency, levers=levers)


def next_better(
    graded: Graded, row: Floats, *, currency: str = "", levers: Sequence[Lever] = LEVERS
) -> Counterfactual | None:
    """The smallest change of one fact, or else of two, that reaches a better grade.

    Changes are compared by how much of the way from a value down to 0 they take, those of a pair added up. What else a
    change entails is changed with it: once nothing is overdue, no overdue fact is left above 0. All other facts stay.

    Args:
        graded: What gave the grade.
        row: Shape (k,), the row that was graded.
        currency: ISO 4217 code of the amounts, for the sentences.
        levers: What can be influenced.

    Returns:
        The change; None where the customer has the best grade already or no change of one or two facts suffices.

    Raises:
        ValueError: The row has another length than the model's.
    """
    if row.shape != (len(graded.feature_names),):
        raise ValueError(f"a counterfactual needs a row ({len(graded.feature_names)},), got {row.shape}")
    place = int(graded.places(row[None])[0])
    if place == 0:
        return None
    search = _Search(graded, row, place)
    ways = [way for lever in levers if (way := _way(graded, row, lever)) is not None]
    found = search.single(ways) or search.pair(ways)
    return None if found is None else _told(search, found, currency)


@dataclass(frozen=True)
class _Search:
    graded: Graded
    row: Floats
    place: int

    def changed(self, changes: Sequence[tuple[str, float]]) -> Floats:
        """The row after some changes and all that they entail."""
        values = dict(zip(self.graded.feature_names, self.row.tolist(), strict=True))
        after = entailed(values, dict(changes))
        return np.array([after[name] for name in self.graded.feature_names])

    def better(self, tries: Sequence[Sequence[tuple[str, float]]]) -> list[bool]:
        """Whether each set of changes reaches a better grade."""
        if not tries:
            return []
        rows = np.vstack([self.changed(changes) for changes in tries])
        return [bool(found) for found in self.graded.places(rows) < self.place]

    def single(self, ways: Sequence[_Way]) -> list[tuple[_Way, float]] | None:
        tries = [(way, value) for way in ways for value in way.values.tolist()]
        reached = self.better([[(way.lever.feature, value)] for way, value in tries])
        enough = [[tried] for tried, found in zip(tries, reached, strict=True) if found]
        return min(enough, key=_size, default=None)

    def pair(self, ways: Sequence[_Way]) -> list[tuple[_Way, float]] | None:
        """For each value of the one, the least of the other by halving: less is never worse, so the order is clear."""
        pairs = list(combinations(ways, 2))
        furthest = self.better([[(way.lever.feature, way.values[-1]) for way in pair] for pair in pairs])
        starts = [
            (one, value, other)
            for (one, other), found in zip(pairs, furthest, strict=True)
            if found
            for value in one.values.tolist()
        ]
        low, high = [0] * len(starts), [len(other.values) for _, _, other in starts]
        for _ in range(ROUNDS):
            open_ones = [i for i in range(len(starts)) if low[i] < high[i]]
            if not open_ones:
                break
            middle = {i: (low[i] + high[i]) // 2 for i in open_ones}
            reached = self.better(
                [
                    [(starts[i][0].lever.feature, starts[i][1]), (starts[i][2].lever.feature, starts[i][2].values[m])]
                    for i, m in middle.items()
                ]
            )
            for (i, m), found in zip(middle.items(), reached, strict=True):
                low[i], high[i] = (low[i], m) if found else (m + 1, high[i])
        enough = [
            [(one, value), (other, float(other.values[at]))]
            for (one, value, other), at in zip(starts, low, strict=True)
            if at < len(other.values)
        ]
        return min(enough, key=_size, default=None)


def entailed(values: Mapping[str, float], changes: Mapping[str, float]) -> dict[str, float]:
    """The facts after some changes, with what follows from them; no fact becomes worse, and none becomes known.

    Example:
        >>> entailed({"overdue_count": 2.0, "oldest_overdue_days": 40.0, "tenure_days": 9.0}, {"overdue_count": 0.0})
        {'overdue_count': 0.0, 'oldest_overdue_days': 0.0, 'tenure_days': 9.0}
        >>> entailed({"overdue5_count": 1.0, "oldest_overdue_days": 40.0}, {"oldest_overdue_days": 4.0})
        {'overdue5_count': 0.0, 'oldest_overdue_days': 4.0}
        >>> entailed({"worst_dpd_90d": 60.0, "oldest_overdue_days": 40.0}, {"worst_dpd_90d": 12.0})
        {'worst_dpd_90d': 12.0, 'oldest_overdue_days': 12.0}
    """
    after = {**values, **changes}
    for name, bound in changes.items():
        for part in BOUNDS.get(name, ()):
            _at_most(after, part, bound)
    oldest = after.get("oldest_overdue_days", math.nan)
    for name, days in EMPTY_WHEN.items():
        if oldest < days:
            _at_most(after, name, 0.0)
    for whole, parts in WITHIN.items():
        for part in parts:
            _at_most(after, part, after.get(whole, math.nan))
    if any(changes.get(name) == 0 for name in (*ONE_STATE, *AGES)):
        for name in (*ONE_STATE, *EMPTY_WHEN):
            _at_most(after, name, 0.0)
    return after


def _at_most(values: dict[str, float], name: str, bound: float) -> None:
    if name in values and values[name] > bound:
        values[name] = bound


def _way(graded: Graded, row: Floats, lever: Lever) -> _Way | None:
    """Where a lever can go; None where the model does not read it, promises nothing of it, or it cannot move."""
    names = graded.feature_names
    if lever.feature not in names or graded.monotone[names.index(lever.feature)] != 1:
        return None
    before = float(row[names.index(lever.feature)])
    if math.isnan(before):
        return None
    reached = {_down(cut, lever.step) for cut in _turns(graded, lever)}
    values = sorted((value for value in reached if 0 <= value < before), reverse=True)
    return _Way(lever, before, np.array(values)) if values else None


def _turns(graded: Graded, lever: Lever) -> list[float]:
    """Values at or below which the score may change with a lever: its own thresholds, and those of what it entails."""
    cuts = dict(zip(graded.feature_names, graded.cuts(), strict=True))
    parts = (*WITHIN.get(lever.feature, ()), *BOUNDS.get(lever.feature, ()))
    found = [cut for name in (lever.feature, *parts) if name in cuts for cut in cuts[name].tolist()]
    if lever.feature in AGES:
        found += [days - 1 for days in EMPTY_WHEN.values()]
    return [*found, 0.0] if lever.feature in (*ONE_STATE, *AGES) else found


def _down(cut: float, step: float) -> float:
    """The highest multiple of the step that is at most the cut."""
    exact = Decimal(str(step))
    return float((Decimal(cut) / exact).to_integral_value(ROUND_FLOOR) * exact)


def _size(changes: Sequence[tuple[_Way, float]]) -> float:
    return round(math.fsum(way.size(value) for way, value in changes), 9)


def _told(search: _Search, found: Sequence[tuple[_Way, float]], currency: str) -> Counterfactual:
    after = search.changed([(way.lever.feature, value) for way, value in found])
    rows, grades = np.vstack([search.row, after]), search.graded.grades
    probability, places = search.graded.probability(rows).tolist(), search.graded.places(rows)
    return Counterfactual(
        changes=tuple(_change(way, value, currency) for way, value in found),
        grade_before=grades[places[0]],
        grade_after=grades[places[1]],
        probability_before=probability[0],
        probability_after=probability[1],
    )


def _change(way: _Way, value: float, currency: str) -> Change:
    lever = way.lever
    words = {
        name: format(Quantity(amount, currency), lever.unit)
        for name, amount in (("before", way.before), ("after", value))
    }
    text = lever.sentence if value > 0 else lever.none
    return Change(lever.code, lever.feature, way.before, value, text.format(**words))
