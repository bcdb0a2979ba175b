"""Open money by days past due: the aging of one customer.

Past due in the sense of ``dpd``: parts in an open dispute are in no bucket, but in ``disputed_open_amount``. The five
buckets and the disputed part together are the open amount.

Source:
    The buckets current, 1-30, 31-60, 61-90 and over 90 days past the due date are those of every receivables ledger.
    Credit notes without an invoice and unapplied cash are shown apart (``features.unapplied``), never netted.
"""

from typing import Any, Final

import ibis

from features.catalogue import Feature, summed
from features.windows import ratio, sum_of_known

BUCKETS: Final = {"current": (0, 0), "1_30": (1, 30), "31_60": (31, 60), "61_90": (61, 90), "over_90": (91, None)}
"""Least and most days past due of each bucket; None for no end."""

_OVER_30: Final = ("31_60", "61_90", "over_90")


def _bucket(name: str, words: str) -> Feature:
    meaning = f"Amount of the open invoices that are {words}, without disputed parts."
    return summed(f"aging_{name}_amount", meaning, 0 if name == "current" else 1, "open_items")


FEATURES: Final[tuple[Feature, ...]] = (
    _bucket("current", "not past due"),
    _bucket("1_30", "1 to 30 days past due"),
    _bucket("31_60", "31 to 60 days past due"),
    _bucket("61_90", "61 to 90 days past due"),
    _bucket("over_90", "more than 90 days past due"),
    Feature(
        "past_due_over_30_share",
        "Part of the open amount that is more than 30 days past due, disputed parts counting as not past due.",
        "share",
        0,
        1,
        "no open amount is known, or none of what is so far past due",
        1,
        "open_items",
    ),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    found: dict[str, Any] = {
        "aged_money": seen.remaining.sum(where=seen.is_open),
        "aged_money_over_30": seen.undisputed.sum(where=seen.is_open & (seen.dpd > 30)),
    }
    for name, (first, last) in BUCKETS.items():
        here = seen.is_open & (seen.dpd >= first)
        if last is not None:
            here = here & (seen.dpd <= last)
        found |= {f"aged_items_{name}": seen.count(where=here), f"aged_money_{name}": seen.undisputed.sum(where=here)}
    return found


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    found = {
        f"aging_{name}_amount": sum_of_known(sums[f"aged_money_{name}"], sums[f"aged_items_{name}"]) for name in BUCKETS
    }
    late_items = sum(sums[f"aged_items_{name}"] for name in _OVER_30)
    share = ratio(sum_of_known(sums.aged_money_over_30, late_items), sums.aged_money)
    return found | {"past_due_over_30_share": share}
