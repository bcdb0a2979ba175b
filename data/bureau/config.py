"""Which agencies there are, in which order, and how they are asked: the file ``bureau.yaml``."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from data.bureau.answer import AS_IN_THE_CONTRACT, AnswerLayout
from data.bureau.cache import FRESH_FOR_DAYS, UNKNOWN_FOR_DAYS, CachedAgency
from data.bureau.http_agency import HttpAgency
from data.bureau.report import FILLED, REPORTED
from data.bureau.waterfall import Waterfall
from data.contracts import CONTRACTS


class BureauConfigError(ValueError):
    """A configuration of agencies that cannot be used."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgencyConfig(_Model):
    """One agency.

    Attributes:
        name: Its name; the ``agency`` of its ratings.
        url: Address with ``{customer_id}`` in it.
        api_key_env: Environment variable that holds the API key. None: no key is sent.
        api_key_header: Header in which the key is sent.
        api_key_prefix: What stands before the key in it, such as ``Bearer`` and a space.
        timeout_seconds: Longest wait for a connection, and between two parts of an answer.
        attempts: How often it is asked at most.
        longest_wait_seconds: Longest pause between two attempts.
        tables: Where the rows of each table stand in its answers. None: as in the contracts.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    url: str
    api_key_env: str | None = None
    api_key_header: str = "Authorization"
    api_key_prefix: str = ""
    timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    attempts: int = Field(default=4, ge=1, le=20)
    longest_wait_seconds: float = Field(default=30.0, ge=0, le=600)
    tables: dict[str, AnswerLayout] | None = None

    @model_validator(mode="after")
    def _fits_the_contracts(self) -> Self:
        for name, layout in (self.tables or {}).items():
            if name not in REPORTED:
                raise ValueError(f"a report fills no table {name!r}; it may fill {', '.join(REPORTED)}")
            allowed = [column for column in CONTRACTS[name].names if column not in FILLED]
            unknown = sorted(({*layout.columns, *layout.constants}) - set(allowed))
            if unknown:
                raise ValueError(f"{name} has no column {', '.join(unknown)} to fill; it has {', '.join(allowed)}")
        return self


class BureauConfig(_Model):
    """The agencies in order of preference, and how long their reports stay fresh.

    Attributes:
        agencies: In order of preference.
        fresh_for_days: A report younger than this is not pulled again.
        unknown_for_days: The same for the answer that the customer is not known.
    """

    agencies: tuple[AgencyConfig, ...] = Field(min_length=1)
    fresh_for_days: int = Field(default=FRESH_FOR_DAYS, ge=1, le=3650)
    unknown_for_days: int = Field(default=UNKNOWN_FOR_DAYS, ge=0, le=3650)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [agency.name for agency in self.agencies]
        if len(set(names)) < len(names):
            raise ValueError(f"two agencies have one name: {', '.join(names)}")
        return self

    def open(
        self, cache: Path, *, environ: Mapping[str, str], clock: Callable[[], datetime], opened: ExitStack
    ) -> Waterfall:
        """The agencies, ready to be asked.

        Args:
            cache: Folder in which reports are kept.
            environ: The environment, with the API keys.
            clock: The present instant.
            opened: Closes the connections in the end.

        Raises:
            BureauConfigError: An API key is not in the environment, or an address cannot be used.
        """
        fresh = {"fresh_for_days": self.fresh_for_days, "unknown_for_days": self.unknown_for_days}
        agencies = []
        for config in self.agencies:
            agency = _agency(config, environ, clock)
            opened.callback(agency.close)
            agencies.append(CachedAgency(agency, cache, **fresh))
        return Waterfall(agencies)


def load_config(path: Path) -> BureauConfig:
    """Read and check a configuration.

    Raises:
        BureauConfigError: There is no such file, or it cannot be used; the message says all that is wrong.
    """
    try:
        return BureauConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as problem:
        raise BureauConfigError(f"{path} cannot be read: {problem.strerror}. State the file with --config.") from None
    except yaml.YAMLError as problem:
        raise BureauConfigError(f"{path} is not YAML: {problem}") from None
    except ValidationError as problem:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in problem.errors()]
        raise BureauConfigError(f"{path} cannot be used:\n" + "\n".join(f"- {line}" for line in wrong)) from None


def _agency(config: AgencyConfig, environ: Mapping[str, str], clock: Callable[[], datetime]) -> HttpAgency:
    key = None if config.api_key_env is None else environ.get(config.api_key_env, "")
    if key == "":
        raise BureauConfigError(
            f"{config.name}: its API key is not in the environment. Set {config.api_key_env} and run this again."
        )
    try:
        return HttpAgency(
            config.name,
            config.url,
            clock=clock,
            key=None if key is None else f"{config.api_key_prefix}{key}",
            key_header=config.api_key_header,
            timeout_seconds=config.timeout_seconds,
            attempts=config.attempts,
            longest_wait_seconds=config.longest_wait_seconds,
            layouts=AS_IN_THE_CONTRACT if config.tables is None else config.tables,
        )
    except ValueError as problem:
        raise BureauConfigError(str(problem)) from None
