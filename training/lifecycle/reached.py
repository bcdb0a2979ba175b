"""Whether the registry answers: asked before MLflow is, whose own retries would take minutes."""

from typing import Final

import httpx
import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

SQLITE: Final = "sqlite:///"
POSTGRES: Final = "postgresql+psycopg://"
SERVER: Final = ("http://", "https://")
SECONDS: Final = 3
"""How long a registry may take to say that it is there."""


class RegistryUnreachableError(ConnectionError):
    """The registry did not answer.

    Attributes:
        address: Where it was looked for, without the password.
    """

    def __init__(self, address: str, why: str) -> None:
        self.address = shown(address)
        super().__init__(
            f"The model registry at {self.address} cannot be reached: {_first_line(why)}. Start it, or correct "
            "O2C_RISK_REGISTRY, and run the command again. What is being served does not depend on the registry."
        )


class UnknownRegistryError(ValueError):
    """The address of the registry is of no kind that is supported.

    Attributes:
        address: What was given, without the password.
    """

    def __init__(self, address: str) -> None:
        self.address = shown(address)
        super().__init__(
            f"O2C_RISK_REGISTRY is {self.address!r}. It has to begin with http:// or https:// (an MLflow server) or "
            "postgresql:// (a database of its own); leave it out to keep models in SQLite in the home folder."
        )


def is_server(address: str) -> bool:
    """Whether the address is that of an MLflow server, which keeps the files of runs too.

    Example:
        >>> is_server("http://mlflow:5000"), is_server("sqlite:///mlflow.db")
        (True, False)
    """
    return address.startswith(SERVER)


def reach(address: str, *, seconds: int = SECONDS) -> None:
    """Return if the registry answers.

    Args:
        address: Of MLflow's kind, as `data.settings.Settings.registry_uri` gives it.
        seconds: How long to wait for each step of the answer, at least 2.

    Raises:
        RegistryUnreachableError: It did not answer, or not as a registry would.
        UnknownRegistryError: The address is of no kind that is supported.
    """
    if is_server(address):
        _reach_server(address, seconds)
    elif address.startswith(POSTGRES):
        _reach_postgres(address, seconds)
    elif not address.startswith(SQLITE):
        raise UnknownRegistryError(address)


def shown(address: str) -> str:
    """The address as it may be printed.

    Example:
        >>> shown("postgresql+psycopg://risk:secret@db/mlflow")
        'postgresql+psycopg://risk:***@db/mlflow'
    """
    try:
        return make_url(address).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):  # no address at all, so that nobody can tell where a password would stand
        return "an address that cannot be read"


def _reach_server(address: str, seconds: int) -> None:
    try:
        answer = httpx.get(f"{address.rstrip('/')}/health", timeout=seconds, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RegistryUnreachableError(address, _said(error, seconds)) from error
    if answer.status_code != httpx.codes.OK:
        raise RegistryUnreachableError(address, f"it answered {answer.status_code} to /health, unlike MLflow")


def _reach_postgres(address: str, seconds: int) -> None:
    plain = address.replace(POSTGRES, "postgresql://", 1)
    try:
        psycopg.connect(plain, connect_timeout=seconds).close()
    except psycopg.Error as error:
        raise RegistryUnreachableError(address, _said(error, seconds)) from error


def _said(error: Exception, seconds: int) -> str:
    if isinstance(error, httpx.TimeoutException | psycopg.errors.ConnectionTimeout):
        return f"no answer within {seconds} s"
    return str(error) or type(error).__name__


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[0].rstrip(".")
