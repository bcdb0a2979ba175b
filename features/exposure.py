"""The highest exposure that the customer has shown to pay in terms."""

from typing import Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature
from features.windows import number

LOOKBACK: Final = 365

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "peak_paid_in_terms_365d",
        "Peak of the running sum, from issue to settlement, of the invoices issued in the last 365 days that were "
        "settled no later than due.",
        "money",
        0,
        INF,
        "no invoice of the window with a known amount was settled in terms",
        -1,
        "exposure",
    ),
)


def facts(seen: ibis.Table) -> ibis.Table:
    """One row per case with an item paid in terms: ``case_no`` and the feature.

    Each item adds its amount on the issue date and takes it away on the settlement date; the sum is read at the end
    of each day. An item settled on its issue day or before was never an exposure, but counts as paid.
    """
    paid = seen.filter(seen.is_settled & (seen.days_late <= 0) & within(seen.age, LOOKBACK) & seen.amount.notnull())
    issued_day = paid.as_of_day - paid.age
    left_day = ibis.greatest(paid.settled_day, issued_day)
    moves = ibis.union(
        paid.select("case_no", "amount", day=issued_day),
        paid.select("case_no", day=left_day, amount=(-paid.amount).cast(paid.amount.type())).select(
            "case_no", "amount", "day"
        ),
    )
    by_day = moves.group_by("case_no", "day").agg(move=moves.amount.sum())
    so_far = ibis.cumulative_window(group_by="case_no", order_by="day")
    level = by_day.mutate(level=by_day.move.sum().over(so_far))
    return level.group_by("case_no").agg(peak_paid_in_terms_365d=number(level.level.max()))
