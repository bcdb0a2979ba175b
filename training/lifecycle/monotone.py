"""Probing a model for the directions it promises."""

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


def monotone_violations(fitted: Fitted) -> float | None:
    """Probes in which the score moved against the direction the model declares.

    Rows are drawn from the sketches, each feature for itself; each feature with a direction then walks through its
    range with the others held. A walk of s steps has s - 1 probes.

    Returns:
        Number of probes that failed, 0 at best; None where the model declares no direction or a sketch is missing,
        so that nothing can be said.
    """
    sketches = _sketches(fitted)
    directed = [place for place, direction in enumerate(fitted.spec.monotone) if direction]
    if not directed or sketches is None:
        return None
    rng = np.random.default_rng(SEED)
    rows = np.column_stack([_drawn(sketch, rng) for sketch in sketches])
    return float(
        sum(
            _against(_learners(fitted), rows, place, sketches[place], fitted.spec.monotone[place]) for place in directed
        )
    )


def _learners(fitted: Fitted) -> list[Learner]:
    """Each booster by itself, so that one does not hide what another does, or the scorecard."""
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
