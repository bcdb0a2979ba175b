"""What a customer or the credit desk can change, and how that is said. A code, once released, keeps its meaning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Lever:
    """A fact that can be made smaller, and so better.

    Attributes:
        feature: Name of the feature; the model must promise that less of it is never more risk.
        code: Code from the controlled list.
        step: Smallest change that is searched and said: 1 for counts, days and money, 0.1 for mean days, 0.001 for
            shares. Values are written to no more places than that.
        unit: How values are written (see ``scoring.quantity``).
        sentence: What would have to change; ``{before}`` and ``{after}`` are the values in words.
        none: The same where it has to come down to 0, the best that can be reached.
    """

    feature: str
    code: str
    step: float
    unit: str
    sentence: str
    none: str


_NOTHING: Final = "Nothing is overdue."
_ITEMS: Final = "count item|items"

_OPEN: Final = (
    Lever("overdue_amount", "C-OPEN-05", 1, "money", "At most {after} is overdue instead of {before}.", _NOTHING),
    Lever("overdue_count", "C-OPEN-01", 1, _ITEMS, "Overdue is at most {after} instead of {before}.", _NOTHING),
    Lever(
        "oldest_overdue_days",
        "C-OPEN-02",
        1,
        "days",
        "The oldest overdue item is at most {after} past due instead of {before}.",
        _NOTHING,
    ),
    Lever(
        "overdue5_count",
        "C-OPEN-06",
        1,
        _ITEMS,
        "At most {after} instead of {before} overdue by 5 or more days.",
        "No item is 5 or more days overdue.",
    ),
    Lever(
        "overdue30_count",
        "C-OPEN-07",
        1,
        _ITEMS,
        "At most {after} instead of {before} overdue by 30 or more days.",
        "No item is 30 or more days overdue.",
    ),
    Lever(
        "overdue_share",
        "C-OPEN-08",
        0.001,
        "share",
        "At most {after} of the open amount is overdue instead of {before}.",
        _NOTHING,
    ),
)
_LATEST: Final = Lever(
    "last_days_late",
    "C-LATE-10",
    1,
    "days",
    "On the next payment day, no invoice is paid more than {after} late; on the latest it was {before}.",
    "On the next payment day, no invoice is paid late; on the latest it was {before}.",
)


def _recent(days: int) -> Iterator[Lever]:
    yield Lever(
        f"days_late_mean_{days}d",
        f"C-LATE-01-{days}",
        0.1,
        "days",
        f"Over {days} days, invoices are paid at most {{after}} late on average instead of {{before}}.",
        f"Over {days} days, invoices are paid by the due date on average instead of {{before}} late.",
    )
    yield Lever(
        f"late5_share_{days}d",
        f"C-LATE-03-{days}",
        0.001,
        "share",
        f"Over {days} days, at most {{after}} of the invoices are paid 5 or more days late instead of {{before}}.",
        f"Over {days} days, no invoice is paid 5 or more days late instead of {{before}} of them.",
    )
    yield Lever(
        f"due_late5_share_{days}d",
        f"C-LATE-16-{days}",
        0.001,
        "share",
        f"Of the invoices falling due in {days} days, at most {{after}} are unpaid after 4 days instead of {{before}}.",
        f"Of the invoices falling due in {days} days, none is unpaid after 4 days instead of {{before}} of them.",
    )


_WORST: Final = Lever(
    "worst_dpd_90d",
    "C-LATE-17",
    1,
    "days",
    "Over 90 days, no invoice is more than {after} past due instead of {before}.",
    "Over 90 days, no invoice is past due at all; the worst was by {before}.",
)


def _latest_share(feature: str, code: str, late: str) -> Lever:
    return Lever(
        feature,
        code,
        0.001,
        "share",
        f"With the latest weighing most, at most {{after}} of the invoices come {late} instead of {{before}}.",
        f"With the latest weighing most, no invoice comes {late} instead of {{before}} of them.",
    )


_WEIGHTED: Final = (
    _latest_share("late5_share_recent", "C-LATE-18", "5 or more days late"),
    _latest_share("late1_share_recent", "C-LATE-19", "late"),
)

LEVERS: Final = (*_OPEN, _LATEST, *_recent(30), *_recent(90), _WORST, *_WEIGHTED)
"""In the order in which equally large changes are preferred."""

ONE_STATE: Final = ("overdue_amount", "overdue_count", "oldest_overdue_days", "overdue_share")
"""Whether anything is overdue, seen four ways: they reach 0 together, and take ``EMPTY_WHEN`` with them."""

EMPTY_WHEN: Final[Mapping[str, float]] = MappingProxyType({"overdue5_count": 5.0, "overdue30_count": 30.0})
"""Counts of items so many days overdue: none is, once the oldest is less."""

WITHIN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"overdue_count": ("overdue5_count", "overdue30_count"), "overdue5_count": ("overdue30_count",)}
)
"""Counts that are part of another count, and so never more than it."""

BOUNDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "worst_dpd_90d": (
            "oldest_overdue_days",
            "days_late_worst_30d",
            "days_late_worst_90d",
            "days_late_mean_30d",
            "days_late_mean_90d",
        ),
        "late1_share_recent": ("late5_share_recent",),
    }
)
"""Facts that cannot be more than another one, once that one is changed."""

AGES: Final = ("oldest_overdue_days", "worst_dpd_90d")
"""Facts that bound how many days any open item is overdue; at 0, nothing is."""
