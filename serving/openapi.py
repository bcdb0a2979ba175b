"""The description of the routes that a client can be generated from."""

from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.answers import DefaultScoreAnswer
from serving.problem import MEDIA_TYPE
from serving.schemas import DefaultScoreRequest, LatePaymentRequest, LimitRequest

SCHEMAS: Final = "#/components/schemas/"
POSTS: Final[dict[str, tuple[str, type[BaseModel], str]]] = {
    "/v1/scores/default": ("defaultScore", DefaultScoreRequest, "Probability that a customer defaults."),
    "/v1/scores/late-payment": ("latePaymentScore", LatePaymentRequest, "Probability that an invoice is paid late."),
    "/v1/limits": ("creditLimit", LimitRequest, "Recommended credit limit, with every cap and its sum."),
}
ANSWERS: Final[dict[str, type[BaseModel]]] = {"/v1/scores/default": DefaultScoreAnswer}
"""Answers whose shape is described."""
PROBLEMS: Final = {
    "400": "The body is not JSON.",
    "404": "The customer is not known here.",
    "413": "The body is too large.",
    "415": "The body is of another type than application/json.",
    "422": "A field is not as it must be; `errors` lists field, got and allowed.",
    "503": "No answer can be given now; treat the case as REVIEW.",
}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of all routes."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "o2c-risk", "version": version("o2c-risk")},
        "paths": {path: {"post": _post(*post, ANSWERS.get(path))} for path, post in POSTS.items()}
        | {"/v1/status": {"get": {"operationId": "status", "summary": "What is served.", "responses": _responses({})}}},
        "components": {"schemas": _schemas()},
    }


def _schemas() -> dict[str, Any]:
    """Schemas of all requests and described answers, those of their parts beside them."""
    kinds = [*(kind for _, kind, _ in POSTS.values()), *ANSWERS.values()]
    _, found = models_json_schema(
        [(kind, "serialization" if kind in ANSWERS.values() else "validation") for kind in kinds],
        ref_template=SCHEMAS + "{model}",
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _post(name: str, kind: type[BaseModel], summary: str, told: type[BaseModel] | None) -> dict[str, Any]:
    schema = {"$ref": f"{SCHEMAS}{kind.__name__}"}
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _responses(PROBLEMS, told),
    }


def _responses(problems: dict[str, str], told: type[BaseModel] | None = None) -> dict[str, Any]:
    shape = {} if told is None else {"schema": {"$ref": f"{SCHEMAS}{told.__name__}"}}
    result: dict[str, Any] = {"200": {"description": "The answer.", "content": {"application/json": shape}}}
    return result | {code: {"description": text, "content": {MEDIA_TYPE: {}}} for code, text in problems.items()}
