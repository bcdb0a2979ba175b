"""A released model: what it is (``ModelSpec``) and how it scores (``ReleasedModel``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from features.catalogue import GROUPS
from scoring.calibration import Calibrator, sigmoid
from scoring.canonical import canonical_json
from scoring.grade_records import GradeRecords
from scoring.learner import Learner
from scoring.pay_time import PayTimeModel, PayTimes
from scoring.pd_interval import PdInterval
from scoring.trees import Trees

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
    """Everything about a model but its trees or scorecard; written as ``model.json``.

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
    monotone: tuple[int, ...] = Field(
        description="Declared direction: +1 the risk may only rise with the feature, -1 only fall, 0 free."
    )
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
    parameters: dict[str, JsonValue] = Field(description="Parameters as given to LightGBM, or of the scorecard.")
    seeds: tuple[int, ...] = Field(description="One per booster; none for a scorecard, where nothing is drawn.")
    lightgbm_version: str = Field(description="Empty for a scorecard.")
    form: Literal["trees", "scorecard"] = Field(default="trees", description="What scores.")
    held: bool = Field(
        default=True,
        description="Whether the model was held to its declared directions as it was made. One that was not follows "
        "them only as far as its cases did, and nothing may rest on them.",
    )
    typical: dict[str, float] = Field(
        default_factory=dict,
        description="Median of each feature over the training cases that have it; empty where it was not kept.",
    )
    tendency: dict[str, Literal[-1, 1]] = Field(
        default_factory=dict,
        description="For features that it is held to no direction of, the side on which it sees risk, where clear.",
    )
    interval: PdInterval | None = Field(
        default=None, description="How sure its probabilities are, learnt out of fold; null where that was not learnt."
    )
    grades: GradeRecords | None = Field(
        default=None, description="What past customers say of each grade; null where that was not learnt."
    )

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
        for what, keys in (("typical", set(self.typical)), ("tendency", set(self.tendency))):
            if not keys <= names:
                raise ValueError(f"{what} of model {self.name} names what it does not read: {sorted(keys - names)}")
        has_trees = self.form == "trees"
        if bool(self.seeds) != has_trees or bool(self.lightgbm_version) != has_trees:
            raise ValueError(f"model {self.name}: trees need seeds and lightgbm_version, a scorecard has neither")
        return self

    def to_json(self) -> bytes:
        """Canonical JSON: equal specs give equal bytes.

        What a spec may have but need not (``form``, ``held``, ``typical``, ``tendency``, ``interval``, ``grades``) is
        left out where it is as by default, so that the bytes of a spec written before there was such a thing stay the
        same.
        """
        return canonical_json({key: value for key, value in self.model_dump().items() if not _left_out(key, value)})

    @classmethod
    def from_json(cls, text: bytes | str) -> "ModelSpec":
        """Read back what ``to_json`` wrote; pydantic's ``ValidationError`` says what is wrong with it."""
        return cls.model_validate_json(text)

    @property
    def promised(self) -> tuple[int, ...]:
        """Directions that may be relied on: those declared, and none at all of a model that was not held to them."""
        return self.monotone if self.held else (0,) * len(self.monotone)

    @property
    def group_baseline(self) -> dict[str, float]:
        """Mean contribution of each reason group over the training population, in log-odds."""
        sums = dict.fromkeys(sorted(set(self.groups.values())), 0.0)
        for feature in self.feature_names:
            sums[self.groups[feature]] += self.baseline[feature]
        return sums


def _left_out(key: str, value: Any) -> bool:
    return key in ("form", "held", "typical", "tendency", "interval", "grades") and value == ModelSpec.model_fields[
        key
    ].get_default(call_default_factory=True, validated_data={})


