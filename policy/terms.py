"""Which parameters of the policy were in force on a day."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

T = TypeVar("T")


class NoParametersInForceError(LookupError):
    """The policy says nothing about that day.

    Attributes:
        as_of: The day asked for.
        first: First day for which there are parameters, None if there are none at all.
    """

    def __init__(self, as_of: date, first: date | None) -> None:
        self.as_of = as_of
        self.first = first
        rest = f"the first begin on {first}." if first else "the history is empty."
        super().__init__(f"No parameters in force on {as_of}; {rest}")


def parameters_in_force(history: Mapping[date, T], *, as_of: date) -> T:
    """The parameters with the latest start on or before ``as_of``.

    Args:
        history: Parameters by the first day on which they hold.
        as_of: Business day.

    Raises:
        NoParametersInForceError: ``as_of`` lies before the first start.

    Example:
        >>> parameters_in_force({date(2024, 1, 1): "old", date(2025, 1, 1): "new"}, as_of=date(2024, 12, 31))
        'old'
    """
    starts = [start for start in history if start <= as_of]
    if not starts:
        raise NoParametersInForceError(as_of, min(history, default=None))
    return history[max(starts)]


def history_of(source: Mapping[str, Any]) -> dict[date, Mapping[str, Any]]:
    """The values of a parameter file by start date, whether YAML read the dates or JSON kept them as text.

    Args:
        source: A parameter file as its parser gave it: ``description``, ``owner`` and ``values`` by start date.

    Raises:
        ValueError: A start is no ISO date.

    Example:
        >>> history_of({"values": {"2024-01-01": {"reference": "CC-2023-11 §2"}}})
        {datetime.date(2024, 1, 1): {'reference': 'CC-2023-11 §2'}}
    """
    values: Mapping[Any, Mapping[str, Any]] = source["values"]
    return {start if isinstance(start, date) else date.fromisoformat(start): value for start, value in values.items()}


def as_json(source: Mapping[str, Any]) -> dict[str, Any]:
    """The same parameter file with text dates, so that it can be written as JSON.

    Example:
        >>> as_json({"owner": "Credit Committee", "values": {date(2024, 1, 1): {"lgd": "0.45"}}})
        {'owner': 'Credit Committee', 'values': {'2024-01-01': {'lgd': '0.45'}}}
    """
    values = {start.isoformat(): dict(value) for start, value in history_of(source).items()}
    return {**source, "values": values}
