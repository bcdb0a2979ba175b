"""The reasons of many scores at once, as codes: what ``scoring.reasons`` tells of one, without the sentences."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.model import ModelSpec
from scoring.reason_texts import GROUP_SENTENCES, sentences
from scoring.reasons import LEAST, MOST, PLACES, follows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]

KNOWN: Final = 0
MISSING: Final = 1
GENERAL: Final = 2
_NEVER: Final = -np.inf


@dataclass(frozen=True)
class Coded:
    """Reasons of n scores, the weightiest first; beyond the last of a row stands nothing.

    Attributes:
        codes: Shape (n, 4), text, None where there is no reason.
        log_odds: Shape (n, 4), by how much each exceeds the training population's mean, > 0; NaN where there is none.
    """

    codes: NDArray[np.object_]
    log_odds: Floats


@dataclass(frozen=True)
class _Members:
    """The features of a reason group, in the order of their names.

    Attributes:
        group: The group.
        places: Their places among the model's columns.
        codes: Where the codes of each begin in the list of all codes.
    """

    group: str
    places: Numbers
    codes: Numbers


class ReasonCodes:
    """Finds the reasons that ``scoring.reasons.reasons`` finds, for a matrix of rows.

    A group's total is summed in another order than there, so that it may differ in the last bit.
    """

    def __init__(self, spec: ModelSpec) -> None:
        names = spec.feature_names
        self._baseline = np.array([spec.baseline[name] for name in names])
        self._sides = [_side(spec, place) for place in range(len(names))]
        self._codes = np.array([code for name in names for code in _codes(name, spec.groups[name])], dtype=np.object_)
        self._groups = [_members(spec, group) for group in sorted(set(spec.groups.values()))]

    def of(self, rows: Floats, contributions: Floats) -> Coded:
        """The reasons of scores.

        Args:
            rows: Shape (n, k), what was scored, NaN where a value is not known.
            contributions: Shape (n, k + 1), its row of ``ReleasedModel.contributions``.
        """
        excess = contributions[:, :-1] - self._baseline
        totals = np.column_stack([_summed(excess, members.places) for members in self._groups])
        # Groups stand in the order of their names, and a stable sort leaves those of equal weight so.
        order = np.argsort(-np.round(totals, PLACES), axis=1, kind="stable")[:, :MOST]
        chosen = np.column_stack([self._chosen(members, rows, excess) for members in self._groups])
        weights, cited = (np.take_along_axis(found, order, axis=1) for found in (totals, chosen))
        speaks, width = weights > LEAST, order.shape[1]
        codes, log_odds = np.full((len(rows), MOST), None, dtype=np.object_), np.full((len(rows), MOST), np.nan)
        codes[:, :width][speaks] = self._codes[cited[speaks]]
        log_odds[:, :width][speaks] = weights[speaks]
        return Coded(codes, log_odds)

    def _chosen(self, members: _Members, rows: Floats, excess: Floats) -> Numbers:
        """Place of the code that speaks for a group in each row, shape (n,), among all codes."""
        weights = np.round(excess[:, members.places], PLACES)
        first = weights.argmax(axis=1)
        everyone = np.arange(len(rows))
        weighing = excess[:, members.places] > LEAST
        weighing[everyone, first] |= ~weighing.any(axis=1)
        sides = np.column_stack([self._sides[place].of(rows[:, place]) for place in members.places])
        adverse, neutral = weighing & (sides == 1), weighing & (sides == 0)
        told = np.where(adverse.any(axis=1)[:, None], adverse, neutral)
        cited = np.where(told, weights, _NEVER).argmax(axis=1)
        absent = np.isnan(rows[everyone, members.places[cited]])
        codes = members.codes[cited] + np.where(absent, MISSING, KNOWN)
        return np.asarray(np.where(told.any(axis=1), codes, members.codes[first] + GENERAL), dtype=np.intp)


@dataclass(frozen=True)
class _Side:
    """On which side of what a feature speaks against a customer; see ``scoring.reasons.side_of_risk``."""

    declared: int
    direction: int
    typical: float | None
    follows: bool

    def of(self, values: Floats) -> NDArray[np.int8]:
        """+1, -1 or 0 of each value, shape (n,)."""
        if not self.follows:
            found = np.where(np.isnan(values), 0, -1).astype(np.int8)
        elif self.direction == 0 or self.typical is None:
            found = np.zeros(len(values), dtype=np.int8)
        else:
            beyond = self.direction * (values - self.typical) > 0
            found = np.where(np.isnan(values), 0, np.where(beyond, 1, -1)).astype(np.int8)
        if self.declared == 1:
            found[values <= 0] = -1
        return found


def _side(spec: ModelSpec, place: int) -> _Side:
    name, declared = spec.feature_names[place], spec.monotone[place]
    return _Side(declared, declared or spec.tendency.get(name, 0), spec.typical.get(name), follows(spec, name))


def _members(spec: ModelSpec, group: str) -> _Members:
    named = sorted((name, place) for place, name in enumerate(spec.feature_names) if spec.groups[name] == group)
    places = np.array([place for _, place in named], dtype=np.intp)
    return _Members(group, places, 3 * places)


def _codes(feature: str, group: str) -> tuple[str, str, str]:
    """Codes of a feature: with a value, without one, and of its group as a whole."""
    prefix, _ = GROUP_SENTENCES[group]
    general = f"{prefix}-00"
    sentence = _controlled_list().get(feature)
    if sentence is None:
        return general, general, general
    return f"{prefix}-{sentence.number}", f"{prefix}-{sentence.number}-MISSING", general


_controlled_list = cache(sentences)


def _summed(excess: Floats, places: Numbers) -> Floats:
    """Sum over some columns, one after the other: the same bits for a row alone and in a batch."""
    total = np.zeros(len(excess))
    for place in places:
        total += excess[:, place]
    return total
