"""The description of the routes that a client can be generated from."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.answers import DefaultScoreAnswer
from serving.limit_shape import LimitAnswer
from serving.payment_shape import LatePaymentAnswer
from serving.problem import MEDIA_TYPE
from serving.problem_shape import ProblemAnswer
from serving.schemas import DefaultScoreRequest, LatePaymentRequest, LimitRequest
from serving.status_shape import StatusAnswer

Mode = Literal["validation", "serialization"]
SCHEMAS: Final = "#/components/schemas/"


@dataclass(frozen=True)
class Described:
    """What can be asked of a route, and what it answers.

    Attributes:
        name: Name of the operation in a client.
        summary: What it is for.
        answers: Shape of its answer.
        asks: Shape of the question, sent by POST; None where it is read by GET.
    """

    name: str
    summary: str
    answers: type[BaseModel]
    asks: type[BaseModel] | None = None


ROUTES: Final = {
    "/v1/scores/default": Described(
        "defaultScore", "Probability that a customer defaults.", DefaultScoreAnswer, DefaultScoreRequest
    ),
    "/v1/scores/late-payment": Described(
        "latePaymentScore", "Probability that an invoice is paid late.", LatePaymentAnswer, LatePaymentRequest
    ),
    "/v1/limits": Described(
        "creditLimit", "Recommended credit limit, with every cap and its sum.", LimitAnswer, LimitRequest
    ),
    "/v1/status": Described("status", "What is served.", StatusAnswer),
}
UNAVAILABLE: Final = {"503": "No answer can be given now; treat the case as REVIEW."}
PROBLEMS: Final = {
    "400": "The body is not JSON.",
    "404": "The customer is not known here.",
    "413": "The body is too large.",
    "415": "The body is of another type than application/json.",
    "422": "A field is not as it must be; `errors` lists field, got and allowed.",
    **UNAVAILABLE,
}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of all routes."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "o2c-risk", "version": version("o2c-risk")},
        "paths": {path: _path(route) for path, route in ROUTES.items()},
        "components": {"schemas": _schemas()},
    }


def _schemas() -> dict[str, Any]:
    """Schemas of all questions, answers and problems, those of their parts beside them."""
    asked: list[type[BaseModel]] = [route.asks for route in ROUTES.values() if route.asks is not None]
    told: list[type[BaseModel]] = [*(route.answers for route in ROUTES.values()), ProblemAnswer]
    _, found = models_json_schema(
        [*_each(asked, "validation"), *_each(told, "serialization")], ref_template=SCHEMAS + "{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _each(kinds: list[type[BaseModel]], mode: Mode) -> list[tuple[type[BaseModel], Mode]]:
    return [(kind, mode) for kind in kinds]


def _path(route: Described) -> dict[str, Any]:
    said: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if route.asks is None:
        return {"get": {**said, "responses": _responses(route.answers, UNAVAILABLE)}}
    body = {"required": True, "content": _content("application/json", route.asks)}
    return {"post": {**said, "requestBody": body, "responses": _responses(route.answers, PROBLEMS)}}


def _responses(answers: type[BaseModel], problems: dict[str, str]) -> dict[str, Any]:
    result = {"200": {"description": "The answer.", "content": _content("application/json", answers)}}
    told = _content(MEDIA_TYPE, ProblemAnswer)
    return result | {code: {"description": text, "content": told} for code, text in problems.items()}


def _content(media_type: str, kind: type[BaseModel]) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"{SCHEMAS}{kind.__name__}"}}}
