"""The caps on a credit limit, each with its sum written out.

A cap whose inputs are missing is not an infinite one: it is listed as unknown, with what it lacks.
Every amount is rounded down to the cent, a negative one to zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from policy.limit_inputs import LimitInputs
from policy.limit_policy import LimitPolicy
from policy.money import CENT, ZERO, arithmetic, plain, round_down, written, written_share

MONTH_DAYS: Final = 30


@dataclass(frozen=True)
class Cap:
    """One upper bound of the limit.

    Attributes:
        name: Its name in policy and records.
        amount: Money with two places, None while it is unknown.
        formula: The sum with its numbers, or what it lacks.
        inputs: What it was computed from, by name.
        missing: Names of the inputs it lacks, empty when it is known.
    """

    name: str
    amount: Decimal | None
    formula: str
    inputs: Mapping[str, Decimal] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether it has an amount."""
        return self.amount is not None


def need(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """Sales of a month x (terms + tolerated delay) / 30; the busier of the last 90 and 365 days counts.

    A customer that bought nothing shows no need, which is not a need of nothing: the cap is unknown.
    """
    sales = [(amount, days) for amount, days in ((inputs.invoiced_90d, 90), (inputs.invoiced_365d, 365)) if amount]
    terms, delay = inputs.terms_days, policy.tolerated_delay_days
    if not sales or terms is None:
        return _unknown("need", _absent(sales_of_the_last_365_days=sales or None, terms_days=terms))
    amount, days = max(sales, key=lambda sale: sale[0] / sale[1])
    return _known(
        "need",
        # One division, and last: a quotient cut short before it is multiplied would lose a cent.
        amount * MONTH_DAYS * (terms + delay) / (days * MONTH_DAYS),
        f"{written(amount)} x {MONTH_DAYS} / {days} x ({plain(terms)} + {plain(delay)}) / {MONTH_DAYS}",
        _given(inputs, "invoiced_90d", "invoiced_365d", "terms_days") | {"tolerated_delay_days": delay},
    )


def capacity_turnover(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """A share of the customer's yearly turnover."""
    return _share("capacity_turnover", "revenue_12m", inputs.revenue_12m, policy.turnover_share)


def capacity_net_worth(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """A share of its tangible net worth."""
    return _share("capacity_net_worth", "tangible_net_worth", inputs.tangible_net_worth, policy.net_worth_share)


def capacity_working_capital(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """A share of its working capital."""
    return _share("capacity_working_capital", "working_capital", inputs.working_capital, policy.working_capital_share)


def expected_loss_budget(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """The exposure whose expected loss within twelve months uses up the budget: budget / (pd_12m x LGD)."""
    if inputs.pd_12m is None:
        return _unknown("expected_loss_budget", ("pd_12m",))
    pd_12m, budget = max(inputs.pd_12m, policy.pd_floor), policy.expected_loss_budget
    return _known(
        "expected_loss_budget",
        budget / (pd_12m * policy.lgd),
        f"{written(budget)} / ({written_share(pd_12m)} x {written_share(policy.lgd)})",
        {"pd_12m": inputs.pd_12m, "pd_floor": policy.pd_floor, "lgd": policy.lgd, "expected_loss_budget": budget},
    )


def concentration(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """A share of own yearly business, so that one failure cannot take the firm with it."""
    return _share("concentration", "book_sales_365d", inputs.book_sales_365d, policy.concentration_share)


def behaviour(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """A multiple of the largest exposure that the customer has paid within terms."""
    peak, factor = inputs.peak_paid_in_terms, policy.behaviour_factor
    if peak is None:
        return _unknown("behaviour", ("peak_paid_in_terms",))
    sum_ = f"{plain(factor)} x {written(peak)}"
    return _known("behaviour", factor * peak, sum_, {"behaviour_factor": factor, "peak_paid_in_terms": peak})


CREDIT_CAPS: Final[tuple[Callable[[LimitInputs, LimitPolicy], Cap], ...]] = (
    need,
    capacity_turnover,
    capacity_net_worth,
    capacity_working_capital,
    expected_loss_budget,
    concentration,
    behaviour,
)
"""In the order in which they are listed; of two equal ones the first is named as binding."""


def credit_caps(inputs: LimitInputs, policy: LimitPolicy) -> tuple[Cap, ...]:
    """All caps but the one on change, shape (7,)."""
    with arithmetic():
        return tuple(cap(inputs, policy) for cap in CREDIT_CAPS)


def change(inputs: LimitInputs, policy: LimitPolicy) -> Cap:
    """The most that one review may raise a limit in force to.

    A limit of zero cannot be raised by a share of itself, so there the cap is unknown like without a limit.
    """
    limit, share = inputs.limit_in_force, policy.change_share
    if not limit:
        return _unknown("change", ("limit_in_force",))
    with arithmetic():
        sum_ = f"{written(limit)} x (1 + {written_share(share)})"
        return _known("change", limit * (1 + share), sum_, {"limit_in_force": limit, "change_share": share})


def _share(name: str, base_name: str, base: Decimal | None, share: Decimal) -> Cap:
    if base is None:
        return _unknown(name, (base_name,))
    return _known(name, share * base, f"{written_share(share)} x {written(base)}", {base_name: base, "share": share})


def _known(name: str, amount: Decimal, sum_: str, inputs: Mapping[str, Decimal]) -> Cap:
    if amount < ZERO:
        return Cap(name, ZERO.quantize(CENT), f"0.00 = max(0, {sum_})", inputs)
    rounded = round_down(amount, CENT)
    return Cap(name, rounded, f"{written(rounded)} = {sum_}", inputs)


def _unknown(name: str, missing: tuple[str, ...]) -> Cap:
    return Cap(name, None, f"not known: {' and '.join(missing)} missing", missing=missing)


def _absent(**values: object) -> tuple[str, ...]:
    return tuple(name for name, value in values.items() if value is None)


def _given(inputs: LimitInputs, *names: str) -> dict[str, Decimal]:
    return {name: value for name in names if (value := getattr(inputs, name)) is not None}
