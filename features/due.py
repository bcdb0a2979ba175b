"""What fell due and whether it was paid: unlike shares of settled items, it misses nobody who simply does not pay."""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import Feature, counted
from features.windows import LOOKBACKS, number, ratio

GRACE: Final = 5


def _features(window: str) -> tuple[Feature, Feature]:
    words = f"that fell due in the last {window[:-1]} days, and at least {GRACE} days ago"
    group = "recent_lateness" if window in ("30d", "90d") else "payment_behaviour"
    return (
        counted(f"due_count_{window}", f"Invoices {words}.", "invoices", 0, group),
        Feature(
            f"due_late5_share_{window}",
            f"Share of the invoices {words} that were not paid within {GRACE - 1} days; open ones count as late.",
            "share",
            0,
            1,
            "no invoice fell due in the window",
            1,
            group,
        ),
    )


FEATURES: Final[tuple[Feature, ...]] = tuple(feature for window in LOOKBACKS for feature in _features(window))


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case; items wholly in dispute or of unknown outcome test nobody."""
    is_late = ~seen.is_settled | (seen.days_late >= GRACE)
    found: dict[str, Any] = {}
    for window, days in LOOKBACKS.items():
        here = seen.is_tested & (seen.due_age >= GRACE) & within(seen.due_age, days)
        found |= {f"due_{window}": seen.count(where=here), f"due_late_{window}": seen.count(where=here & is_late)}
    return found


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    found: dict[str, Any] = {}
    for window in LOOKBACKS:
        due = sums[f"due_{window}"]
        found |= {
            f"due_count_{window}": number(due),
            f"due_late5_share_{window}": ratio(sums[f"due_late_{window}"], due),
        }
    return found
