"""The committee's numbers for credit limits, checked as they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from policy.money import CENT, ONE, ZERO

SHARES = ("lgd", "pd_floor", "turnover_share", "net_worth_share", "working_capital_share", "concentration_share")
AMOUNTS = ("expected_loss_budget", "rounding_step", "approval_above")


class NoAmountsForCurrencyError(LookupError):
    """The policy states no amounts in that currency.

    Attributes:
        currency: The currency asked for.
        allowed: The currencies for which the policy states amounts, sorted.
    """

    def __init__(self, currency: str, allowed: tuple[str, ...]) -> None:
        self.currency = currency
        self.allowed = allowed
        super().__init__(
            f"The limit policy states no amounts in {currency}, only in {', '.join(allowed) or 'no currency'}; "
            f"add {currency} under `money` with a new start date."
        )


class LimitPolicyError(ValueError):
    """A parameter of the limit policy is missing or not a number it may be.

    Attributes:
        name: The parameter.
        got: What the file holds.
    """

    def __init__(self, name: str, got: object, allowed: str) -> None:
        self.name = name
        self.got = got
        super().__init__(f"Limit policy: {name} must be {allowed}, got {got!r}.")


@dataclass(frozen=True)
class LimitPolicy:
    """The numbers in force, for one currency.

    Attributes:
        reference: The committee's decision.
        currency: ISO 4217 code of the amounts.
        lgd: Loss given default, share in (0, 1].
        pd_floor: Smallest probability of default that a limit is computed with, share in (0, 1].
        tolerated_delay_days: Days of delay that the need allows for, >= 0.
        turnover_share: Part of the customer's yearly turnover, share in [0, 1].
        net_worth_share: Part of its tangible net worth, share in [0, 1].
        working_capital_share: Part of its working capital, share in [0, 1].
        concentration_share: Part of own yearly sales, share in [0, 1].
        behaviour_factor: Multiple of the peak exposure it paid in terms, >= 0.
        change_share: Largest rise in one review as a share of the limit in force, >= 0.
        expected_loss_budget: Loss a year that one customer may be expected to cost, money > 0.
        rounding_step: Limits are multiples of it, money, a positive multiple of 0.01.
        approval_above: Above this a person approves, money >= 0.
    """

    reference: str
    currency: str
    lgd: Decimal
    pd_floor: Decimal
    tolerated_delay_days: Decimal
    turnover_share: Decimal
    net_worth_share: Decimal
    working_capital_share: Decimal
    concentration_share: Decimal
    behaviour_factor: Decimal
    change_share: Decimal
    expected_loss_budget: Decimal
    rounding_step: Decimal
    approval_above: Decimal

    def __post_init__(self) -> None:
        for name in SHARES:
            if getattr(self, name) > ONE:
                raise LimitPolicyError(name, getattr(self, name), "a share of at most 1")
        for name in ("lgd", "pd_floor", "expected_loss_budget", "rounding_step"):
            if getattr(self, name) == ZERO:
                raise LimitPolicyError(name, getattr(self, name), "more than zero")
        if self.rounding_step % CENT:
            raise LimitPolicyError("rounding_step", self.rounding_step, "a multiple of 0.01")

    @classmethod
    def from_values(cls, values: Mapping[str, Any], *, currency: str) -> "LimitPolicy":
        """The policy from the values of one start date.

        Args:
            values: Parameter by name; numbers as text or integers, amounts under ``money`` by currency.
            currency: ISO 4217 code of the book.

        Raises:
            NoAmountsForCurrencyError: The values hold no amounts in ``currency``.
            LimitPolicyError: A parameter is missing, no number, or out of its range.
        """
        money: Mapping[str, Mapping[str, Any]] = values.get("money", {})
        if currency not in money:
            raise NoAmountsForCurrencyError(currency, tuple(sorted(money)))
        reference = values.get("reference")
        if not isinstance(reference, str) or not reference:
            raise LimitPolicyError("reference", reference, "the committee's decision as text")
        found = {**values, **money[currency]}
        numbers = [field.name for field in fields(cls) if field.name not in ("reference", "currency")]
        return cls(reference=reference, currency=currency, **{name: _number(name, found.get(name)) for name in numbers})


def _number(name: str, got: object) -> Decimal:
    allowed = "a number of at least 0, written as text"
    if isinstance(got, bool) or not isinstance(got, str | int | Decimal):
        raise LimitPolicyError(name, got, allowed)
    try:
        number = Decimal(got)
    except InvalidOperation:
        raise LimitPolicyError(name, got, allowed) from None
    if not number.is_finite() or number < ZERO:
        raise LimitPolicyError(name, got, allowed)
    return number
