"""The registry where an installation may have it: SQLite, PostgreSQL, an MLflow server on PostgreSQL; and dead."""

import contextlib
import socket
import time
from dataclasses import replace

import pytest
from pydantic import SecretStr

from data.settings import Settings
from tests.servers import free_port, mlflow_server, postgres_server
from training.lifecycle.reached import RegistryUnreachableError, UnknownRegistryError, reach
from training.lifecycle.register import register
from training.lifecycle.registry import CHAMPION, open_registry
from training.lifecycle.stored import contents, stored

SOON = 8.0
"""Seconds that a command may lose to a dead registry, imports of MLflow on a busy machine left out."""


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def server(postgres):
    with mlflow_server(postgres.replace("postgresql://", "postgresql+psycopg://")) as url:
        yield url


@pytest.fixture(params=["postgres", "server"])
def anywhere(request, tmp_path):
    """An installation whose registry is a PostgreSQL, or a server on one."""
    return Settings(home=tmp_path / request.param, registry=SecretStr(request.getfixturevalue(request.param)))


def test_a_model_goes_there_and_comes_back_equal(anywhere, fitted):
    model = replace(fitted, spec=fitted.spec.model_copy(update={"name": f"late-{anywhere.home.name}"}))
    first, again = register(model, anywhere), register(model, anywhere)
    assert (first.version, first.created, again.version, again.created) == (1, True, 1, False)
    client = open_registry(anywhere)
    assert contents(stored(client, model.spec.name).fitted) == contents(model)
    client.set_registered_model_alias(model.spec.name, CHAMPION, "1")
    assert client.get_model_version_by_alias(model.spec.name, CHAMPION).version in (1, "1")


def test_a_server_keeps_the_files_itself(server, tmp_path, fitted):
    elsewhere = Settings(home=tmp_path / "one", registry=SecretStr(server))
    name = register(replace(fitted, spec=fitted.spec.model_copy(update={"name": "late-far"})), elsewhere).name
    assert not elsewhere.artifacts.exists()
    another = Settings(home=tmp_path / "two", registry=SecretStr(server))
    assert stored(open_registry(another), name).fitted.model_texts == fitted.model_texts


@contextlib.contextmanager
def black_hole():
    """A port that takes connections and never says a word."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        yield deaf.getsockname()[1]


@contextlib.contextmanager
def refused():
    """A port that nobody listens on."""
    yield free_port()


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
@pytest.mark.parametrize("death", [refused, black_hole])
def test_a_dead_registry_costs_seconds_and_says_what_to_do(tmp_path, scheme, death):
    with death() as port:
        settings = Settings(home=tmp_path, registry=SecretStr(f"{scheme}://risk:hush@127.0.0.1:{port}/models"))
        began = time.monotonic()
        with pytest.raises(RegistryUnreachableError, match=r"cannot be reached: .*O2C_RISK_REGISTRY") as dead:
            open_registry(settings)
    assert time.monotonic() - began < SOON
    assert str(port) in dead.value.address
    assert "hush" not in str(dead.value)


def test_what_answers_but_is_no_registry_is_said(server):
    with pytest.raises(RegistryUnreachableError, match="answered 404"):
        reach(f"{server}/nowhere")


def test_an_address_of_no_supported_kind_is_refused():
    with pytest.raises(UnknownRegistryError, match=r"ftp://host.*has to begin with http:// or https://"):
        reach("ftp://host/models")
