"""The method beside LightGBM out of the box, on the same folds: what is gained, and from what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from features.feature_sets import DISTRESS
from training.arrays import Floats
from training.distress.attributes import known_attributes
from training.distress.folds import cross_calibrated, folds_of, matrix_of, out_of_fold
from training.distress.identities import identities
from training.distress.method import DEPLOYABLE, FULL, GREEDY, ours, out_of_the_box
from training.distress.sample import Sample
from training.fitting.fit import Recipe
from training.judging.bootstrap import intervals, paired_difference
from training.judging.evaluation import Interval

SHOWN: Final = ("auc", "average_precision", "brier")
OUT_OF_THE_BOX: Final = "out of the box, 64 attributes"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """One way to state distress, judged out of fold.

    Attributes:
        name: What it is.
        against: The line that it is compared with; empty for none.
        figures: Figure by name, with its 95 % interval.
        gains: Figure less that of the other line on the same companies, with its 95 % interval; below 0 is the gain
            for ``brier``.
        stated: Its probabilities, shape (n,), calibrated across folds for ours, as they are for the others.
    """

    name: str
    against: str
    figures: Mapping[str, Interval]
    gains: Mapping[str, Interval]
    stated: Floats


@dataclass(frozen=True)
class _Way:
    name: str
    columns: Mapping[str, Floats]
    recipe: Recipe | None
    against: str
    monotone: int = 0


def compared(sample: Sample, *, threads: int = 1, say: Say = lambda _: None) -> list[Line]:
    """Every way on the same five folds; intervals resample companies, gains in pairs.

    Args:
        sample: The companies.
        threads: LightGBM's threads.
        say: Told of each way as it begins.
    """
    fold, company = folds_of(sample.bad), np.arange(len(sample))
    lines: dict[str, Line] = {}
    for way in _ways(sample):
        say(way.name)
        matrix = matrix_of(way.columns, list(way.columns))
        if way.recipe is None:
            stated = out_of_fold(fold, out_of_the_box(matrix, sample.bad, threads=threads))
        else:
            directions = (way.monotone,) * matrix.shape[1]
            learn = ours(matrix, sample.bad, way.recipe, monotone=directions, threads=threads)
            stated = cross_calibrated(sample.bad, out_of_fold(fold, learn), fold)
        gains: Mapping[str, Any] = {}
        if way.against:
            gains = paired_difference(sample.bad, stated, lines[way.against].stated, company)
        lines[way.name] = Line(way.name, way.against, intervals(sample.bad, stated, company), gains, stated)
    return list(lines.values())


def _ways(sample: Sample) -> list[_Way]:
    ratios = {name: sample.features()[name] for name in DISTRESS.names}
    later = {name: sample.columns[name] for name in known_attributes().later}
    few = f"out of the box, the product's {len(ratios)} ratios"
    return [
        _Way(OUT_OF_THE_BOX, sample.columns, None, ""),
        _Way("ours, 64 attributes", sample.columns, GREEDY, OUT_OF_THE_BOX),
        _Way(
            "ours, 64 attributes and identities", {**sample.columns, **identities(sample.columns)}, FULL, OUT_OF_THE_BOX
        ),
        _Way(few, ratios, None, OUT_OF_THE_BOX),
        _Way(f"ours, the product's {len(ratios)} ratios (deployable)", ratios, DEPLOYABLE, few, monotone=-1),
        _Way(
            f"ours, {len(ratios) + len(later)} ratios that statements could give",
            {**ratios, **later},
            DEPLOYABLE,
            OUT_OF_THE_BOX,
        ),
    ]
