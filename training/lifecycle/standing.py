"""The standing challenger: a scorecard of the same cases, registered with every training.

It shows what plain evidence, checked by hand, says of the same customers: what the trees find beyond it has to be worth
their opacity. It bears the alias ``challenger`` as long as no person has named another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from data.settings import Settings
from training.fitting.fitted import Fitted
from training.lifecycle.register import Registered, register
from training.lifecycle.registry import CHALLENGER, CHAMPION, STANDING, open_registry, quiet
from training.lifecycle.versions import alias_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAMED_BY: Final = "challenger_by"
"""Tag of a version that a person named challenger (`training.lifecycle.challenger`)."""


@dataclass(frozen=True)
class Standing:
    """A scorecard that was registered beside a model.

    Attributes:
        registered: Its version.
        fitted: The scorecard.
        challenger: Version that bears the alias now: this one, or the one that a person named; None where this very
            version is the champion.
    """

    registered: Registered
    fitted: Fitted
    challenger: int | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "version": self.registered.version,
            "form": self.fitted.spec.form,
            "has_alias": self.challenger == self.registered.version,
            "challenger": self.challenger,
            "evaluation": self.fitted.evaluation.as_dict(),
        }


def is_standing(tags: Mapping[str, str]) -> bool:
    """Whether a version stands as a challenger because training set it up, and no person named it.

    Example:
        >>> is_standing({STANDING: "scorecard"}), is_standing({STANDING: "scorecard", NAMED_BY: "A. Risk"})
        (True, False)
    """
    return STANDING in tags and NAMED_BY not in tags


def stand(settings: Settings, fitted: Fitted) -> Standing:
    """Register a scorecard; it takes the alias from its predecessor, never from a version that somebody chose.

    Args:
        settings: Where registry, artifacts and cards lie.
        fitted: The scorecard.
    """
    client = open_registry(settings)
    registered = register(fitted, settings, labels={STANDING: fitted.spec.form})
    return Standing(registered, fitted, _given(client, registered.name, registered.version))


def _given(client: "MlflowClient", name: str, version: int) -> int | None:
    """The version that bears the alias after this one has asked for it."""
    holder = alias_of(client, name, CHALLENGER)
    if holder is not None and not is_standing(client.get_model_version(name, str(holder)).tags):
        return holder
    if alias_of(client, name, CHAMPION) == version:
        return None
    with quiet():
        client.set_registered_model_alias(name, CHALLENGER, str(version))
    return version
