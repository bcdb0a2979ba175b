"""Why a score is worse than usual: at most four adverse reasons, in words, from what the model really used.

A reason is a group of related features whose TreeSHAP contributions, in log-odds, together exceed what they come
to over the training population. Contributions are measured before calibration, which is monotone, so a
reason that raises the one raises the other.
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
"""Contributions are ranked to this many places, so that noise in the last bits never changes the order."""


@dataclass(frozen=True)
class Reason:
    """One adverse reason.

    Attributes:
        code: Code from the controlled list; ends in ``-MISSING`` when the value is not known.
        group: Reason group of the features.
        sentence: The reason in words, filled with the customer's own values.
        feature: The feature that weighs most within the group.
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
    feature = min(members, key=lambda name: (-round(excess[name], PLACES), name))
    code, sentence = _worded(feature, group, values, currency)
    value = values[feature]
    return Reason(code, group, sentence, feature, None if math.isnan(value) else value, total)


def _worded(feature: str, group: str, values: Mapping[str, float], currency: str) -> tuple[str, str]:
    prefix, general = GROUP_SENTENCES[group]
    sentence = _controlled_list().get(feature)
    if sentence is None:
        return f"{prefix}-00", general
    if math.isnan(values[feature]):
        return f"{prefix}-{sentence.number}-MISSING", sentence.unknown
    return f"{prefix}-{sentence.number}", _filled(sentence, feature, values, currency)


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
