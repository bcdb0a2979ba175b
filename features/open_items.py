"""What is owed at ``as_of``, and how far past due.

Open amounts are what is left after partial payments and assigned credit notes. An open dispute over the whole of an
invoice stops its clock; over a part, that part is not overdue and the rest is. Once the dispute is closed the clock
goes on from where it stood: days in dispute never count as past due.
"""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature, counted, summed
from features.windows import number, ratio, sum_of_known

DPD_WINDOWS: Final = {"90d": 90, "365d": 365}
_NOTHING_OPEN: Final = "nothing is open"

FEATURES: Final[tuple[Feature, ...]] = (
    counted("open_count", "Open invoices.", "invoices", 0, "open_items"),
    summed("open_amount", "Amount of the open invoices, less partial payments and credit notes.", 0, "open_items"),
    counted("open_amount_missing_count", "Open invoices without a known amount.", "invoices", 0, "open_items"),
    counted("overdue_count", "Invoices past due.", "invoices", 1, "open_items"),
    summed("overdue_amount", "Amount past due, without disputed parts.", 1, "open_items"),
    counted("overdue5_count", "Invoices 5 or more days past due.", "invoices", 1, "open_items"),
    counted("overdue30_count", "Invoices 30 or more days past due.", "invoices", 1, "open_items"),
    Feature(
        "overdue_share",
        "Part of the open amount that is past due.",
        "share",
        0,
        1,
        "no open amount is known",
        1,
        "open_items",
    ),
    Feature(
        "oldest_overdue_days",
        "Days past due of the invoice that is furthest past due; 0 when none is.",
        "days",
        0,
        INF,
        "the customer is unknown",
        1,
        "open_items",
        empty=0.0,
    ),
    Feature(
        "oldest_open_age_days",
        "Days since issue of the oldest open invoice.",
        "days",
        0,
        INF,
        _NOTHING_OPEN,
        0,
        "open_items",
    ),
    Feature(
        "due_soon_count",
        "Open invoices that fall due in the next 30 days.",
        "invoices",
        0,
        INF,
        "the customer is unknown",
        0,
        "open_items",
        empty=0.0,
    ),
    *(
        Feature(
            f"worst_dpd_{window}",
            f"Most days past due, less days in dispute, of an invoice settled in the last {days} days or still open.",
            "days",
            0,
            INF,
            "nothing was settled in the window and nothing is open",
            1,
            "recent_lateness" if window == "90d" else "payment_behaviour",
        )
        for window, days in DPD_WINDOWS.items()
    ),
    summed("disputed_open_amount", "Disputed part of the open amount.", 0, "disputes"),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    is_open, is_overdue = seen.is_open, seen.is_overdue
    found = {
        "open_items": seen.count(where=is_open),
        "open_money": seen.remaining.sum(where=is_open),
        "open_unpriced": seen.count(where=is_open & seen.remaining.isnull()),
        "overdue_items": seen.count(where=is_overdue),
        "overdue_money": seen.undisputed.sum(where=is_overdue),
        "overdue5_items": seen.count(where=is_overdue & (seen.dpd >= 5)),
        "overdue30_items": seen.count(where=is_overdue & (seen.dpd >= 30)),
        "dpd_max": seen.dpd.max(where=is_open),
        "open_age_max": seen.age.max(where=is_open),
        "due_soon_items": seen.count(where=is_open & (seen.due_age <= 0) & (seen.due_age > -30)),
        "disputed_money": seen.disputed_amount.sum(where=is_open),
    }
    for window, days in DPD_WINDOWS.items():
        here = seen.is_settled & within(seen.settled_age, days)
        found[f"settled_dpd_{window}"] = seen.settled_dpd.max(where=here)
    return found


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    open_items = sums.open_items
    worst = {
        f"worst_dpd_{window}": number(_greater(sums[f"settled_dpd_{window}"], sums.dpd_max)) for window in DPD_WINDOWS
    }
    return worst | {
        "open_count": number(open_items),
        "open_amount": sum_of_known(sums.open_money, open_items),
        "open_amount_missing_count": number(sums.open_unpriced),
        "overdue_count": number(sums.overdue_items),
        "overdue_amount": sum_of_known(sums.overdue_money, sums.overdue_items),
        "overdue5_count": number(sums.overdue5_items),
        "overdue30_count": number(sums.overdue30_items),
        "overdue_share": ratio(sum_of_known(sums.overdue_money, sums.overdue_items), sums.open_money),
        "oldest_overdue_days": number(sums.dpd_max).fill_null(0.0),
        "oldest_open_age_days": number(sums.open_age_max),
        "due_soon_count": number(sums.due_soon_items),
        "disputed_open_amount": sum_of_known(sums.disputed_money, open_items),
    }


def _greater(left: Any, right: Any) -> Any:
    """The greater of two, or the one that is there (backends differ in what ``greatest`` makes of a null)."""
    return ibis.greatest(ibis.coalesce(left, right), ibis.coalesce(right, left))
