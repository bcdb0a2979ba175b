"""From an agency's JSON to rows of the book: where its rows stand, and what it calls the columns.

Numbers are read as decimals, never as binary floats. A column that is not mapped must be called what the contract
calls it; one that the contract does not have is refused, so that a change on the agency's side is noticed.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from data.bureau.report import FILLED, REPORTED, MalformedReportError
from data.contracts import CONTRACTS, DAY, FLAG, TEXT, Column


class AnswerLayout(BaseModel):
    """Where the rows of one table stand in an agency's answer.

    Attributes:
        rows: Names from the outside in, with dots between them: ``data.scores``. A single object is one row. Empty:
            the table's own name.
        columns: Our column -> the agency's name for it, with dots for a value inside a value.
        constants: Our column -> the same value for every row.
        ignored: Names of the agency that we have no use for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    ignored: tuple[str, ...] = ()


Layouts = Mapping[str, AnswerLayout]
AS_IN_THE_CONTRACT: Final[Layouts] = {name: AnswerLayout() for name in REPORTED}


def parsed(text: str, *, agency: str) -> Mapping[str, Any]:
    """The JSON object of an answer.

    Raises:
        MalformedReportError: The text is no JSON object.
    """
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as problem:
        raise MalformedReportError(agency, f"it answered with something that is not JSON ({problem}).") from None
    if not isinstance(found, dict):
        raise MalformedReportError(agency, f"it answered with {type(found).__name__} where an object is expected.")
    return found


def rows_of(answer: Mapping[str, Any], layouts: Layouts, *, agency: str) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """The rows of each table in an answer.

    Args:
        answer: The JSON object.
        layouts: Table -> where its rows stand; tables that are not in the answer have none.
        agency: Name of the agency, for messages.

    Raises:
        MalformedReportError: A value is not of its column's type, or a name is not known.

    Example:
        >>> layouts = {"ratings": AnswerLayout(rows="score", columns={"grade": "class", "rated_on": "date"})}
        >>> rows_of({"score": {"class": "B", "date": "2024-03-01"}}, layouts, agency="a")
        {'ratings': ({'rated_on': datetime.date(2024, 3, 1), 'grade': 'B'},)}
    """
    return {
        name: tuple(_row(name, row, layout, agency) for row in _found(answer, name, layout, agency))
        for name, layout in layouts.items()
    }


def _found(answer: Mapping[str, Any], name: str, layout: AnswerLayout, agency: str) -> list[Mapping[str, Any]]:
    found = _at(answer, layout.rows or name)
    rows = [] if found is None else found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise MalformedReportError(agency, f"its {name} are not a list of objects.")
    return rows


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _row(name: str, row: Mapping[str, Any], layout: AnswerLayout, agency: str) -> dict[str, Any]:
    columns = {column.name: column for column in CONTRACTS[name].columns if column.name not in FILLED}
    theirs = {theirs.split(".")[0] for theirs in layout.columns.values()}
    unknown = sorted(set(row) - theirs - set(columns) - set(layout.ignored) - {"customer_id"})
    if unknown:
        raise MalformedReportError(
            agency,
            f"its {name} have {', '.join(unknown)}, which the contract does not know. Map it, or list it as ignored.",
        )
    values = {ours: _at(row, layout.columns.get(ours, ours)) for ours in columns} | layout.constants
    return {ours: _typed(columns[ours], value, name, agency) for ours, value in values.items() if value is not None}


def _typed(column: Column, value: Any, name: str, agency: str) -> Any:
    try:
        return _value(column.type, value)
    except (ValueError, TypeError, InvalidOperation):
        raise MalformedReportError(
            agency, f"its {name} say {value!r} for {column.name}, which is {column.type}."
        ) from None


def _value(kind: pa.DataType, value: Any) -> Any:
    if kind == TEXT and isinstance(value, str | Decimal):
        return str(value)
    if kind == FLAG and isinstance(value, bool):
        return value
    if kind == DAY and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if kind in (TEXT, FLAG, DAY) or isinstance(value, bool):
        raise TypeError(kind)
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(number)
    if pa.types.is_decimal(kind):
        return number
    if number != number.to_integral_value():
        raise ValueError(number)
    return int(number)
