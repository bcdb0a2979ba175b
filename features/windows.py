"""The lookback windows, and ratios whose missing stays missing."""

from typing import Any, Final

import ibis

LOOKBACKS: Final = {"30d": 30, "90d": 90, "180d": 180, "365d": 365}
"""Name and days of the standard lookbacks ``(as_of - n, as_of]``."""

EVER: Final = {**LOOKBACKS, "ever": None}
"""The lookbacks and everything before ``as_of``."""


def number(value: Any) -> Any:
    """The value as a 64-bit float column, the type of every feature."""
    return value.cast("float64")


def ratio(numerator: Any, denominator: Any) -> Any:
    """Numerator over denominator as float64, null where the denominator is 0 or either is null."""
    return number(numerator) / number(denominator).nullif(0.0)


def at_least(minimum: int, count: Any, value: Any) -> Any:
    """The value where ``count`` reaches the minimum, else null."""
    return ibis.ifelse(count >= minimum, value, ibis.null("float64"))


def sum_of_known(total: Any, count: Any) -> Any:
    """A sum of money: 0 where there is nothing to add, null where there is something but no amount is known."""
    return ibis.ifelse(count == 0, ibis.literal(0.0, "float64"), number(total))
