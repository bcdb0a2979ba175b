"""The body of a request, read so that it cannot mean two things.

Stricter than JSON asks for: only ``application/json`` in UTF-8, at most 256 KiB, no key twice, no NaN or
Infinity. Numbers with a fraction become decimals, so that no amount is ever a binary float.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.requests import Request

from serving.problem import Problem

LARGEST_BODY: Final = 256 * 1024
LONGEST_NUMBER: Final = 64


class _NotStrictError(ValueError):
    """The text is JSON, but not of the kind that is taken here."""


async def read_json(request: Request) -> Any:
    """The body as Python values.

    Raises:
        Problem: 415 for another content type, 413 for a body that is too large, 400 for text that is not JSON.
    """
    _check_content_type(request)
    return parse(await _read(request))


def parse(body: bytes) -> Any:
    """Strict JSON as Python values.

    Raises:
        Problem: 400 with what is wrong and where.

    Example:
        >>> parse(b'{"amount": 10.10}')
        {'amount': Decimal('10.10')}
    """
    if not body.strip():
        raise _malformed("The body is empty.")
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_no_key_twice,
        )
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except _NotStrictError as error:
        raise _malformed(str(error)) from error
    except RecursionError as error:
        raise _malformed("The body is nested too deeply.") from error


def _check_content_type(request: Request) -> None:
    got = request.headers.getlist("content-type")
    plain = [part.strip().lower() for part in got[0].split(";")] if len(got) == 1 else []
    if plain[:1] == ["application/json"] and all(part in ("", "charset=utf-8") for part in plain[1:]):
        if request.headers.get("content-encoding", "identity").lower() == "identity":
            return
        raise _wrong_type(f"a body encoded as {request.headers['content-encoding'][:80]}")
    raise _wrong_type(" and ".join(got)[:80] or "no content type")


async def _read(request: Request) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:20]) > LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _too_large()
    return bytes(body)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _NotStrictError(f"The key {twice[:80]!r} stands twice in one object.")
    return found


def _no_constant(text: str) -> Any:
    raise _NotStrictError(f"{text} is not a number; leave a value out if it is not known.")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(_short(text))
    except InvalidOperation:
        raise _NotStrictError(f"{text} is outside the numbers that can be read.") from None


def _integer(text: str) -> int:
    return int(_short(text))


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise _NotStrictError(f"A number has {len(text)} characters; at most {LONGEST_NUMBER} are read.")
    return text


def _malformed(detail: str) -> Problem:
    return Problem(
        400, "malformed_json", "The body is not JSON", detail=detail, advice="Send one JSON object in UTF-8."
    )


def _wrong_type(got: str) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        "The body is of another type",
        detail=f"Got {got}.",
        advice="Send the header 'Content-Type: application/json', and the body as plain UTF-8.",
    )


def _too_large() -> Problem:
    return Problem(
        413,
        "body_too_large",
        "The body is too large",
        detail=f"A body may have {LARGEST_BODY} bytes.",
        advice="Send one customer or one invoice per request.",
        headers={"Connection": "close"},
    )
