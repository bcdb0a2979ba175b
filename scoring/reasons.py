"""Why a score is worse than usual: at most four adverse reasons, in words, from what the model really used.

A reason is a group of related features whose TreeSHAP contributions, in log-odds, together exceed what they come
to over the training population. Contributions are measured before calibration, which is monotone, so a
reason that raises the one raises the other.

Features of a group move together, and a model may lay the weight of one on another that looks harmless by itself: "all
invoices were paid on the very due date" is no reason that a customer could follow. So within a group the
weightiest feature is cited whose own value is on the side of risk of what is usual; where none is, the group speaks.
"""

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.model import ModelSpec, ReleasedModel
from scoring.quantity import Quantity
from scoring.reason_texts import GROUP_SENTENCES, Sentence, sentences

MOST: Final = 4
LEAST: Final = 0.01
"""Log-odds under which a group is no reason: it moves the odds by less than 1 %."""
PLACES: Final = 6
"""Contributions are compared to this many places, so that noise in the last bits never changes a choice.

Coarser steps (0.02 to 0.2 log-odds) were tried and made the reported groups no steadier when inputs moved by 1 %: what
changes them is that trees and bins are steps, and whoever stands at the edge of one stands there after rounding too.
"""


@dataclass(frozen=True)
class Reason:
    """One adverse reason.

    Attributes:
        code: Code from the controlled list; ends in ``-MISSING`` when the value is not known.
        group: Reason group of the features.
        sentence: The reason in words, filled with the customer's own values.
        feature: The feature that weighs most within the group, of those whose value is on the side of risk if any is.
        value: Its value; ``None`` when it is not known.
        contribution: Log-odds by which the group exceeds the training population's mean, > 0.
    """

    code: str
    group: str
    sentence: str
    feature: str
    value: float | None
    contribution: float


def reasons(
    model: ReleasedModel,
    row: NDArray[np.float64],
    contributions: NDArray[np.float64],
    *,
    currency: str = "",
) -> list[Reason]:
    """The adverse reasons of one score, the weightiest first.

    Args:
        model: The model that scored.
        row: Shape (k,), the row of ``model.matrix`` that was scored.
        contributions: Shape (k + 1,), its row of ``model.contributions``.
        currency: ISO 4217 code of the amounts, for the sentences.

    Returns:
        At most four, each of another group, by contribution rounded to six places, then by group name; none when
        nothing weighs against the customer.

    Raises:
        ValueError: The shapes are not the model's.
    """
    spec = model.spec
    k = len(spec.feature_names)
    if row.shape != (k,) or contributions.shape != (k + 1,):
        raise ValueError(f"reasons need shapes ({k},) and ({k + 1},), got {row.shape} and {contributions.shape}")
    excess = _excess(spec, contributions)
    ranked = sorted(_group_sums(spec, excess).items(), key=lambda item: (-round(item[1], PLACES), item[0]))
    values = dict(zip(spec.feature_names, row.tolist(), strict=True))
    return [_reason(spec, group, total, excess, values, currency) for group, total in ranked if total > LEAST][:MOST]


def _excess(spec: ModelSpec, contributions: NDArray[np.float64]) -> dict[str, float]:
    """Contribution of each feature over its mean in the training population, log-odds."""
    pairs = zip(spec.feature_names, contributions[:-1].tolist(), strict=True)
    return {name: contribution - spec.baseline[name] for name, contribution in pairs}


def _group_sums(spec: ModelSpec, excess: Mapping[str, float]) -> dict[str, float]:
    members: dict[str, list[float]] = {}
    for name, value in excess.items():
        members.setdefault(spec.groups[name], []).append(value)
    return {group: math.fsum(values) for group, values in members.items()}


