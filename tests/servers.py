"""Real servers for the tests: Redis, PostgreSQL and MLflow, each its own, on loopback, gone when the test is.

Plain functions, so that any area can make a fixture of them; import it as ``tests.features.ledger`` is imported:

    from tests.servers import postgres_server, redis_server

    @pytest.fixture(scope="module")
    def postgres():
        with postgres_server() as url:       # postgresql://tester:...@127.0.0.1:PORT/postgres
            yield url

Each call starts a server of its own on a free port, with its files in a temporary folder and nothing kept, and ends
exactly that process. Where the program is not installed the test is skipped, and the reason says which is missing.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

START_SECONDS = 60
UNPRIVILEGED = "postgres"  # PostgreSQL refuses to run as root


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def redis_server(*, password: str | None = None) -> Iterator[str]:
    """A Redis without persistence; its address as ``redis://[:password@]127.0.0.1:port/0``."""
    program = _program("redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="o2c-redis-") as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        # By standard input, so that the password is in no list of processes.
        secret = b"" if password is None else f"requirepass {password}\n".encode()
        process = subprocess.Popen([program, "-", *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert process.stdin is not None
        process.stdin.write(secret)
        process.stdin.close()
        try:
            _wait_for(port, process, "redis-server")
            yield f"redis://{'' if password is None else f':{password}@'}127.0.0.1:{port}/0"
        finally:
            _end(process, signal.SIGTERM)


@contextlib.contextmanager
def postgres_server(*, password: str | None = None) -> Iterator[str]:
    """A PostgreSQL cluster of one superuser; its address as ``postgresql://tester:password@127.0.0.1:port/postgres``."""
    secret = password or secrets.token_hex(8)
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="o2c-pg-"))
    try:
        _make_cluster(folder, secret)
        options = ["-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
        process = subprocess.Popen(
            [*_as_unprivileged(), _program("postgres"), *options, "-c", "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            _wait_for(port, process, "postgres")
            url = f"postgresql://tester:{secret}@127.0.0.1:{port}/postgres"
            _wait_to_be_let_in(url)
            yield url
        finally:
            _end_postgres(folder, process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def mlflow_server(backend_url: str) -> Iterator[str]:
    """An MLflow tracking server that passes files on too; its address as ``http://127.0.0.1:port``.

    Args:
        backend_url: Where it keeps its tables, as MLflow writes it: ``postgresql+psycopg://…``.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="o2c-mlflow-") as folder:
        options = ["--backend-store-uri", backend_url, "--artifacts-destination", f"{folder}/files", "--workers", "1"]
        quiet = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options, "--host", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **quiet},
            start_new_session=True,  # its workers end with it
        )
        try:
            _wait_for(port, process, "mlflow server")
            _wait_for_health(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            _end(process, None)


def _make_cluster(folder: Path, secret: str) -> None:
    password_file = folder / "password"
    password_file.write_text(secret, encoding="utf-8")
    if _as_unprivileged():
        account = pwd.getpwnam(UNPRIVILEGED)
        for path in (folder, password_file):
            os.chown(path, account.pw_uid, account.pw_gid)
    options = ["-D", str(folder / "data"), "-U", "tester", "-A", "scram-sha-256", "--pwfile", str(password_file)]
    subprocess.run(
        [*_as_unprivileged(), _program("initdb"), *options, "--no-sync", "--encoding=UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=folder,
    )


def _end_postgres(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Ends the postmaster itself: what was started may be the program that changed the user."""
    written = folder / "data" / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(written.read_text(encoding="utf-8").splitlines()[0]), signal.SIGINT)
    _end(process, None)


def _as_unprivileged() -> list[str]:
    if os.geteuid() != 0:
        return []
    return [_program("runuser"), "-u", UNPRIVILEGED, "--"]


def _program(name: str) -> str:
    """Path of an installed program, or the test is skipped."""
    elsewhere = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or (str(elsewhere[0]) if elsewhere else None)
    if found is None:
        pytest.skip(f"{name} is not installed on this machine")
    return found


def _wait_for(port: int, process: "subprocess.Popen[bytes]", name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at once with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{name} did not listen on port {port} within {START_SECONDS} s")


def _wait_for_health(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1).status_code == httpx.codes.OK:
                return
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{url} did not answer within {START_SECONDS} s")
        time.sleep(0.1)


def _wait_to_be_let_in(url: str) -> None:
    """PostgreSQL listens before it has finished starting, and turns callers away until then."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _end(process: "subprocess.Popen[bytes]", by: signal.Signals | None) -> None:
    if by is not None:
        process.send_signal(by)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
