"""The shape of the answer to the limit question. Money and shares are text, so that no client rounds them."""

from typing import Annotated

from pydantic import Field

from serving.answers import CustomerAnswer, DistressAnswer, RiskAnswer, Shape, no_default

Money = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2}$")]
"""An amount in the currency of the answer, as text with two places."""
ShareText = Annotated[str, Field(pattern=r"^(0(\.[0-9]+)?|1)$")]
"""A share from 0 to 1, as text with every digit it has."""
NumberText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A number as text with every digit it has."""


class CapAnswer(Shape):
    """One upper bound of the limit, with its sum."""

    name: str = Field(description="Its name in the policy.")
    known: bool = Field(description="Whether it has an amount; an unknown cap is no infinite one.")
    amount: Money | None = Field(description="Money in currency, text with two places; null while it is unknown.")
    formula: str = Field(description="The sum with its numbers, or what it lacks.")
    inputs: dict[str, NumberText] = Field(
        description="What it was computed from, by name: money in currency, days, and shares from 0 to 1, as text."
    )
    missing: list[str] = Field(description="Names of the inputs it lacks; empty when it is known.")


class ExpectedLossAnswer(Shape):
    """Loss to be expected within twelve months if the limit is fully used: amount = pd_12m x lgd x ead."""

    amount: Money = Field(description="Money in currency, text with two places, rounded up.")
    pd_12m: ShareText = Field(
        description="Probability of default that was used, 0 to 1; never below the policy's floor."
    )
    lgd: ShareText = Field(description="Loss given default, 0 to 1, cover already reflected in it.")
    ead: Money = Field(description="Exposure at default: the recommended limit, money in currency.")
    formula: str = Field(description="The sum written out.")


class LimitAnswer(CustomerAnswer):
    """The recommended credit limit, with every cap and its sum. It recommends and never sets."""

    recommended_limit: Money | None = Field(
        description="Money in currency, text with two places; null where no cap is known or no policy is in force."
    )
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of every amount.")
    binding_cap: str | None = Field(description="Name of the cap that set the limit; null without a limit.")
    next_cap: CapAnswer | None = Field(description="The cap that would set it if the binding one were lifted.")
    caps: list[CapAnswer] = Field(description="All caps, unknown ones included; empty if no policy is in force.")
    limit_reasons: list[str] = Field(description="Why the limit is what it is, the binding cap first.")
    to_raise: str = Field(description="What would have to change for a higher limit.")
    expected_loss: ExpectedLossAnswer | None = Field(
        description="Null where pd_12m is not known or no limit is recommended."
    )
    needs_approval: bool = Field(description="Whether a person has to approve the amount.")
    approvals: list[str] = Field(description="Why a person has to approve it; empty if nobody has to.")
    risk: RiskAnswer | None = Field(description="The default risk; null in a release without a model of default.")
    distress: DistressAnswer | None = Field(
        default=None,
        description="Of a customer without a payment history; null for any other. Only in releases with such a model.",
        json_schema_extra=no_default,
    )
