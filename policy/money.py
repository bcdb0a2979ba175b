"""Amounts and shares: exact, rounded down, and written so that a person can recompute them."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")
LARGEST: Final = Decimal(10) ** 16
"""Amounts are smaller than this; the contracts' decimal(20, 4) holds no larger one."""

_CONTEXT: Final = Context(prec=50, rounding=ROUND_DOWN)


@contextmanager
def arithmetic() -> Iterator[None]:
    """Fifty digits, rounded down, whatever context the caller has set for its thread."""
    with localcontext(_CONTEXT):
        yield


def round_down(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` that does not exceed ``amount``.

    Args:
        amount: Money, in [0, 1e16).
        step: Money, a positive multiple of 0.01.

    Returns:
        Money in ``[0, amount]`` with two places.

    Example:
        >>> round_down(Decimal("12345.67"), Decimal("500"))
        Decimal('12000.00')
    """
    with arithmetic():
        return (amount // step * step).quantize(CENT)


def to_cents(amount: Decimal) -> Decimal:
    """``amount`` with two places, ties to the even cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


def written(amount: Decimal) -> str:
    """Money with two places and thousands apart.

    Example:
        >>> written(Decimal("1200000"))
        '1,200,000.00'
    """
    return f"{amount:,.2f}"


def written_share(share: Decimal) -> str:
    """A share as a percentage, with every digit it has.

    Example:
        >>> written_share(Decimal("0.015")), written_share(Decimal("0.5"))
        ('1.5 %', '50 %')
    """
    return f"{plain(share * 100)} %"


def plain(number: Decimal) -> str:
    """A number without exponent or trailing zeros.

    Example:
        >>> plain(Decimal("30.00")), plain(Decimal("1E+2"))
        ('30', '100')
    """
    return f"{number.normalize():f}"
