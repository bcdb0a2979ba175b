"""A feature's value in words: `41 days`, `35 %`, `no items are`, `5 days after the due date`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SIZES: Final = ("small", "medium-sized", "large")


@dataclass(frozen=True)
class Quantity:
    """A known value that sentences write through ``str.format``.

    The format names the unit: ``count ONE|MANY`` for words that go with the number, ``days``, ``late`` (days from the
    due date), ``later`` and ``longer`` (differences in days), ``money``, ``share`` (of 1), ``percent``, ``times``,
    ``more`` (change against 1), ``number``, ``weekday``, ``size``.

    Attributes:
        value: Finite.
        currency: ISO 4217 code written behind money; empty when it is not known.

    Example:
        >>> f"{Quantity(3):count item is|items are} overdue, the oldest by {Quantity(41):days}"
        '3 items are overdue, the oldest by 41 days'
        >>> f"{Quantity(0.354):share}, {Quantity(48000, 'EUR'):money}, paid {Quantity(-1):late}"
        '35.4 %, 48,000 EUR, paid 1 day before the due date'
    """

    value: float
    currency: str = ""

    def __format__(self, wanted: str) -> str:
        kind, _, words = wanted.partition(" ")
        if kind == "count":
            return _count(self.value, *words.split("|"))
        if kind == "money":
            return f"{_digits(self.value, 0)} {self.currency}".rstrip()
        return FORMATS[kind](self.value)


def _digits(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _count(value: float, one: str, many: str) -> str:
    number = _digits(value, 1)
    if number == "0":
        return f"no {many}"
    return f"{number} {one if number == '1' else many}"


def _days(value: float) -> str:
    number = _digits(value, 1)
    return f"{number} day" if number in {"1", "-1"} else f"{number} days"


def _around(value: float, below: str, at: str, above: str) -> str:
    """A phrase for a value under, at or over zero, as it reads after rounding; {} stands for its size."""
    if _digits(value, 1) == "0":
        return at
    return (above if value > 0 else below).format(_days(abs(value)))


def _more(value: float) -> str:
    size = _digits(abs(100 * value), 1)
    if size == "0":
        return "unchanged"
    return f"{size} % {'higher' if value > 0 else 'lower'}"


FORMATS: Final[Mapping[str, Callable[[float], str]]] = MappingProxyType(
    {
        "days": _days,
        "late": lambda value: _around(value, "{} before the due date", "on the due date", "{} after the due date"),
        "later": lambda value: _around(value, "earlier by {}", "neither earlier nor later", "later by {}"),
        "longer": lambda value: _around(value, "{} shorter than", "as long as", "{} longer than"),
        "share": lambda value: f"{_digits(100 * value, 1)} %",
        "percent": lambda value: f"{_digits(value, 2)} %",
        "times": lambda value: f"{_digits(value, 1 if value >= 1 else 2)} times",
        "more": _more,
        "number": lambda value: _digits(value, 1),
        "weekday": lambda value: WEEKDAYS[int(value) % 7],
        "size": lambda value: SIZES[min(max(int(value), 1), 3) - 1],
    }
)
