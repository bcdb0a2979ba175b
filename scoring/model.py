"""A released model: what it is (``ModelSpec``) and how it scores (``ReleasedModel``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from features.catalogue import GROUPS
from scoring.calibration import Calibrator, sigmoid
from scoring.canonical import canonical_json

Floats = NDArray[np.float64]


class MissingFeaturesError(ValueError):
    """Columns that the model needs were not given.

    Attributes:
        model: Name of the model.
        missing: The absent features, in the model's order.
    """

    def __init__(self, model: str, missing: Sequence[str]) -> None:
        self.model = model
        self.missing = tuple(missing)
        super().__init__(
            f"model {model} needs {len(self.missing)} column(s) that were not given: {', '.join(self.missing)}. "
            "Give a column of nulls for a feature whose values are not known."
        )


class ModelSpec(BaseModel):
    """Everything about a model but its trees; written as ``model.json``.

    It holds no time of day and no run id: equal training data give equal bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="late-payment, default, default-60 …")
    target: str = Field(min_length=1, description="The label as defined: late(5), default(90, 180).")
    label: dict[str, JsonValue] = Field(description="kind, grace_days or dpd, horizon_days, materiality.")
    probability_name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="late_prob_5d, pd_180d: the horizon is part of the name."
    )
    feature_names: tuple[str, ...] = Field(min_length=1, description="Columns of the matrix, in order.")
    feature_set: str = Field(min_length=1, description="Name of the feature set the model was trained on.")
    feature_set_version: int = Field(ge=1)
    feature_set_hash: str = Field(min_length=1, description="Hash of the feature definitions at training.")
    monotone: tuple[int, ...] = Field(description="+1 the risk may only rise with the feature, -1 only fall, 0 free.")
    groups: dict[str, str] = Field(description="Reason group of each feature.")
    trained_as_of: date = Field(description="Last day whose cases the model saw.")
    known_at: date = Field(description="Day at whose end the labels were known.")
    train_rows: int = Field(ge=1)
    train_bad: int = Field(ge=0)
    base_rate: float = Field(ge=0, le=1, description="Share of bad cases in the training population.")
    baseline: dict[str, float] = Field(
        description="Mean contribution of each feature over the training population, in log-odds."
    )
    baseline_log_odds: float = Field(description="Mean raw log-odds of the training population.")
    parameters: dict[str, JsonValue] = Field(description="LightGBM parameters as given to it.")
    seeds: tuple[int, ...] = Field(min_length=1, description="One per booster.")
    lightgbm_version: str = Field(min_length=1)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = set(self.feature_names)
        if len(names) != len(self.feature_names):
            raise ValueError(f"model {self.name} names a feature twice")
        if len(self.monotone) != len(self.feature_names) or not set(self.monotone) <= {-1, 0, 1}:
            raise ValueError(f"model {self.name} needs one of -1, 0, +1 per feature in monotone")
        for what, keys in (("groups", set(self.groups)), ("baseline", set(self.baseline))):
            if keys != names:
                raise ValueError(f"{what} of model {self.name} must name each feature once; differs in {keys ^ names}")
        if not set(self.groups.values()) <= set(GROUPS):
            raise ValueError(
                f"model {self.name} has groups other than {', '.join(GROUPS)}: {set(self.groups.values())}"
            )
        if self.train_bad > self.train_rows:
            raise ValueError(f"model {self.name} states more bad cases than cases")
        return self

    def to_json(self) -> bytes:
        """Canonical JSON: equal specs give equal bytes."""
        return canonical_json(self.model_dump())

    @classmethod
    def from_json(cls, text: bytes | str) -> "ModelSpec":
        """Read back what ``to_json`` wrote; pydantic's ``ValidationError`` says what is wrong with it."""
        return cls.model_validate_json(text)

    @property
    def group_baseline(self) -> dict[str, float]:
        """Mean contribution of each reason group over the training population, in log-odds."""
        sums = dict.fromkeys(sorted(set(self.groups.values())), 0.0)
        for feature in self.feature_names:
            sums[self.groups[feature]] += self.baseline[feature]
        return sums


