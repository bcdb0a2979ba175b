"""The model registry: MLflow on one SQLite file, opened without telemetry and without pickle."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from data.settings import Settings
from data.telemetry import switch_off

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION: Final = "champion"
MODEL: Final = "model"
"""Folder of a run's artifacts that holds the model and all that is needed to score and to judge it."""

ENVIRONMENT: Final = {
    # MLflow's own loaders refuse pickled models then; ours are text and JSON.
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    # A registry on the network that is down must not hold a command for minutes (the default is 7 tries of 120 s).
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
}


class UnknownModelError(LookupError):
    """The registry holds no such model or version.

    Attributes:
        name: Model asked for.
        known: Names the registry holds.
    """

    def __init__(self, name: str, known: list[str]) -> None:
        self.name = name
        self.known = known
        super().__init__(
            f"The registry holds no model {name}; it holds {', '.join(known) or 'none'}. Train and register it first."
        )


def open_registry(settings: Settings) -> MlflowClient:
    """Open the registry, creating it on first use (some 3 s).

    Args:
        settings: Names the database and the folder of artifacts.
    """
    switch_off()
    os.environ.update(ENVIRONMENT)
    settings.artifacts.mkdir(parents=True, exist_ok=True)
    with quiet():
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=settings.registry_uri, registry_uri=settings.registry_uri)
        client.search_experiments(max_results=1)  # creates the tables
    _write_ahead(settings)
    return client


def experiment_of(client: MlflowClient, settings: Settings, name: str) -> str:
    """Id of the experiment that holds a model's runs, created on first use."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = (settings.artifacts.absolute() / name).as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def model_names(client: MlflowClient) -> list[str]:
    """Names of the registered models, sorted."""
    return sorted(model.name for model in client.search_registered_models())


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what MLflow says of its own database and imports; nothing else."""
    for name in ("mlflow.store.db.utils", "mlflow.tracking._model_registry.client", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # MLflow 3.17 configures its tables with a loader that SQLAlchemy 2.1 calls deprecated.
        warnings.filterwarnings("ignore", message=r"The ``noload`` loader strategy", category=DeprecationWarning)
        # Importing its flavours, it warns of a type hint in its own classes.
        warnings.filterwarnings("ignore", message=r".*Any type hint is inferred as AnyType", category=UserWarning)
        yield


def _write_ahead(settings: Settings) -> None:
    """Let readers and a writer work at once; the mode stays with the file."""
    database = Path(settings.registry_uri.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
