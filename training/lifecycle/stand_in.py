"""A version that stands in for a champion which this code cannot score any more.

When features are defined anew, the champion of before cannot be scored on the same cases, and every gate against it
lacks its figure. What it would say today is what its own recipe makes of the same knowledge on today's definitions:
that version, trained again, may stand in for it where a person says so.
"""

from collections.abc import Mapping
from typing import Final

from training.lifecycle.same_features import FeaturesChangedError
from training.lifecycle.stored import Stored

RECIPE: Final = "recipe"


class NotScorableError(FeaturesChangedError):
    """A version that is to be compared was trained on other feature definitions than this code has.

    Attributes:
        version: The version.
    """

    def __init__(self, model: Stored, here: str | None) -> None:
        super().__init__(model.fitted.spec, here)
        self.version = model.version
        spec = model.fitted.spec
        tuned = model.fitted.training.get("tuned")
        recipe = f" --recipe FILE, the one of study {tuned['study']}" if tuned else ""
        self.args = (
            f"{spec.name} version {model.version} was trained on {spec.feature_set} version {spec.feature_set_version} "
            f"({spec.feature_set_hash}), which this code {f'defines as {here}' if here else 'does not define'}: it "
            "cannot be scored here, so nothing can be compared with it. Train its recipe again on today's definitions, "
            f"on the same knowledge: o2c-risk train {spec.name} --as-of {spec.known_at}{recipe}. With the version V "
            f"that this gives: o2c-risk compare {spec.name} --champion V, and o2c-risk promote {spec.name} --stand-in "
            f"{spec.name}=V.",
        )


class NoStandInError(ValueError):
    """A version that may not stand in for a champion.

    Attributes:
        name: Name of the model.
    """

    def __init__(self, champion: Stored | None, candidate: Stored, why: str) -> None:
        self.name = candidate.fitted.spec.name
        whom = "a champion" if champion is None else f"the champion, version {champion.version}"
        super().__init__(
            f"{self.name} version {candidate.version} cannot stand in for {whom}: {why} It would have to be the "
            "champion's own recipe, trained on the same knowledge with today's feature definitions."
        )


def require_scorable(models: "list[Stored]", hashes: Mapping[str, str]) -> None:
    """Raise unless this code defines the features of every model as its training did.

    Args:
        models: The versions.
        hashes: Feature set name to hash of its definitions in this code.

    Raises:
        NotScorableError: For the first that it does not.
    """
    for model in models:
        if not _scorable(model, hashes):
            raise NotScorableError(model, hashes.get(model.fitted.spec.feature_set))


def require_stand_in(champion: Stored | None, candidate: Stored, hashes: Mapping[str, str]) -> None:
    """Raise unless a version is what the champion's recipe makes of the same knowledge on today's definitions.

    Args:
        champion: The champion; None where there is none.
        candidate: The version that is to stand in for it.
        hashes: Feature set name to hash of its definitions in this code.

    Raises:
        NoStandInError: With the reason.
    """
    if champion is None:
        raise NoStandInError(champion, candidate, "there is none, so that nothing need be compared.")
    if _scorable(champion, hashes):
        raise NoStandInError(champion, candidate, "this code can score that one itself. Leave --stand-in out.")
    if not _scorable(candidate, hashes):
        raise NoStandInError(champion, candidate, "this code cannot score it either.")
    ours, theirs = candidate.fitted, champion.fitted
    pairs = {
        "label": (ours.spec.label, theirs.spec.label),
        "knowledge": (ours.spec.known_at, theirs.spec.known_at),
        RECIPE: (ours.training.get(RECIPE), theirs.training.get(RECIPE)),
    }
    for what, (mine, other) in pairs.items():
        if mine != other or mine is None:
            raise NoStandInError(champion, candidate, f"its {what} is {mine}, the champion's is {other}.")


def _scorable(model: Stored, hashes: Mapping[str, str]) -> bool:
    return hashes.get(model.fitted.spec.feature_set) == model.fitted.spec.feature_set_hash
