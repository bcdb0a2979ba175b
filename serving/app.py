"""The routes: read a request strictly, ask the desk, answer in JSON whatever happens."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import read_json
from serving.desk import Desk
from serving.openapi import openapi
from serving.problem import Problem, answer, problem_answer
from serving.schemas import DefaultScoreRequest, LatePaymentRequest, LimitRequest, question
from serving.worker import Worker

LOGGER: Final = logging.getLogger(__name__)
DEADLINE_SECONDS: Final = 5.0
"""Longer than any answer takes, shorter than the server's own timeout, so that the answer is ours."""

Q = TypeVar("Q", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


class Counts:
    """What this process has answered since it started."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.answers: dict[str, int] = {}
        self.unexpected_errors = 0

    def add(self, response: Response) -> None:
        """Count an answer by its status."""
        status = str(response.status_code)
        self.answers[status] = self.answers.get(status, 0) + 1

    def as_dict(self) -> dict[str, Any]:
        """The counts as ``/v1/status`` states them."""
        return {
            "uptime_seconds": round(time.monotonic() - self.started, 3),
            "answers": dict(sorted(self.answers.items())),
            "unexpected_errors": self.unexpected_errors,
        }


def application(desk: Desk, *, worker: Worker, deadline_seconds: float = DEADLINE_SECONDS) -> Starlette:
    """The application with all routes.

    Args:
        desk: Who answers.
        worker: Where answers are computed.
        deadline_seconds: After this a request is answered with 503.
    """
    counts = Counts()

    def post(path: str, kind: type[Q], ask: Callable[[Q], dict[str, Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            asked = question(kind, await read_json(request))
            return answer(await worker.run(lambda: ask(asked)))

        return Route(path, _guarded(endpoint, counts, deadline_seconds), methods=["POST"])

    async def status(_: Request) -> Response:
        return answer(desk.status() | counts.as_dict())

    async def description(_: Request) -> Response:
        return answer(openapi())

    app = Starlette(
        routes=[
            post("/v1/scores/default", DefaultScoreRequest, desk.default),
            post("/v1/scores/late-payment", LatePaymentRequest, desk.late_payment),
            post("/v1/limits", LimitRequest, desk.limit),
            Route("/v1/status", _guarded(status, counts, deadline_seconds)),
            Route("/v1/openapi.json", _guarded(description, counts, deadline_seconds)),
        ],
        exception_handlers={HTTPException: _no_such_route},
    )
    # A redirect would be built from the Host header, which the caller writes.
    app.router.redirect_slashes = False
    return app


def _guarded(endpoint: Endpoint, counts: Counts, deadline_seconds: float) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            async with asyncio.timeout(deadline_seconds):
                response = await endpoint(request)
        except Problem as problem:
            response = problem_answer(problem)
        except TimeoutError:
            response = problem_answer(_too_slow(deadline_seconds))
        except ClientDisconnect:
            response = Response(status_code=400)
        except Exception:  # a fault of ours: logged with its id, and the caller gets a problem, never a 500
            counts.unexpected_errors += 1
            error_id = secrets.token_hex(8)
            LOGGER.exception("unexpected error %s on %s", error_id, request.url.path)
            response = problem_answer(_unexpected(error_id))
        counts.add(response)
        return response

    return guarded


async def _no_such_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 405:
        allowed = dict(error.headers or {}).get("Allow", "another method")
        return problem_answer(
            Problem(
                405,
                "method_not_allowed",
                "The path does not take this method",
                detail=f"Got {request.method[:20]}, allowed is {allowed}.",
                advice="See /v1/openapi.json for what each path takes.",
                headers=error.headers,
            )
        )
    return problem_answer(
        Problem(
            404,
            "unknown_path",
            "There is nothing at this path",
            detail=f"Got {request.url.path[:200]!r}.",
            advice="See /v1/openapi.json for the paths there are.",
        )
    )


def _too_slow(seconds: float) -> Problem:
    return Problem(
        503,
        "too_slow",
        "The answer took too long",
        detail=f"It was not ready, or the request not read, after {seconds:g} s.",
        advice="Send the request again; nothing was changed by this one.",
        headers={"Retry-After": "1"},
    )


def _unexpected(error_id: str) -> Problem:
    return Problem(
        503,
        "unexpected_error",
        "The service failed to answer",
        detail=f"The failure was logged as {error_id}.",
        advice="Treat the case as REVIEW, and give the id to whoever runs the service.",
    )
