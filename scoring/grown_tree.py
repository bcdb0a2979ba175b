"""A tree as LightGBM wrote it down: its splits, its leaves, and how many cases passed each."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

CATEGORICAL: Final = 1
"""Bit of ``decision_type`` that says a split is by category."""
DEFAULT_LEFT: Final = 2
"""Bit that says where a missing value goes."""

NEAR_ZERO: Final = 1.0000000180025095e-35
"""LightGBM takes any value up to this size for 0 before it compares it; its own thresholds around 0 are this one."""


class Missing(IntEnum):
    """What a split does with a value that is not known."""

    AS_ZERO = 0
    LEFT = 1
    RIGHT = 2


class TreeNotReadError(ValueError):
    """A tree has something that is not read here.

    Attributes:
        what: What it has.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"only trees of numeric splits and constant leaves are read, got {what}; let LightGBM read it")


@dataclass(frozen=True)
class GrownTree:
    """One tree of s splits and s + 1 leaves; a node is the number of a split, or ~number of a leaf.

    Attributes:
        feature: Feature of each split, as its place among the model's columns.
        threshold: A value goes left of a threshold that it does not exceed.
        missing: Where a missing value goes.
        left: Node on the left of each split.
        right: Node on the right.
        cases: Training cases that passed each split.
        leaf_value: Log-odds that each leaf adds.
        leaf_cases: Training cases in each leaf.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    missing: tuple[Missing, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    cases: tuple[int, ...]
    leaf_value: tuple[float, ...]
    leaf_cases: tuple[int, ...]

    def share(self, parent: int, child: int) -> float:
        """Share of the cases at a split that went on to one of its sides, in [0, 1]."""
        return (self.cases[child] if child >= 0 else self.leaf_cases[~child]) / self.cases[parent]

    def expected(self) -> float:
        """Mean log-odds that the tree adds over the cases it was grown on."""
        if not self.feature:
            return self.leaf_value[0]
        shares = [cases / self.cases[0] for cases in self.leaf_cases]
        return sum(share * value for share, value in zip(shares, self.leaf_value, strict=True))


def grown_trees(text: str) -> Iterator[GrownTree]:
    """The trees of a LightGBM model text, in order.

    Raises:
        TreeNotReadError: A tree has categorical splits, linear leaves, or takes zero for missing, or the model averages
            its trees instead of adding them.
    """
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    if "\naverage_output" in head:
        raise TreeNotReadError("a model that averages its trees")
    for block in blocks:
        yield _tree(dict(line.split("=", 1) for line in block.splitlines() if "=" in line))


def _tree(lines: Mapping[str, str]) -> GrownTree:
    if lines.get("num_cat", "0") != "0":
        raise TreeNotReadError("a split by category")
    if lines.get("is_linear", "0") != "0":
        raise TreeNotReadError("linear leaves")
    return GrownTree(
        feature=_whole(lines, "split_feature"),
        threshold=tuple(map(_threshold, _decimal(lines, "threshold"))),
        missing=tuple(_missing(kind) for kind in _whole(lines, "decision_type")),
        left=_whole(lines, "left_child"),
        right=_whole(lines, "right_child"),
        cases=_whole(lines, "internal_count"),
        leaf_value=_decimal(lines, "leaf_value"),
        leaf_cases=_whole(lines, "leaf_count"),
    )


def _threshold(value: float) -> float:
    """The threshold that treats a value as LightGBM does, which takes tiny ones for 0.

    Example:
        >>> [_threshold(value) for value in (0.5, 0.0, -NEAR_ZERO)]
        [0.5, 1.0000000180025095e-35, -1.0000000180025096e-35]
    """
    if abs(value) > NEAR_ZERO:
        return value
    return NEAR_ZERO if value >= 0 else math.nextafter(-NEAR_ZERO, -math.inf)


def _missing(kind: int) -> Missing:
    """What bits 2 and 3 of a ``decision_type`` say: 0 no value was missing at training, 1 zero is, 2 NaN is."""
    if kind & CATEGORICAL:
        raise TreeNotReadError("a split by category")
    if kind >> 2 == 0:
        return Missing.AS_ZERO
    if kind >> 2 == 1:
        raise TreeNotReadError("zero taken for missing")
    return Missing.LEFT if kind & DEFAULT_LEFT else Missing.RIGHT


def _whole(lines: Mapping[str, str], name: str) -> tuple[int, ...]:
    return tuple(map(int, lines.get(name, "").split()))


def _decimal(lines: Mapping[str, str], name: str) -> tuple[float, ...]:
    return tuple(map(float, lines.get(name, "").split()))
