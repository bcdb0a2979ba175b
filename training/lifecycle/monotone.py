"""Probing a model for the directions that are declared of it, whether or not it was held to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.learner import Learner
from scoring.sketch import Sketch
from scoring.trees import Trees
from training.arrays import Floats
from training.fitting.fitted import Fitted

ROWS: Final = 64
STEPS: Final = 16
SEED: Final = 7
NAMED: Final = 3
"""So many of the worst features are named; the rest are counted."""


@dataclass(frozen=True)
class Probes:
    """What came of probing a model.

    Attributes:
        asked: Probes made, at least one.
        broken: Feature to the probes of it in which the score moved against its direction, the worst first; those
            without any are absent.
    """

    asked: int
    broken: Mapping[str, int]

    @property
    def violations(self) -> int:
        """Probes in which the score moved against a declared direction, 0 at best."""
        return sum(self.broken.values())

    @property
    def told(self) -> str:
        """The count, its share and where to look first, in words.

        Example:
            >>> Probes(12_000, {}).told
            '0 of 12,000 probes broke a declared direction'
            >>> Probes(12_000, {"tenure_days": 24, "overdue_count": 12}).told
            '36 of 12,000 probes (0.30 %) broke a declared direction; worst: tenure_days 24, overdue_count 12'
        """
        said = f"{self.violations:,} of {self.asked:,} probes"
        if not self.broken:
            return f"{said} broke a declared direction"
        worst = ", ".join(f"{name} {count:,}" for name, count in list(self.broken.items())[:NAMED])
        more = f" and {len(self.broken) - NAMED} more features" if len(self.broken) > NAMED else ""
        return f"{said} ({_share(self.violations / self.asked)}) broke a declared direction; worst: {worst}{more}"


def probed(fitted: Fitted) -> Probes | None:
    """Walk a model along every feature of which a direction is declared.

    Rows are drawn from the sketches, each feature for itself; each feature with a direction then walks through its
    range with the others held. A walk of s steps has s - 1 probes, and each booster is walked by itself, so that one
    does not hide what another does.

    Returns:
        What came of it, the same every time; None where the model declares no direction or a sketch is missing, so
        that nothing can be said.
    """
    sketches, spec = _sketches(fitted), fitted.spec
    directed = [place for place, direction in enumerate(spec.monotone) if direction]
    if not directed or sketches is None:
        return None
    rng, learners = np.random.default_rng(SEED), _learners(fitted)
    rows = np.column_stack([_drawn(sketch, rng) for sketch in sketches])
    found = {
        spec.feature_names[place]: _against(learners, rows, place, sketches[place], spec.monotone[place])
        for place in directed
    }
    worst = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return Probes(
        asked=len(learners) * len(directed) * ROWS * (STEPS - 1),
        broken={name: count for name, count in worst if count},
    )


def monotone_violations(fitted: Fitted) -> float | None:
    """Probes in which the score moved against a declared direction, 0 at best; None where nothing can be said."""
    probes = probed(fitted)
    return None if probes is None else float(probes.violations)


def _share(share: float) -> str:
    """A share that is above 0, never told as 0.

    Example:
        >>> _share(0.0123), _share(0.00001)
        ('1.23 %', 'less than 0.01 %')
    """
    return "less than 0.01 %" if share < 0.0001 else f"{100 * share:.2f} %"


def _learners(fitted: Fitted) -> list[Learner]:
    """Each booster by itself, or the scorecard."""
    if fitted.scorecard is not None:
        return [fitted.scorecard]
    return [Trees.from_text([text]) for text in fitted.model_texts]


def _against(learners: list[Learner], rows: Floats, place: int, sketch: Sketch, direction: int) -> int:
    """Steps of all learners' walks along one feature that go the wrong way."""
    steps = np.linspace(*_range(sketch), STEPS)
    walks = np.repeat(rows, STEPS, axis=0)
    walks[:, place] = np.tile(steps, len(rows))
    moves = [np.diff(learner.log_odds(walks, threads=1).reshape(len(rows), STEPS), axis=1) for learner in learners]
    # Sums of leaf values may differ in their last bits by their order.
    return int(sum((direction * move < -1e-9).sum() for move in moves))


def _drawn(sketch: Sketch, rng: np.random.Generator) -> Floats:
    """Values of one feature: a bin by its share, a place in it at random, missing as often as at training."""
    low, high = _range(sketch)
    bounds = np.array([low, *sketch.edges, high])
    shares = np.array([*sketch.counts, sketch.missing], dtype=np.float64)
    chosen = rng.choice(len(shares), size=ROWS, p=shares / shares.sum())
    inside = np.minimum(chosen, len(sketch.counts) - 1)
    values = rng.uniform(bounds[inside], np.maximum(bounds[inside], bounds[inside + 1]))
    return np.where(chosen == len(sketch.counts), np.nan, values)


def _range(sketch: Sketch) -> tuple[float, float]:
    return (0.0, 1.0) if sketch.low is None or sketch.high is None else (sketch.low, sketch.high)


def _sketches(fitted: Fitted) -> list[Sketch] | None:
    """Sketch of each feature in the model's order; None if one is missing."""
    plain = fitted.sketches
    if any(name not in plain for name in fitted.spec.feature_names):
        return None
    return [Sketch.from_dict(plain[name]) for name in fitted.spec.feature_names]
