"""The same season a year ago: the quarter behind us against last year's, and what the quarter ahead of us was like.

A year is 365 days. Last year's quarter is ``(as_of - 455, as_of - 365]``; the coming one, a year ago, is
``(as_of - 365, as_of - 275]``.
"""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature
from features.windows import ratio, sum_of_known

YEAR: Final = 365
QUARTER: Final = 90
GRACE: Final = 5

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "invoiced_to_last_year_90d",
        "Amount invoiced in the last 90 days over that of the same 90 days a year earlier, less 1.",
        "ratio",
        -1,
        INF,
        "nothing with a known amount was invoiced in those days a year earlier",
        0,
        "activity",
    ),
    Feature(
        "late5_share_same_season",
        "Share of invoices paid 5 or more days late among those settled in the coming 90 days of a year ago.",
        "share",
        0,
        1,
        "no item was settled in those days",
        1,
        "payment_behaviour",
    ),
    Feature(
        "invoiced_same_season_share",
        "Part of the amount invoiced in the last 365 days that fell in the first 90 of them, the coming season.",
        "share",
        0,
        1,
        "nothing with a known amount was invoiced in the last 365 days",
        0,
        "activity",
    ),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    recent, season = within(seen.age, QUARTER), _between(seen.age, YEAR - QUARTER, YEAR)
    last_year = _between(seen.age, YEAR, YEAR + QUARTER)
    settled = seen.is_settled & _between(seen.settled_age, YEAR - QUARTER, YEAR)
    return {
        "recent_items": seen.count(where=recent),
        "recent_money": seen.amount.sum(where=recent),
        "last_year_money": seen.amount.sum(where=last_year),
        "season_items": seen.count(where=season),
        "season_money": seen.amount.sum(where=season),
        "year_money": seen.amount.sum(where=within(seen.age, YEAR)),
        "season_settled": seen.count(where=settled),
        "season_late5": seen.count(where=settled & (seen.days_late >= GRACE)),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    recent = sum_of_known(sums.recent_money, sums.recent_items)
    return {
        "invoiced_to_last_year_90d": ratio(recent, sums.last_year_money) - 1.0,
        "late5_share_same_season": ratio(sums.season_late5, sums.season_settled),
        "invoiced_same_season_share": ratio(sum_of_known(sums.season_money, sums.season_items), sums.year_money),
    }


def _between(age: Any, youngest: int, oldest: int) -> Any:
    """Whether something lies in ``(as_of - oldest, as_of - youngest]``."""
    return (age >= youngest) & (age < oldest)
