"""A credit bureau on the loopback: a real HTTP server in a thread, whose answers a test lays out in advance."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from data.bureau.http_agency import HttpAgency

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
REPORT: dict[str, Any] = {
    "ratings": [{"rated_on": "2024-02-20", "grade": "B", "score": 62.5, "rank": 3, "ranks": 10}],
    "limits": [{"valid_from_on": "2024-02-20", "amount": "50000.00", "currency": "EUR"}],
}


@dataclass
class Bureau:
    """What the server does: the answers to come, and the requests it got.

    Attributes:
        address: Where it is.
        answers: (status, headers, body) of the requests to come; the last one repeats.
        asked: Customer and headers of each request.
        slow_seconds: How long it thinks before it answers.
    """

    address: str
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    slow_seconds: float = 0.0

    def says(self, status: int = 200, body: Any = REPORT, **headers: str) -> "Bureau":
        """Lay out one more answer; headers with ``_`` for ``-``."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, text))
        return self

    @property
    def calls(self) -> int:
        """How many requests it got."""
        return len(self.asked)


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def after(self, days: float) -> None:
        """Let time pass."""
        self.at += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _handler(bureau: Bureau) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = len(bureau.asked)
            bureau.asked.append((unquote(self.path.split("/")[2]), dict(self.headers)))
            time.sleep(bureau.slow_seconds)
            status, headers, body = bureau.answers[min(number, len(bureau.answers) - 1)]
            data = body.encode()
            try:
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(data))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                return  # the caller's time was up

        def log_message(self, *_: Any) -> None:
            """Requests are kept, not printed."""

    return Handler


@pytest.fixture
def bureaus() -> Iterator[Any]:
    """``bureaus()``: one more server."""
    started = []

    def start() -> Bureau:
        bureau = Bureau("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(bureau))
        bureau.address = f"http://127.0.0.1:{server.server_port}/customers/{{customer_id}}/report"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        started.append((server, thread))
        return bureau

    yield start
    for server, thread in started:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def bureau(bureaus: Any) -> Bureau:
    made: Bureau = bureaus()
    return made


@pytest.fixture
def agency_of(clock: Clock) -> Iterator[Any]:
    """``agency_of(bureau, name="first", **options)``: the adapter to it."""
    opened = []

    def made(bureau: Bureau, *, name: str = "first", **options: Any) -> HttpAgency:
        agency = HttpAgency(name, bureau.address, clock=clock, **options)
        opened.append(agency)
        return agency

    yield made
    for agency in opened:
        agency.close()
