"""The shape of the answer to the late-payment question."""

from datetime import date

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving.answers import CustomerAnswer, ReasonAnswer, Shape, Share, no_default


class PaymentAnswer(Shape):
    """When the invoice will be paid."""

    expected_on: date | None = Field(
        description="Mean day of payment of those that pay within a year; null if none is expected to."
    )
    on_due_date_prob: float = Field(ge=0, le=1, description="Probability of payment on the very due date.")
    interval_level: float = Field(
        gt=0,
        lt=1,
        description="Share of the invoices not paid on the due date that are paid from the one day to the other.",
    )
    from_on_if_not_on_due_date: date = Field(description="First day of that interval.")
    to_on_if_not_on_due_date: date | None = Field(description="Its last day; null if that lies beyond a year.")
    late_prob_by_days: dict[str, Share] = Field(
        description="Days of grace (1, 5, 15, 30, 60, 90) to the probability that it is still open so many days after "
        "its due date."
    )
    not_within_a_year_prob: float = Field(ge=0, le=1, description="Probability that it is not paid within a year.")


class LatePaymentAnswer(CustomerAnswer):
    """How likely the invoice is to be paid late, and when it will be paid."""

    late_prob_5d: float = Field(
        ge=0, le=1, description="Probability that it is not settled before the fifth day after its due date."
    )
    reasons: list[ReasonAnswer] = Field(
        max_length=4, description="What raises the probability above the mean, the weightiest first; empty if nothing."
    )
    payment: PaymentAnswer | SkipJsonSchema[None] = Field(
        default=None,
        description="Absent where the model states no delays.",
        json_schema_extra=no_default,
    )