@dataclass(frozen=True)
class ReleasedModel:
    """A model ready to score: spec, one or more boosters of equal weight, and a calibrator.

    Several boosters (one per seed) are averaged in log-odds, which keeps contributions exact.
    All methods are safe to call from several threads.

    Attributes:
        spec: What the model is.
        boosters: One per seed.
        calibrator: Maps the boosters' probability to the calibrated one.
        threads: Threads of one call. 1 in a service, where more only get in each other's way; more for
            large batches. The result is the same, bit for bit.
    """

    spec: ModelSpec
    boosters: tuple[lgb.Booster, ...]
    calibrator: Calibrator
    threads: int = 1

    def __post_init__(self) -> None:
        if len(self.boosters) != len(self.spec.seeds):
            raise ValueError(
                f"model {self.spec.name} states {len(self.spec.seeds)} seed(s) but has {len(self.boosters)} booster(s)"
            )
        for number, booster in enumerate(self.boosters):
            if tuple(booster.feature_name()) != self.spec.feature_names:
                raise ValueError(f"booster {number} of model {self.spec.name} has other features than its spec")
            if booster.num_model_per_iteration() != 1:
                raise ValueError(f"booster {number} of model {self.spec.name} is not a binary model")

    @classmethod
    def from_text(
        cls, spec: ModelSpec, texts: Sequence[str], calibrator: Calibrator, *, threads: int = 1
    ) -> "ReleasedModel":
        """Build from LightGBM model texts.

        LightGBM ends the process on some damaged texts: only pass texts whose hash was checked.
        """
        return cls(spec, tuple(lgb.Booster(model_str=text) for text in texts), calibrator, threads)

    def texts(self) -> tuple[str, ...]:
        """The LightGBM model text of each booster."""
        return tuple(booster.model_to_string() for booster in self.boosters)

    def matrix(self, columns: Mapping[str, ArrayLike]) -> Floats:
        """Order the columns for this model.

        Args:
            columns: Feature name to n values; nulls as ``None`` or NaN. Columns it does not know are left out.

        Returns:
            Shape (n, k), float64, NaN where a value is not known.

        Raises:
            MissingFeaturesError: A feature has no column.
            ValueError: Columns differ in length, are not numbers, or hold an infinite value.
        """
        missing = [name for name in self.spec.feature_names if name not in columns]
        if missing:
            raise MissingFeaturesError(self.spec.name, missing)
        arrays = [_numbers(name, columns[name]) for name in self.spec.feature_names]
        lengths = {len(array) for array in arrays}
        if len(lengths) != 1:
            raise ValueError(f"columns for model {self.spec.name} differ in length: {sorted(lengths)}")
        return np.ascontiguousarray(np.column_stack(arrays))

    def log_odds(self, matrix: Floats) -> Floats:
        """Raw log-odds before calibration, shape (n,)."""
        rows = self._checked(matrix)
        if len(rows) == 0:
            return np.empty(0)
        return _mean([_as_floats(b.predict(rows, raw_score=True, num_threads=self.threads)) for b in self.boosters])

    def probability(self, matrix: Floats) -> Floats:
        """Calibrated probability, shape (n,), range [1e-9, 1 − 1e-9]; a row alone and in a batch give equal bits."""
        return self.calibrator.apply(sigmoid(self.log_odds(matrix)))

    def contributions(self, matrix: Floats) -> Floats:
        """TreeSHAP contributions in log-odds before calibration.

        Returns:
            Shape (n, k + 1): one column per feature, in order, and the expected value last; rows sum to ``log_odds``.
        """
        rows = self._checked(matrix)
        if len(rows) == 0:
            return np.empty((0, len(self.spec.feature_names) + 1))
        return _mean([_as_floats(b.predict(rows, pred_contrib=True, num_threads=self.threads)) for b in self.boosters])

    def _checked(self, matrix: Floats) -> Floats:
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.spec.feature_names):
            raise ValueError(
                f"model {self.spec.name} takes a matrix (n, {len(self.spec.feature_names)}), got shape {rows.shape}; "
                "use matrix() to build it"
            )
        return rows


def baseline_of(feature_names: Sequence[str], contributions: Floats) -> tuple[dict[str, float], float]:
    """What reasons are measured against: means over the training population.

    Args:
        feature_names: k names.
        contributions: Shape (n, k + 1), from ``ReleasedModel.contributions`` on the training rows, n ≥ 1.

    Returns:
        Mean contribution per feature (``ModelSpec.baseline``) and mean raw log-odds (``ModelSpec.baseline_log_odds``).

    Example:
        >>> baseline_of(["overdue_count"], np.array([[0.5, -2.0], [0.1, -2.0]]))
        ({'overdue_count': 0.3}, -1.7)
    """
    if contributions.shape[1:] != (len(feature_names) + 1,) or len(contributions) == 0:
        raise ValueError(f"contributions must be (n, {len(feature_names) + 1}) with n >= 1, got {contributions.shape}")
    means = contributions.mean(axis=0)
    return dict(zip(feature_names, means[:-1].tolist(), strict=True)), float(means.sum())


def _numbers(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values)
    if array.dtype.kind not in "fiubO" or any(isinstance(value, str) for value in array.flat if array.dtype == object):
        raise ValueError(f"column {name} must hold numbers or nulls, got {array.dtype}")
    numbers = array.astype(np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"column {name} must be one-dimensional, got shape {numbers.shape}")
    if np.isinf(numbers).any():
        raise ValueError(f"column {name} holds an infinite value; a value that is not known is null")
    return numbers


def _as_floats(prediction: object) -> Floats:
    return np.asarray(prediction, dtype=np.float64)


def _mean(parts: Sequence[Floats]) -> Floats:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total / len(parts)
