"""What the registry holds: versions with their aliases, origin, figures and promotions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from training.judging.evaluation import Interval
from training.lifecycle.registry import STANDING, UnknownModelError, model_names, quiet

if TYPE_CHECKING:
    from mlflow import MlflowClient

SHOWN: Final = ("auc", "average_precision", "ks", "brier", "ece", "calibration_slope", "calibration_intercept")
PROMOTION: Final = (
    "promoted_by", "promoted_at", "promotion_reason", "release", "rolled_back_by", "rolled_back_at", "rollback_reason",
)  # fmt: skip
ORIGIN: Final = (
    STANDING, "target", "label", "data_version", "feature_set", "feature_set_version", "feature_set_hash",
    "code_version", "code_commit", "tuned_study", "tuned_trials", "tuned_known_on", "trained_as_of", "known_on",
    "evaluation_period", "evaluation_known_on", "content",
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """One version of a model, as the registry tells it.

    Attributes:
        name: Model.
        version: Counted from 1.
        aliases: ``champion``, ``challenger``, sorted.
        registered_at: When it was registered, UTC.
        run_id: Run that holds its files.
        figures: Figure with its 95 % interval, by name; one that does not exist is absent.
        cases: Cases it was judged by; None where the run does not say.
        bad: Those of them that turned out bad.
        origin: Label, data, features, code and dates, as its tags state them.
        promotion: Who put it in force, when, why, in which release, and who took it back; empty if nobody has.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    registered_at: datetime
    run_id: str
    figures: Mapping[str, Interval]
    cases: int | None
    bad: int | None
    origin: Mapping[str, str]
    promotion: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def versions(client: "MlflowClient", name: str | None = None) -> list[Version]:
    """Versions of a model, or of all; by name, the newest first.

    Raises:
        UnknownModelError: The registry holds no such model.
    """
    names = model_names(client)
    if name is not None and name not in names:
        raise UnknownModelError(name, names)
    with quiet():
        return [found for each in ([name] if name else names) for found in _of(client, each)]


def alias_of(client: "MlflowClient", name: str, alias: str) -> int | None:
    """The version that carries an alias; None if none does."""
    found = _aliases(client, name).get(alias)
    return None if found is None else int(found)


def numbers_of(client: "MlflowClient", name: str) -> list[int]:
    """Numbers of all versions of a model, rising.

    Raises:
        UnknownModelError: The registry holds no such model.
    """
    names = model_names(client)
    if name not in names:
        raise UnknownModelError(name, names)
    return sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))


def _aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    names = model_names(client)
    if name not in names:
        return {}
    return {str(alias): str(number) for alias, number in client.get_registered_model(name).aliases.items()}


def _of(client: "MlflowClient", name: str) -> list[Version]:
    aliases = _aliases(client, name)
    found = client.search_model_versions(f"name = '{name}'")
    return [_version(client, each, aliases) for each in sorted(found, key=lambda each: -int(each.version))]


def _version(client: "MlflowClient", found: Any, aliases: Mapping[str, str]) -> Version:
    metrics = client.get_run(str(found.run_id)).data.metrics
    tags = dict(found.tags)
    return Version(
        name=str(found.name),
        version=int(found.version),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if int(number) == int(found.version))),
        registered_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        run_id=str(found.run_id),
        figures={name: _interval(metrics, name) for name in SHOWN if name in metrics},
        cases=_count(metrics, "cases"),
        bad=_count(metrics, "bad"),
        origin={key: tags[key] for key in ORIGIN if key in tags},
        promotion={key: tags[key] for key in PROMOTION if key in tags},
    )


def _interval(metrics: Mapping[str, float], name: str) -> Interval:
    return Interval(metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"])


def _count(metrics: Mapping[str, float], name: str) -> int | None:
    return int(metrics[name]) if name in metrics else None
