"""Cover for the customer's debt: credit insurance, guarantees, letters of credit, deposits."""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows
from features.catalogue import INF, Feature, counted, summed
from features.versions import day_number
from features.windows import number, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

_MILLION: Final = 1_000_000
_WHOLE: Final = 100.0 * _MILLION  # all of an amount, in millionths of a percent

FEATURES: Final[tuple[Feature, ...]] = (
    summed(
        "secured_amount",
        "Most that the valid securities pay: amount times covered part, all of it where none is stated.",
        0,
        "exposure",
    ),
    summed("insured_amount", "Part of the secured amount that credit insurance pays.", 0, "exposure"),
    counted("security_count", "Securities that are valid.", "securities", 0, "exposure"),
    Feature(
        "security_days_to_expiry",
        "Days until the last day of the valid security that ends first; 0 on that day.",
        "days",
        0,
        INF,
        "no security is valid, or all stand until further notice",
        0,
        "exposure",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a valid security: ``case_no`` and the features."""
    begun = seen_rows(sight, "securities", "valid_from_on", money=("amount",))
    begun = begun.mutate(days_left=day_number(begun.valid_to_on) - begun.as_of_day)
    rows = begun.filter((begun.days_left >= 0).fill_null(True))
    # Amount times millionths of a percent: DECIMAL times an integer stays exact on every engine.
    millionths = (rows.covered_percent * _MILLION).cast("int64").fill_null(100 * _MILLION)
    rows = rows.mutate(covered=rows.amount * millionths)
    is_insurance = rows.kind == "INSURANCE"
    sums = rows.group_by("case_no").agg(
        securities=rows.count(),
        covered=rows.covered.sum(),
        insurances=rows.count(where=is_insurance),
        insured=rows.covered.sum(where=is_insurance),
        days_left=rows.days_left.min(),
    )
    return sums.select(
        "case_no",
        secured_amount=sum_of_known(sums.covered, sums.securities) / _WHOLE,
        insured_amount=sum_of_known(sums.insured, sums.insurances) / _WHOLE,
        security_count=number(sums.securities),
        security_days_to_expiry=number(sums.days_left),
    )
