"""What falls due in each of the coming eight weeks: whether a customer has to pay much at once, and when.

Week ``k`` is ``(as_of + 7k, as_of + 7(k + 1)]``: week 0 begins tomorrow, and what falls due on ``as_of`` is in none.
Wholly disputed invoices are in no week, and of the others the undisputed part, as in ``features.aging``.
"""

from typing import Any, Final

import ibis

from features.catalogue import Feature, counted, summed
from features.windows import number, sum_of_known

WEEKS: Final = 8
DAYS: Final = 7
COUNTS: Final = tuple(f"open_count_due_week_{week}" for week in range(WEEKS))
"""Names of the counts, the nearest week first."""
AMOUNTS: Final = tuple(f"open_amount_due_week_{week}" for week in range(WEEKS))
"""Names of the amounts, the nearest week first."""


def _features(week: int) -> tuple[Feature, Feature]:
    words = f"that fall due in {DAYS * week + 1} to {DAYS * (week + 1)} days"
    return (
        counted(COUNTS[week], f"Open invoices {words}, without wholly disputed ones.", "invoices", 0, "open_items"),
        summed(AMOUNTS[week], f"Amount of the open invoices {words}, without disputed parts.", 0, "open_items"),
    )


FEATURES: Final[tuple[Feature, ...]] = tuple(feature for week in range(WEEKS) for feature in _features(week))


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    ahead, is_owed = -seen.due_age, seen.is_open & ~seen.contested
    found: dict[str, Any] = {}
    for week in range(WEEKS):
        here = is_owed & (ahead > DAYS * week) & (ahead <= DAYS * (week + 1))
        found |= {f"due_items_week_{week}": seen.count(where=here)}
        found |= {f"due_money_week_{week}": seen.undisputed.sum(where=here)}
    return found


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates: an amount is null where none of those due that week is known."""
    found: dict[str, Any] = {}
    for week in range(WEEKS):
        items = sums[f"due_items_week_{week}"]
        found |= {COUNTS[week]: number(items), AMOUNTS[week]: sum_of_known(sums[f"due_money_week_{week}"], items)}
    return found
