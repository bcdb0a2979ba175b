"""Why a limit is what it is, and what would raise it, in controlled sentences."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from policy.caps import Cap
from policy.money import written

SENTENCES: Final = {
    "need": "The customer's purchases and terms need no more",
    "capacity_turnover": "The customer's turnover carries no more",
    "capacity_net_worth": "The customer's tangible net worth carries no more",
    "capacity_working_capital": "The customer's working capital carries no more",
    "expected_loss_budget": "At this probability of default a higher limit would cost more than the loss budget",
    "concentration": "One customer may take no larger share of own business",
    "behaviour": "The customer has not yet paid a larger exposure within terms",
    "change": "One review may not raise the limit further",
}
LEVERS: Final = {
    "need": "Sales to the customer or its terms would have to grow",
    "capacity_turnover": "The customer's turnover would have to grow",
    "capacity_net_worth": "The customer's tangible net worth would have to grow",
    "capacity_working_capital": "The customer's working capital would have to grow",
    "expected_loss_budget": "The customer's probability of default would have to fall",
    "concentration": "Own sales would have to grow",
    "behaviour": "The customer would have to pay a larger exposure within terms",
    "change": "The next review may raise it again",
}


def limit_reasons(known: Sequence[Cap], amount: Decimal | None) -> tuple[str, ...]:
    """Why the limit is what it is.

    Args:
        known: The known caps, smallest first.
        amount: The recommended limit, None without a known cap.

    Returns:
        The binding cap with its sum, then what became of it.
    """
    if amount is None or not known:
        return ("No cap on the limit is known.",)
    binding = known[0]
    reason = f"{SENTENCES[binding.name]}: {binding.formula}."
    if amount == binding.amount:
        return (reason,)
    return (reason, f"Rounded down to {written(amount)}.")


def to_raise(known: Sequence[Cap], caps: Sequence[Cap]) -> str:
    """What would have to change for a higher limit, with the next cap and its amount.

    Args:
        known: The known caps, smallest first.
        caps: All caps.
    """
    if not known:
        return "Supply what any one cap lacks."
    lever = LEVERS[known[0].name]
    if len(known) == 1:
        unknown = ", ".join(cap.name for cap in caps if not cap.known and cap.name != "change")
        return f"{lever}. No other cap is known ({unknown}), so how far it could rise is not known."
    following = known[1]
    return f"{lever}. The next cap is {following.name}: {following.formula}."
