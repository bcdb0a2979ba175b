"""Champion against challenger on the very same matured cases, the difference with its interval."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from data.book import Book
from scoring.bundle import known_feature_hashes
from training.judging.bootstrap import paired_difference
from training.judging.evaluate import evaluate
from training.judging.evaluation import Evaluation, Interval
from training.lifecycle.evaluated import as_trained, columns_of, overlap, scores
from training.lifecycle.rebuilt import Period, rebuilt
from training.lifecycle.registry import CHALLENGER, CHAMPION, STANDING
from training.lifecycle.stand_in import require_scorable
from training.lifecycle.standing import is_standing
from training.lifecycle.stored import Stored, stored
from training.lifecycle.versions import alias_of, numbers_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

BETTER: Final = {"auc": 1, "average_precision": 1, "ks": 1, "brier": -1, "ece": -1}
"""Figure to direction: 1 more is better, -1 less is."""


class NoOpponentError(LookupError):
    """There is no second version to compare with.

    Attributes:
        name: Model.
        lacking: ``champion`` or ``challenger``.
    """

    def __init__(self, name: str, lacking: str) -> None:
        self.name, self.lacking = name, lacking
        super().__init__(
            f"{name} has no {lacking} to compare. Name a version with --{lacking}, or "
            + ("promote one first." if lacking == CHAMPION else "train another version first.")
        )


class LabelsDifferError(ValueError):
    """Two versions state probabilities of different things."""

    def __init__(self, champion: Stored, challenger: Stored) -> None:
        self.labels = (dict(champion.fitted.spec.label), dict(challenger.fitted.spec.label))
        super().__init__(
            f"Version {champion.version} states {self.labels[0]}, version {challenger.version} {self.labels[1]}: "
            "probabilities of different outcomes cannot be compared. Train the challenger for the champion's label."
        )


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same cases.

    Attributes:
        name: Model.
        champion: Version of the champion.
        challenger: Version of the challenger.
        asked: The period asked for.
        of_champion: How the champion did.
        of_challenger: How the challenger did.
        difference: Challenger less champion by figure, with its 95 % interval from the same resamples of customers.
        warnings: What a reader of the figures has to know.
    """

    name: str
    champion: int
    challenger: int
    asked: Period
    of_champion: Evaluation
    of_challenger: Evaluation
    difference: Mapping[str, Interval]
    warnings: tuple[str, ...]

    @property
    def gains(self) -> dict[str, Interval]:
        """The difference of each figure that has a better direction, turned so that more is better."""
        turned = {}
        for name, direction in BETTER.items():
            if (found := self.difference.get(name)) is not None:
                ends = sorted((direction * found.low, direction * found.high))
                turned[name] = Interval(direction * found.value, *ends)
        return turned

    @property
    def verdict(self) -> str:
        """One sentence about each figure whose interval excludes zero."""
        better = [name for name, gain in self.gains.items() if gain.low > 0]
        worse = [name for name, gain in self.gains.items() if gain.high < 0]
        if not better and not worse:
            return "No difference that chance could not make: every interval holds zero."
        said = [f"better in {', '.join(better)}"] if better else []
        said += [f"worse in {', '.join(worse)}"] if worse else []
        return f"The challenger is {' and '.join(said)}, beyond chance."

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.name,
            "champion": {"version": self.champion, **self.of_champion.as_dict()},
            "challenger": {"version": self.challenger, **self.of_challenger.as_dict()},
            "from": self.asked.first.isoformat(),
            "to": self.asked.last.isoformat(),
            "known_on": self.of_champion.known_on,
            "difference": {name: asdict(figure) for name, figure in self.difference.items()},
            "verdict": self.verdict,
            "warnings": list(self.warnings),
        }


def opponents(
    client: "MlflowClient", name: str, *, champion: int | None = None, challenger: int | None = None
) -> tuple[Stored, Stored]:
    """The two versions to compare.

    Args:
        client: The registry.
        name: Name of the model.
        champion: Version; None: the one with that alias.
        challenger: Version; None: the one that a person named challenger, else the newest version after the champion,
            else the scorecard that stands as the challenger, else the newest other than the champion.

    Raises:
        UnknownModelError: The registry holds no such model or version.
        NoOpponentError: One of them is not given, and there is none.
    """
    numbers_of(client, name)  # there is such a model
    first = champion or alias_of(client, name, CHAMPION)
    if first is None:
        raise NoOpponentError(name, CHAMPION)
    second = challenger or _second(client, name, first)
    if second is None:
        raise NoOpponentError(name, CHALLENGER)
    return stored(client, name, first), stored(client, name, second)


def _second(client: "MlflowClient", name: str, first: int) -> int | None:
    found = {int(each.version): each for each in client.search_model_versions(f"name = '{name}'")}
    named = alias_of(client, name, CHALLENGER)
    if named not in (None, first) and not is_standing(found[named].tags):
        return named
    after = [number for number, each in found.items() if number > first and STANDING not in each.tags]
    others = [number for number in found if number != first]
    return max(after, default=None) or (named if named != first else None) or max(others, default=None)


def usual_cases(champion: Stored, challenger: Stored) -> tuple[Period, date]:
    """The cases that neither has seen: from the day the later of them was trained to what their evaluations knew.

    Returns:
        The period, and the date whose knowledge gives the outcomes.
    """
    first = max(model.fitted.spec.known_at for model in (champion, challenger))
    known_on = max(date.fromisoformat(model.fitted.evaluation.known_on) for model in (champion, challenger))
    return Period(first, max(first, known_on)), known_on


def compare(
    book: Book,
    champion: Stored,
    challenger: Stored,
    period: Period,
    known_on: date,
    *,
    threads: int = 1,
    feature_hashes: Mapping[str, str] | None = None,
) -> Comparison:
    """Score the same cases with both and take the difference.

    Args:
        book: The book, from which the cases are built again.
        champion: The version to beat.
        challenger: The version that would take its place.
        period: Days on which the cases are scored.
        known_on: The date whose knowledge gives their outcomes.
        threads: LightGBM's threads.
        feature_hashes: Feature set name to hash of its definitions in this code; None: taken from the code.

    Raises:
        LabelsDifferError: They state probabilities of different outcomes.
        NothingMaturedError: No case of the period had matured.
        NotScorableError: This code defines the features of one otherwise.
    """
    if champion.fitted.spec.label != challenger.fitted.spec.label:
        raise LabelsDifferError(champion, challenger)
    specs = [champion.fitted.spec, challenger.fitted.spec]
    require_scorable([champion, challenger], known_feature_hashes() if feature_hashes is None else feature_hashes)
    names = [name for model in (champion, challenger) for name in columns_of(model.fitted)]
    cases = rebuilt(book, specs[0].label, names, period, known_on)
    theirs, ours = (scores(model.fitted, cases, threads=threads)[1] for model in (champion, challenger))
    days = cases.at.astype("datetime64[D]")
    seen = [int((days <= np.datetime64(spec.trained_as_of, "D")).sum()) for spec in specs]
    return Comparison(
        name=specs[0].name,
        champion=champion.version,
        challenger=challenger.version,
        asked=period,
        of_champion=evaluate(as_trained(cases, champion.fitted), theirs, known_on),
        of_challenger=evaluate(as_trained(cases, challenger.fitted), ours, known_on),
        difference=paired_difference(cases.bad, ours, theirs, cases.customer_ids),
        warnings=(
            *overlap(champion, period, seen[0], len(cases)),
            *overlap(challenger, period, seen[1], len(cases)),
        ),
    )
