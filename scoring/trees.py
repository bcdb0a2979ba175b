"""LightGBM trees as a learner: one or more boosters of equal weight, averaged in log-odds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from scoring.grown_tree import TreeNotReadError
from scoring.tree_shap import TreeShap

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Several boosters (one per seed) averaged in log-odds, which keeps contributions exact.

    Attributes:
        boosters: One per seed, binary, all with the same features.

    Raises:
        ValueError: There is no booster, one is not binary, or they differ in their features.
    """

    boosters: tuple[lgb.Booster, ...]

    def __post_init__(self) -> None:
        if not self.boosters:
            raise ValueError("trees need at least one booster, got none; give one per seed")
        for number, booster in enumerate(self.boosters):
            if booster.num_model_per_iteration() != 1:
                raise ValueError(f"booster {number} is not a binary model")
            if tuple(booster.feature_name()) != self.feature_names:
                raise ValueError(f"booster {number} has other features than booster 0")

    @classmethod
    def from_text(cls, texts: Sequence[str]) -> "Trees":
        """Parse LightGBM model texts.

        LightGBM ends the process on some damaged texts: only pass texts whose hash was checked.
        """
        return cls(tuple(lgb.Booster(model_str=text) for text in texts))

    @property
    def form(self) -> Literal["trees", "scorecard"]:
        """``trees``."""
        return "trees"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns the boosters read, in order."""
        return tuple(self.boosters[0].feature_name())

    def log_odds(self, rows: Floats, *, threads: int) -> Floats:
        """Mean raw log-odds of the boosters, shape (n,)."""
        return _mean([_as_floats(b.predict(rows, raw_score=True, num_threads=threads)) for b in self.boosters])

    def contributions(self, rows: Floats, *, threads: int) -> Floats:
        """Mean TreeSHAP contributions, shape (n, k + 1), the expected value last.

        They come from tables made at the first call (``scoring.tree_shap``); from LightGBM, on so many threads, for
        trees that have none.
        """
        if self._tables is not None:
            return self._tables.contributions(rows)
        return _mean([_as_floats(b.predict(rows, pred_contrib=True, num_threads=threads)) for b in self.boosters])

    def cuts(self) -> Sequence[Floats]:
        """Split thresholds of each feature over all boosters, rising; a value goes left of a threshold it equals."""
        return self._cuts

    @cached_property
    def _tables(self) -> TreeShap | None:
        try:
            texts = [booster.model_to_string() for booster in self.boosters]
            return TreeShap.of_texts(texts, features=len(self.feature_names))
        except TreeNotReadError:
            return None

    @cached_property
    def _cuts(self) -> tuple[Floats, ...]:
        found: list[set[float]] = [set() for _ in self.feature_names]
        for booster in self.boosters:
            for feature, threshold in _splits(booster.model_to_string()):
                found[feature].add(threshold)
        return tuple(np.array(sorted(values)) for values in found)


def _splits(text: str) -> list[tuple[int, float]]:
    """Feature and threshold of every split in a model text; a tree of one leaf has none."""
    lines = text.splitlines()
    features = [line.partition("=")[2].split() for line in lines if line.startswith("split_feature=")]
    thresholds = [line.partition("=")[2].split() for line in lines if line.startswith("threshold=")]
    return [
        (int(feature), float(threshold))
        for pair in zip(features, thresholds, strict=True)
        for feature, threshold in zip(*pair, strict=True)
    ]


def _as_floats(prediction: object) -> Floats:
    return np.asarray(prediction, dtype=np.float64)


def _mean(parts: Sequence[Floats]) -> Floats:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total / len(parts)
