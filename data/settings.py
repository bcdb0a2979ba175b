"""Where things are kept at run time, and what a deployment may set.

Read once, at the edge (`cli` and `serving/service.py`), and passed down.
"""

import re
from decimal import Decimal
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from data.materiality import STANDARD_MATERIALITY, Materiality


class Settings(BaseSettings):
    """Settings of one installation, from the environment (prefix ``O2C_RISK_``).

    Example:
        >>> Settings(home=Path("/srv/o2c")).lake.as_posix()
        '/srv/o2c/lake'
    """

    model_config = SettingsConfigDict(env_prefix="O2C_RISK_", frozen=True, extra="forbid")

    home: Path = Field(default=Path(".o2c-risk"), description="Folder for everything that is written at run time.")
    threads: int = Field(default=2, ge=1, le=256, description="Threads for DuckDB and for fitting a model.")
    memory: str | None = Field(
        default=None,
        pattern="^[0-9]{1,5}(MB|GB)$",
        description="Most memory that DuckDB takes for features, such as 6GB; beyond it, it spills to the home folder.",
    )
    currency: str | None = Field(
        default=None,
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code of the figures; the only one of the invoices unless set.",
    )
    materiality_amount: Decimal = Field(
        default=STANDARD_MATERIALITY.amount,
        ge=0,
        description="An amount past due is material above this, in the currency of the figures, and above the share.",
    )
    materiality_share: Decimal = Field(
        default=STANDARD_MATERIALITY.share,
        ge=0,
        le=1,
        description="An amount past due is material above this share of all that the customer owes; 0.01 is 1 %.",
    )
    spark_master: str | None = Field(
        default=None, description="Address of a Spark cluster for --engine spark; this machine's threads unless set."
    )
    spark_memory: str = Field(
        default="2g", pattern="^[1-9][0-9]*[kmgt]$", description="Memory of Spark's driver, as Java writes it: 4g."
    )
    dask_scheduler: str | None = Field(
        default=None,
        description="Address of a Dask scheduler for train --engine dask; workers on this machine unless set.",
    )
    stale_after_days: int = Field(
        default=7, ge=1, le=366, description="Age in days from which served features are called stale."
    )
    online: SecretStr = Field(
        default=SecretStr("sqlite"),
        description="Where today's facts are kept: sqlite, redis://host:port/db or postgresql://user:password@host/db.",
    )
    online_grace_minutes: int = Field(
        default=60, ge=0, le=525_600, description="How long facts and history that were replaced stay, for old readers."
    )

    registry: SecretStr | None = Field(
        default=None,
        description="Where MLflow keeps models: http(s)://host:port of a server, or postgresql://user:password@host/db;"
        " SQLite in the home folder unless set.",
    )
    signing_key: Path | None = Field(
        default=None, description="PEM file of the private Ed25519 key with which releases are signed."
    )
    verify_key: Path | None = Field(
        default=None,
        description="PEM file of the public Ed25519 key; with it, a release that it did not sign is refused.",
    )

    @property
    def materiality(self) -> Materiality:
        """Which amounts past due count, in features and in the labels of default."""
        return Materiality(self.materiality_amount, self.materiality_share)

    @property
    def lake(self) -> Path:
        """Folder of the Delta tables."""
        return self.home / "lake"

    @property
    def store(self) -> Path:
        """Folder of the Feast registry, the offline feature files and the SQLite online store."""
        return self.home / "store"

    @property
    def registry_uri(self) -> str:
        """MLflow tracking and registry address; it may hold a password: never print it.

        Example:
            >>> Settings(registry=SecretStr("postgresql://risk@db/mlflow")).registry_uri
            'postgresql+psycopg://risk@db/mlflow'
        """
        if self.registry is None:
            return f"sqlite:///{(self.home / 'mlflow' / 'mlflow.db').absolute()}"
        # The driver that is installed; without its name SQLAlchemy looks for an older one.
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.registry.get_secret_value().strip())

    @property
    def artifacts(self) -> Path:
        """Folder of MLflow's run artifacts, unless a server keeps them."""
        return self.home / "mlflow" / "artifacts"

    @property
    def releases(self) -> Path:
        """Folder of release bundles, one folder each, and the file ``current`` that names one."""
        return self.home / "releases"

    @property
    def tuning(self) -> Path:
        """Folder of the studies of recipes: one SQLite file, and a recipe file per study."""
        return self.home / "tuning"

    @property
    def reports(self) -> Path:
        """Folder of drift reports and model cards."""
        return self.home / "reports"