def _reason(
    spec: ModelSpec,
    group: str,
    total: float,
    excess: Mapping[str, float],
    values: Mapping[str, float],
    currency: str,
) -> Reason:
    members = [name for name in spec.feature_names if spec.groups[name] == group]
    ranked = sorted(members, key=lambda name: (-round(excess[name], PLACES), name))
    weighing = [name for name in ranked if excess[name] > LEAST] or ranked[:1]
    sides = {name: side_of_risk(spec, name, values[name]) for name in weighing}
    feature = next((name for side in (1, 0) for name in weighing if sides[name] == side), None)
    if feature is None:
        feature, (code, sentence) = ranked[0], _general(group)
    else:
        code, sentence = _worded(feature, group, values, currency)
    value = values[feature]
    return Reason(code, group, sentence, feature, None if math.isnan(value) else value, total)


def side_of_risk(spec: ModelSpec, feature: str, value: float) -> int:
    """Whether a fact, taken by itself, speaks against the customer.

    Args:
        spec: What the model is.
        feature: One of its features.
        value: The feature's value; NaN where not known.

    Returns:
        +1 where it does: the value is beyond the training population's median on the side on which risk lies, as the
        feature declares it or, where it declares none, as the model clearly sees it; and for what can only harm as it
        grows, above 0 as well: paid on the due date is no lateness, however early others pay. -1 where it does not, or
        where the feature declares a side, the model was not held to it, and does not clearly see risk there itself. 0
        where that cannot be said: the value is missing, neither says a side, or the spec keeps no median.

    Example:
        >>> from types import SimpleNamespace
        >>> spec = SimpleNamespace(feature_names=("overdue_count",), monotone=(1,), typical={"overdue_count": 0.0},
        ...                        tendency={}, held=True)
        >>> [side_of_risk(spec, "overdue_count", value) for value in (2.0, 0.0, float("nan"))]
        [1, -1, 0]
    """
    declared = spec.monotone[spec.feature_names.index(feature)]
    if declared == 1 and value <= 0:
        return -1
    if math.isnan(value):
        return 0
    if not follows(spec, feature):
        return -1
    direction, typical = declared or spec.tendency.get(feature, 0), spec.typical.get(feature)
    if direction == 0 or typical is None:
        return 0
    return 1 if direction * (value - typical) > 0 else -1


def follows(spec: ModelSpec, feature: str) -> bool:
    """Whether a model sees risk on the side that a feature declares: it was held to it, or clearly does by itself.

    A feature that declares none has nothing to be followed.

    Example:
        >>> from types import SimpleNamespace
        >>> said = {"feature_names": ("overdue_count", "tenure_days"), "monotone": (1, -1), "held": False}
        >>> free = SimpleNamespace(**said, tendency={"overdue_count": 1, "tenure_days": 1})
        >>> follows(free, "overdue_count"), follows(free, "tenure_days")
        (True, False)
    """
    declared = spec.monotone[spec.feature_names.index(feature)]
    return spec.held or declared in (0, spec.tendency.get(feature))


def _worded(feature: str, group: str, values: Mapping[str, float], currency: str) -> tuple[str, str]:
    prefix, _ = GROUP_SENTENCES[group]
    sentence = _controlled_list().get(feature)
    if sentence is None:
        return _general(group)
    if math.isnan(values[feature]):
        return f"{prefix}-{sentence.number}-MISSING", sentence.unknown
    return f"{prefix}-{sentence.number}", _filled(sentence, feature, values, currency)


def _general(group: str) -> tuple[str, str]:
    prefix, sentence = GROUP_SENTENCES[group]
    return f"{prefix}-00", sentence


def _filled(sentence: Sentence, feature: str, values: Mapping[str, float], currency: str) -> str:
    if values[feature] == 0 and sentence.zero is not None:
        return sentence.zero
    text = next(text for text in sentence.known if all(_is_known(name, values) for name in _fields(text)))
    filled = text.format_map({name: Quantity(values[name], currency) for name in _fields(text)})
    return filled[0].upper() + filled[1:]


def _is_known(feature: str, values: Mapping[str, float]) -> bool:
    return not math.isnan(values.get(feature, math.nan))


@cache
def _fields(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@cache
def _controlled_list() -> Mapping[str, Sentence]:
    return sentences()
