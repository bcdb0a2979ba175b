"""The command that starts the service."""

import sys
from pathlib import Path

import pytest

from data.settings import Settings
from serving.run import command


def test_it_listens_on_this_machine_only_unless_told_otherwise():
    argv = command(Settings(home=Path("/srv/o2c"))).argv
    assert argv[:6] == (sys.executable, "-P", "-m", "bentoml", "serve", "serving.service:O2CRisk")
    assert argv[-4:] == ("--host", "127.0.0.1", "--port", "3000")


def test_the_home_folder_is_absolute_so_that_the_service_may_run_anywhere():
    env = command(Settings(home=Path("here"), stale_after_days=3)).env
    assert env["O2C_RISK_HOME"] == str(Path("here").absolute())
    assert env["BENTOML_HOME"] == str(Path("here/bentoml").absolute())
    assert env["O2C_RISK_STALE_AFTER_DAYS"] == "3"


def test_telemetry_is_off():
    env = command(Settings()).env
    assert (env["BENTOML_DO_NOT_TRACK"], env["DO_NOT_TRACK"]) == ("True", "1")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 1), ("::1", 65535), ("0.0.0.0", 8080)])
def test_addresses_it_takes(host, port):
    assert command(Settings(), host, port).argv[-3:] == (host, "--port", str(port))


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        pytest.param("localhost", 3000, "host must be an IP address", id="a name"),
        pytest.param("127.0.0.1; rm", 3000, "host must be an IP address", id="a command"),
        pytest.param("127.0.0.1", 0, "port must lie in", id="no port"),
        pytest.param("127.0.0.1", 65536, "port must lie in", id="no such port"),
    ],
)
def test_addresses_it_refuses(host, port, message):
    with pytest.raises(ValueError, match=message):
        command(Settings(), host, port)
