"""Altman's Z'' for firms that are neither listed nor manufacturers: how near a balance sheet is to distress.

Source: E. I. Altman, Corporate Financial Distress and Bankruptcy (1993), the four-variable model, without the constant
that the emerging-market score adds: Z'' = 6.56 X1 + 3.26 X2 + 6.72 X3 + 1.05 X4; above 2.6 safe, below 1.1 distress.
"""

from typing import TYPE_CHECKING, Any, Final, TypeVar

import ibis

from features.catalogue import INF, Feature
from features.statement_ratios import latest_statement, over

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

T = TypeVar("T")

SAFE_ABOVE: Final = 2.6
DISTRESS_BELOW: Final = 1.1
_NO_PART: Final = (
    "there is no statement, or the latest lacks a part of it, or total assets or liabilities are not above 0"
)

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "altman_z2",
        "Altman's Z'' of the latest statement, earnings brought to a year.",
        "score",
        -INF,
        INF,
        _NO_PART,
        -1,
        "financials",
    ),
    Feature(
        "altman_zone",
        "Zone of Altman's Z'': 2 safe (above 2.6), 1 grey, 0 distress (below 1.1).",
        "zone",
        0,
        2,
        _NO_PART,
        -1,
        "financials",
    ),
)


def z_double_prime(liquidity: T, retained: T, earnings: T, gearing: T) -> T:
    """Altman's Z'', on numbers or on float64 columns.

    Args:
        liquidity: X1, working capital over total assets.
        retained: X2, retained earnings over total assets.
        earnings: X3, earnings of a year before interest and tax over total assets.
        gearing: X4, book equity over total liabilities.

    Returns:
        The score, not bounded; null where an input is.

    Example:
        6.56 x 0.25 + 3.26 x 0.5 + 6.72 x 0.125 + 1.05 x 2 = 1.64 + 1.63 + 0.84 + 2.1

        >>> round(z_double_prime(0.25, 0.5, 0.125, 2.0), 10)
        6.21
    """
    x1, x2, x3, x4 = (_any(value) for value in (liquidity, retained, earnings, gearing))
    z: T = 6.56 * x1 + 3.26 * x2 + 6.72 * x3 + 1.05 * x4
    return z


def zone(z: float) -> int:
    """2 safe, 1 grey, 0 distress; the bounds themselves are grey.

    Example:
        >>> zone(2.61), zone(2.6), zone(1.1), zone(1.09)
        (2, 1, 1, 0)
    """
    return int(z > SAFE_ABOVE) + int(z >= DISTRESS_BELOW)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a statement: ``case_no`` and the features."""
    rows = latest_statement(sight)
    scored = rows.mutate(
        z=z_double_prime(
            over(rows.current_assets - rows.current_liabilities, rows.total_assets),
            over(rows.retained_earnings, rows.total_assets),
            over(rows.ebit, rows.total_assets) * rows.to_a_year,
            over(rows.equity, rows.total_liabilities),
        )
    )
    is_safe, is_past_distress = scored.z > SAFE_ABOVE, scored.z >= DISTRESS_BELOW
    return scored.select(
        "case_no",
        altman_z2=scored.z,
        altman_zone=(is_safe.cast("int8") + is_past_distress.cast("int8")).cast("float64"),
    )


def _any(value: object) -> Any:
    return value
