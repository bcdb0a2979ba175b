"""From the horizon a model was trained for to the twelve months that limits and losses use."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from policy.money import ONE, ZERO, arithmetic

PD_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True)
class TwelveMonths:
    """A probability of default within twelve months, and how it came about.

    Attributes:
        pd_12m: Share in [0, 1], six places, rounded up.
        note: One sentence for the record.
    """

    pd_12m: Decimal
    note: str


def twelve_months_from_180_days(pd_180d: Decimal) -> TwelveMonths:
    """Stretch a probability over 180 days to 365, as if the hazard stayed the same.

    Args:
        pd_180d: Probability of default within 180 days, share in [0, 1].

    Returns:
        The converted probability, never below ``pd_180d``, with a note that says it was converted.

    Raises:
        ValueError: ``pd_180d`` is not a share.

    Example:
        >>> twelve_months_from_180_days(Decimal("0.02")).pd_12m
        Decimal('0.040139')
    """
    if not (pd_180d.is_finite() and ZERO <= pd_180d <= ONE):
        raise ValueError(f"pd_180d must lie in [0, 1], got {pd_180d}")
    with arithmetic():
        survived = (ONE - pd_180d) ** (Decimal(365) / Decimal(180)) if pd_180d < ONE else ZERO
        pd_12m = (ONE - survived).quantize(PD_PLACES, rounding=ROUND_CEILING)
    note = (
        f"pd_12m {pd_12m} is converted from pd_180d {pd_180d:f} as 1 - (1 - pd_180d)^(365/180), "
        "an equal hazard over the year; no model of twelve months exists yet."
    )
    return TwelveMonths(min(pd_12m, ONE), note)


def least_180_days_of(pd_12m: Decimal) -> Decimal:
    """The probability over 180 days above which `twelve_months_from_180_days` gives at least ``pd_12m``.

    Args:
        pd_12m: Probability of default within twelve months, a share in [0, 1) of six places at most.

    Returns:
        A share in [0, 1): all above it, and none at or below it, is converted to ``pd_12m`` or more; 0 for 0, where
        0 itself is too.

    Raises:
        ValueError: ``pd_12m`` is not such a share.

    Example:
        >>> edge = least_180_days_of(Decimal("0.040139"))
        >>> [twelve_months_from_180_days(edge + step).pd_12m for step in (Decimal("-1e-12"), Decimal("1e-12"))]
        [Decimal('0.040138'), Decimal('0.040139')]
    """
    if not (pd_12m.is_finite() and ZERO <= pd_12m < ONE) or pd_12m != pd_12m.quantize(PD_PLACES):
        raise ValueError(f"pd_12m must lie in [0, 1) and have six places at most, got {pd_12m}")
    if not pd_12m:
        return ZERO
    with arithmetic():  # rounded up, so that what is more than a place below becomes it
        return ONE - (ONE - pd_12m + PD_PLACES) ** (Decimal(180) / Decimal(365))
