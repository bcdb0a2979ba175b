"""What an answer that is no result looks like (RFC 9457, ``application/problem+json``)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field of a request.

    Attributes:
        field: Path of the field, parts joined by dots; empty for the body as a whole.
        got: What was sent, cut short.
        allowed: What may be sent.
    """

    field: str
    got: str
    allowed: str


class Problem(Exception):
    """A request that cannot be answered with a result.

    Attributes:
        status: HTTP status.
        code: Name of the problem for programs; never changes its meaning.
        title: The problem in a few words, the same for every occurrence.
        detail: What happened this time.
        advice: What to do next.
        errors: The fields that are wrong, if that is the problem.
        headers: Further response headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str,
        advice: str,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.advice = advice
        self.errors = errors
        self.headers = dict(headers or {})
        super().__init__(f"{code}: {detail}")

    def as_dict(self) -> dict[str, Any]:
        """The problem as the body of an answer."""
        body: dict[str, Any] = {
            "type": f"urn:o2c-risk:problem:{self.code}",
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "advice": self.advice,
        }
        return body | ({"errors": [asdict(error) for error in self.errors]} if self.errors else {})


def answer(body: Mapping[str, Any], *, status: int = 200) -> Response:
    """A result as JSON, in plain ASCII so that every text a client may send can be sent back."""
    return Response(_written(body), status_code=status, media_type="application/json")


def problem_answer(problem: Problem) -> Response:
    """The answer that tells of a problem."""
    return Response(
        _written(problem.as_dict()), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


def _written(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii")
