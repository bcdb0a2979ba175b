"""Fitting the scorecard: bins, a choice of features that say different things, and a logistic sum of their evidence.

It is the standing challenger of the trees: what it finds can be checked by hand, and what the trees find beyond it has
to be worth their opacity. Every choice goes by rounded figures and then by name, and the regression sees
the cases counted by their bins, in one order: equal cases in any order give equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from sklearn.linear_model import LogisticRegression

from scoring.scorecard import Characteristic, Scorecard
from training.arrays import Floats
from training.cases.dataset import Dataset
from training.fitting.binning import PLACES, Binned, Rules, binned

Counts = NDArray[np.int64]


class NothingToldError(ValueError):
    """No feature tells good cases from bad ones well enough to make a scorecard.

    Attributes:
        best: Feature with the highest information value, and that value.
    """

    def __init__(self, best: tuple[str, float], least: float) -> None:
        self.best = best
        super().__init__(
            f"No feature makes a scorecard: the best, {best[0]}, has an information value of {best[1]:.4f}. "
            f"Asked for is at least {least:g}, more than chance would give, and more risk where its evidence says so. "
            "Give more cases, or ask for less."
        )


@dataclass(frozen=True)
class ScorecardRecipe:
    """How a scorecard is made.

    Attributes:
        rules: What a bin must be.
        least_information: Information value that a feature must have; 0.02 is the usual floor of "weak".
        most_correlated: Highest absolute correlation of the evidence of two chosen features, in (0, 1].
        most_features: Most features, at least 1.
        ridge: L2 penalty of the coefficients, in bad and good cases' log-likelihood, > 0; the intercept has none.
    """

    rules: Rules = field(default_factory=Rules)
    least_information: float = 0.02
    most_correlated: float = 0.7
    most_features: int = 12
    ridge: float = 1.0

    def as_dict(self) -> dict[str, JsonValue]:
        """Plain values for JSON, with the version of the library that fits."""
        return {**asdict(self), "scikit_learn_version": version("scikit-learn")}


RECIPE: Final = ScorecardRecipe()


@dataclass(frozen=True)
class _Counted:
    """Cases counted by their bins, in the order of the bins.

    Attributes:
        evidence: Weight of evidence, shape (m, k).
        good: Good cases, shape (m,).
        bad: Bad cases, shape (m,).
    """

    evidence: Floats
    good: Counts
    bad: Counts

    def of(self, chosen: Sequence[int]) -> "_Counted":
        return _Counted(self.evidence[:, list(chosen)], self.good, self.bad)

    def correlations(self) -> Floats:
        """Correlation of the features' evidence over the cases, shape (k, k), rounded."""
        weight = (self.good + self.bad) / (self.good + self.bad).sum()
        centred = self.evidence - weight @ self.evidence
        shared = (centred * weight[:, None]).T @ centred
        spread = np.sqrt(np.diag(shared))
        found: Floats = np.round(shared / np.outer(spread, spread), PLACES)
        return found


def fit_scorecard(
    cases: Dataset, names: Sequence[str], monotone: Sequence[int], recipe: ScorecardRecipe = RECIPE
) -> Scorecard:
    """Fit a scorecard; classes are never weighted, which would bend the probabilities.

    1. Each feature is binned; those with too little information, or no more than chance gives, are left out.
    2. The most telling is taken, then the next that is not too correlated with any taken before, and so on.
    3. A logistic regression weighs their evidence. A feature whose coefficient is not above 0 would count in a
       customer's favour what the cases count against it: the worst such feature is dropped, and the rest fitted again.

    Args:
        cases: Matured cases, both outcomes present.
        names: Features to choose from.
        monotone: Direction per feature: +1 the risk may only rise with it, -1 only fall, 0 free.
        recipe: How it is made.

    Returns:
        The scorecard, its features in the order in which they were taken.

    Raises:
        OneOutcomeError: Only good or only bad cases.
        NothingToldError: No feature is left.
    """
    bins = {
        name: binned(cases.columns[name], cases.bad, direction, recipe.rules)
        for name, direction in zip(names, monotone, strict=True)
    }
    ranked = sorted(names, key=lambda name: (-bins[name].information, name))
    told = [name for name in ranked if bins[name].information >= max(recipe.least_information, bins[name].chance)]
    if not told:
        raise NothingToldError((ranked[0], bins[ranked[0]].information), recipe.least_information)
    counted = _counted(cases, told, bins)
    chosen = _chosen(counted.correlations(), recipe)
    chosen, coefficients, intercept = _weighed(counted, chosen, recipe.ridge)
    if not chosen:
        raise NothingToldError((told[0], bins[told[0]].information), recipe.least_information)
    characteristics = [
        _characteristic(told[place], bins[told[place]], coefficient)
        for place, coefficient in zip(chosen, coefficients, strict=True)
    ]
    return Scorecard(intercept=intercept, characteristics=tuple(characteristics))


def _counted(cases: Dataset, names: Sequence[str], bins: Mapping[str, Binned]) -> _Counted:
    places = np.column_stack(
        [_characteristic(name, bins[name], 1.0).places(cases.columns[name]) for name in names]
    ).astype(np.uint8)
    rows, which = np.unique(places, axis=0, return_inverse=True)
    evidence = np.column_stack([np.array(bins[name].woe)[rows[:, k]] for k, name in enumerate(names)])
    good, bad = (np.bincount(which[kind], minlength=len(rows)) for kind in (~cases.bad, cases.bad))
    return _Counted(evidence, good, bad)


def _chosen(correlations: Floats, recipe: ScorecardRecipe) -> list[int]:
    """Places of the features taken, of candidates in falling order of information."""
    taken: list[int] = []
    for place in range(len(correlations)):
        if len(taken) < recipe.most_features and np.all(np.abs(correlations[place, taken]) <= recipe.most_correlated):
            taken.append(place)
    return taken


def _weighed(counted: _Counted, chosen: list[int], ridge: float) -> tuple[list[int], list[float], float]:
    """The features that keep a coefficient above 0, their coefficients, and the intercept."""
    intercept = 0.0
    while chosen:
        coefficients, intercept = _regression(counted.of(chosen), ridge)
        worst = min(range(len(chosen)), key=lambda place: (coefficients[place], place))
        if coefficients[worst] > 0:
            return chosen, coefficients, intercept
        chosen = [*chosen[:worst], *chosen[worst + 1 :]]
    return [], [], intercept


def _regression(counted: _Counted, ridge: float) -> tuple[list[float], float]:
    """Coefficients and intercept of the log-odds of the bad outcome on evidence with its sign turned."""
    model = LogisticRegression(C=1 / ridge, solver="newton-cholesky", tol=1e-10, max_iter=200)
    inputs = -np.vstack([counted.evidence, counted.evidence])
    outcome = np.repeat([0, 1], len(counted.evidence))
    weight = np.concatenate([counted.good, counted.bad]).astype(np.float64)
    seen = weight > 0
    found: Any = model.fit(inputs[seen], outcome[seen], sample_weight=weight[seen])
    return [round(float(value), PLACES) for value in found.coef_[0]], round(float(found.intercept_[0]), PLACES)


def _characteristic(name: str, bins: Binned, coefficient: float) -> Characteristic:
    return Characteristic(
        feature=name, edges=bins.edges, cases=bins.cases, bad=bins.bad, woe=bins.woe, coefficient=coefficient
    )
