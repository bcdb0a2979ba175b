"""The model registry: MLflow on SQLite, on PostgreSQL or behind its server, without telemetry and without pickle."""

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
from training.lifecycle.reached import SQLITE, RegistryUnreachableError, is_server, reach

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
STANDING: Final = "standing_challenger"
"""Tag of a version that training itself sets up as the challenger; its value is the form, ``scorecard``."""
MODEL: Final = "model"
"""Folder of a run's artifacts that holds the model and all that is needed to score and to judge it."""

ENVIRONMENT: Final = {
    # MLflow's own loaders refuse pickled models then; ours are text and JSON.
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    # A server that dies half-way must not hold a command for minutes (the default is 7 tries of 120 s). One that is
    # dead from the start is found sooner, by `training.lifecycle.reached`.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
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
    """Open the registry; on a database of its own it is created on first use (some 3 s).

    Args:
        settings: Names the registry and the folder of artifacts.

    Raises:
        RegistryUnreachableError: It did not answer within seconds.
    """
    switch_off()
    os.environ.update(ENVIRONMENT)
    address = settings.registry_uri
    reach(address)
    with quiet():
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            client = MlflowClient(tracking_uri=address, registry_uri=address)
            client.search_experiments(max_results=1)  # creates the tables
        except MlflowException as error:
            raise RegistryUnreachableError(address, str(error)) from error
    if address.startswith(SQLITE):
        _write_ahead(Path(address.removeprefix(SQLITE)))
    return client


def experiment_of(client: MlflowClient, settings: Settings, name: str) -> str:
    """Id of the experiment that holds a model's runs, created on first use.

    A server keeps the files of a run itself; with a database alone they go to the home folder.
    """
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    if is_server(settings.registry_uri):
        return str(client.create_experiment(name))
    place = settings.artifacts.absolute() / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return str(client.create_experiment(name, artifact_location=place.as_uri()))


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


def _write_ahead(database: Path) -> None:
    """Let readers and a writer work at once; the mode stays with the file."""
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
