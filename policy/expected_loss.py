"""Expected loss: probability of default x loss given default x exposure at default."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from policy.money import CENT, ONE, ZERO, arithmetic, written, written_share


@dataclass(frozen=True)
class ExpectedLoss:
    """An expected loss over twelve months with its arithmetic.

    Attributes:
        amount: Money with two places, rounded up.
        pd_12m: Share in [0, 1].
        lgd: Share in [0, 1].
        ead: Money: the exposure at default.
        formula: The sum written out.
    """

    amount: Decimal
    pd_12m: Decimal
    lgd: Decimal
    ead: Decimal
    formula: str


def expected_loss(*, pd_12m: Decimal, lgd: Decimal, ead: Decimal) -> ExpectedLoss:
    """Loss to be expected within twelve months on an exposure.

    Args:
        pd_12m: Probability of default within twelve months, share in [0, 1].
        lgd: Loss given default, share in [0, 1], cover already reflected in it.
        ead: Exposure at default, money, not negative and not reduced by cover again.

    Returns:
        The loss in the currency of ``ead``, with the sum written out.

    Raises:
        ValueError: A share lies outside [0, 1] or the exposure is negative.

    Example:
        >>> expected_loss(pd_12m=Decimal("0.035"), lgd=Decimal("0.45"), ead=Decimal("10000")).formula
        '157.50 = 3.5 % x 45 % x 10,000.00'
    """
    for name, share in (("pd_12m", pd_12m), ("lgd", lgd)):
        if not ZERO <= share <= ONE:
            raise ValueError(f"{name} must lie in [0, 1], got {share}")
    if ead < ZERO:
        raise ValueError(f"ead must not be negative, got {ead}")
    with arithmetic():
        amount = (pd_12m * lgd * ead).quantize(CENT, rounding=ROUND_CEILING)
    text = f"{written(amount)} = {written_share(pd_12m)} x {written_share(lgd)} x {written(ead)}"
    return ExpectedLoss(amount, pd_12m, lgd, ead, text)
