"""The release that is being served: read from its bundle, swapped whole, the last good one kept."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from policy.released import ReleasedPolicy
from scoring.bundle import Bundle, load
from scoring.manifest import BundleError
from scoring.model import ReleasedModel
from scoring.releases import current
from serving.facts import FactSource
from serving.problem import Problem

LOGGER: Final = logging.getLogger(__name__)


class StoreMismatchError(RuntimeError):
    """The online store holds features by other definitions than a model was trained on.

    Attributes:
        service: The feature service.
        store: Hash of the definitions in the store.
        model: Hash of the definitions of the model.
    """

    def __init__(self, service: str, store: str, model: str) -> None:
        self.service = service
        self.store = store
        self.model = model
        super().__init__(
            f"The store's {service} has the hash {store}, the release was trained on {model}; "
            "apply the definitions of this release and compute today's features again."
        )


@dataclass(frozen=True)
class Release:
    """All that answers rest on.

    Attributes:
        release_id: Name of the release.
        models: Model name → model.
        policy: The limit policy of every start date, and the own book.
        facts: Where a customer's facts are read.
        versions: What every answer states of its origin.
        loaded_at: When this process began to serve it.
    """

    release_id: str
    models: dict[str, ReleasedModel]
    policy: ReleasedPolicy
    facts: FactSource
    versions: dict[str, Any]
    loaded_at: datetime

    def model(self, name: str) -> ReleasedModel:
        """A model of the release.

        Raises:
            Problem: 503 ``no_model`` if the release holds none of that name.
        """
        if name in self.models:
            return self.models[name]
        raise Problem(
            503,
            "no_model",
            "The release has no such model",
            detail=f"The release {self.release_id} holds {', '.join(sorted(self.models))}, not {name}.",
            advice=f"Promote a release with the model {name}.",
        )


@dataclass(frozen=True)
class Source:
    """Where a release is found; each part may be replaced in a test.

    Attributes:
        pointed: Folder of the release in force; BundleError if there is none.
        opened: Reads the release from its folder.
    """

    pointed: Callable[[], Path]
    opened: Callable[[Path], Release]


class Live:
    """The release in use. Readers never wait, and a release that cannot be loaded leaves the one before in place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._release: Release | None = None
        self._folder: Path | None = None
        self._problem = "No release was loaded yet."
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether there is a release to answer with."""
        return self._release is not None

    @property
    def problem(self) -> str | None:
        """Why the release in force is not the one in use; None when it is."""
        return self._problem or None

    def release(self) -> Release:
        """The release in use.

        Raises:
            Problem: 503 ``no_release`` while there is none.
        """
        if self._release is None:
            raise Problem(
                503,
                "no_release",
                "Nothing can be scored yet",
                detail=self._problem,
                advice="Promote a model and load the features; the service takes the release up by itself.",
                headers={"Retry-After": "10"},
            )
        return self._release

    def refresh(self) -> bool:
        """Take up the release in force if it is another one than that in use.

        Returns:
            Whether the release was changed. A failure is logged and told in ``problem``.
        """
        with self._loading:
            try:
                folder = self._source.pointed()
                if folder == self._folder:
                    self._problem = ""
                    return False
                release = self._source.opened(folder)
            except Exception as error:  # noqa: BLE001  # logged; whatever is wrong with it, the one before goes on
                self._fail(error)
                return False
            self._release, self._folder, self._problem = release, folder, ""
            LOGGER.info("serving release %s", release.release_id)
            return True

    def _fail(self, error: Exception) -> None:
        said = str(error) or type(error).__name__
        if said != self._problem:
            # A refused bundle says all there is to say; anything else is a fault whose place must be found.
            trace = None if isinstance(error, BundleError) else error
            LOGGER.error("the release in force cannot be used: %s", said, exc_info=trace)
        self._problem = said


def source_of(releases: Path, store: Path, *, verify_key: Path | None = None) -> Source:
    """Bundles in ``releases``, facts in the Feast store at ``store``; with a key, bundles that it signed alone."""
    return Source(
        pointed=lambda: current(releases), opened=lambda folder: read_release(folder, store, verify_key=verify_key)
    )


def read_release(folder: Path, store: Path, *, verify_key: Path | None = None) -> Release:
    """Verify and load a bundle, and open the store beside it.

    Raises:
        BundleError: The bundle is not as its manifest says, or its policy cannot be read.
        StoreMismatchError: The store holds other features than the models were trained on.
    """
    bundle = load(folder, verify_key=verify_key)
    # Late: it imports Feast, which takes seconds, and a damaged bundle should be refused at once.
    from features.store.reader import Reader

    reader = Reader(store)
    for entry in bundle.manifest.models.values():
        service = f"{entry.feature_set}_v{entry.feature_set_version}"
        if (held := reader.feature_set_hash(service)) != entry.feature_set_hash:
            raise StoreMismatchError(service, held, entry.feature_set_hash)
    return release_of(bundle, reader)


def release_of(bundle: Bundle, facts: FactSource) -> Release:
    """A loaded bundle with the facts that go with it.

    Raises:
        BundleError: Its policy cannot be read.
    """
    try:
        policy = ReleasedPolicy.from_json(bundle.policy)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise BundleError(f"the limit policy cannot be read: {error!r}", file="policy/limits.json") from error
    manifest = bundle.manifest
    versions = {
        "release": manifest.release_id,
        "models": {name: entry.version for name, entry in sorted(manifest.models.items())},
        "feature_sets": {
            f"{entry.feature_set}_v{entry.feature_set_version}": entry.feature_set_hash
            for _, entry in sorted(manifest.models.items())
        },
        "data_version": manifest.data_version,
        "code_version": manifest.code_version,
    }
    return Release(manifest.release_id, dict(bundle.models), policy, facts, versions, datetime.now(UTC))
