"""How the service is started: one process of BentoML, on this machine only unless told otherwise."""

import ipaddress
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from data.settings import Settings
from data.telemetry import SWITCHES

SERVICE: Final = "serving.service:O2CRisk"
HOST: Final = "127.0.0.1"
PORT: Final = 3000


@dataclass(frozen=True)
class Command:
    """What to run.

    Attributes:
        argv: Program and arguments.
        env: Variables to set on top of the environment.
    """

    argv: tuple[str, ...]
    env: dict[str, str]


def command(settings: Settings, host: str = HOST, port: int = PORT) -> Command:
    """The command that serves what lies in the home folder, from whatever directory it is run.

    Args:
        settings: The installation; its home folder is made absolute.
        host: IP address to listen on.
        port: TCP port in [1, 65535].

    Raises:
        ValueError: ``host`` is no IP address or ``port`` no port.
    """
    address = _address(host)
    if not 1 <= port <= 65535:
        raise ValueError(f"port must lie in [1, 65535], got {port}")
    # The folder that holds the package: a folder `serving` where the command is run must not be taken for it.
    root = str(Path(__file__).resolve().parents[1])
    serve = ("-P", "-m", "bentoml", "serve", SERVICE, "--working-dir", root)
    argv = (sys.executable, *serve, "--host", address, "--port", str(port))
    return Command(argv, _settings(settings) | SWITCHES | {"OMP_NUM_THREADS": "1"})


def serve(settings: Settings, host: str = HOST, port: int = PORT) -> NoReturn:
    """Become the service; signals reach it directly."""
    start = command(settings, host, port)
    os.execve(start.argv[0], start.argv, {**os.environ, **start.env})


def _settings(settings: Settings) -> dict[str, str]:
    home = settings.home.absolute()
    return {
        "O2C_RISK_HOME": str(home),
        "O2C_RISK_THREADS": str(settings.threads),
        "O2C_RISK_STALE_AFTER_DAYS": str(settings.stale_after_days),
        # What BentoML writes at run time belongs under the home folder as well.
        "BENTOML_HOME": str(home / "bentoml"),
    }


def _address(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError as error:
        raise ValueError(f"host must be an IP address such as 127.0.0.1 or 0.0.0.0, got {host!r}") from error