@dataclass(frozen=True)
class ReleasedModel:
    """A model ready to score: spec, what learnt from the cases (trees or a scorecard), and a calibrator.

    All methods are safe to call from several threads.

    Attributes:
        spec: What the model is.
        learner: Gives log-odds and contributions.
        calibrator: Maps the learner's probability to the calibrated one.
        threads: Threads of one call. 1 in a service, where more only get in each other's way; more for
            large batches. The result is the same, bit for bit.
        pay_time: States when invoices will be paid; None for a model that does not.
    """

    spec: ModelSpec
    learner: Learner
    calibrator: Calibrator
    threads: int = 1
    pay_time: PayTimeModel | None = None

    def __post_init__(self) -> None:
        spec, learner = self.spec, self.learner
        if learner.form != spec.form:
            raise ValueError(f"model {spec.name} is said to be {spec.form} but was given {learner.form}")
        if isinstance(learner, Trees) and len(learner.boosters) != len(spec.seeds):
            raise ValueError(
                f"model {spec.name} states {len(spec.seeds)} seed(s) but has {len(learner.boosters)} booster(s)"
            )
        if learner.feature_names != spec.feature_names:
            raise ValueError(f"the {learner.form} of model {spec.name} read other features than its spec names")

    @classmethod
    def from_text(
        cls, spec: ModelSpec, texts: Sequence[str], calibrator: Calibrator, *, threads: int = 1
    ) -> "ReleasedModel":
        """Build from LightGBM model texts.

        LightGBM ends the process on some damaged texts: only pass texts whose hash was checked.
        """
        return cls(spec, Trees.from_text(texts), calibrator, threads)

    @property
    def boosters(self) -> tuple[lgb.Booster, ...]:
        """The boosters of a model of trees; none of a scorecard."""
        return self.learner.boosters if isinstance(self.learner, Trees) else ()

    def texts(self) -> tuple[str, ...]:
        """The LightGBM model text of each booster; none of a scorecard."""
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
        return self.learner.log_odds(rows, threads=self.threads)

    def probability(self, matrix: Floats) -> Floats:
        """Calibrated probability, shape (n,), range [1e-9, 1 − 1e-9]; a row alone and in a batch give equal bits."""
        return self.calibrator.apply(sigmoid(self.log_odds(matrix)))

    def contributions(self, matrix: Floats) -> Floats:
        """Contributions in log-odds before calibration: TreeSHAP of trees, the summands of a scorecard.

        Returns:
            Shape (n, k + 1): one column per feature, in order, and the expected value last; rows sum to ``log_odds``.
        """
        rows = self._checked(matrix)
        if len(rows) == 0:
            return np.empty((0, len(self.spec.feature_names) + 1))
        return self.learner.contributions(rows, threads=self.threads)

    def pay_times(self, columns: Mapping[str, ArrayLike], to_due: Floats, *, at_issue: bool) -> PayTimes:
        """When invoices will be paid that are unpaid at the start of the day of scoring.

        Args:
            columns: Feature name to n values, as for `matrix`.
            to_due: Days from the day of scoring to the due date, shape (n,); negative when past due.
            at_issue: Whether they are about to be issued. Then the model's own probability of being late is the one
                of the distribution too; for an open invoice the hazards alone speak, which know how long it waits.

        Raises:
            ValueError: The model states no delays.
            MissingFeaturesError: A feature has no column.
        """
        if self.pay_time is None:
            raise ValueError(f"model {self.spec.name} states no delays: train and release it anew")
        names = self.pay_time.spec.feature_names
        missing = [name for name in names if name not in columns]
        if missing:
            raise MissingFeaturesError(self.spec.name, missing)
        rows = np.ascontiguousarray(np.column_stack([_numbers(name, columns[name]) for name in names]))
        found = self.pay_time.pay_times(rows, np.asarray(to_due, dtype=np.float64))
        if not at_issue:
            return found
        grace = int(str(self.spec.label["grace_days"]))
        return found.with_late_prob(self.probability(self.matrix(columns)), grace)

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
    if array.dtype.kind not in "fiubO" or (array.dtype == object and any(isinstance(one, str) for one in array.flat)):
        raise ValueError(f"column {name} must hold numbers or nulls, got {array.dtype}")
    numbers = array.astype(np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"column {name} must be one-dimensional, got shape {numbers.shape}")
    if np.isinf(numbers).any():
        raise ValueError(f"column {name} holds an infinite value; a value that is not known is null")
    return numbers
