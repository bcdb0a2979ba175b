"""How the latest invoices turned out: unlike windows of settled items, they see at once that payments stop coming.

The outcome of an invoice that has fallen due is known once it is settled, or once it is more than 5 days past due and
open. Before its due date it has none, since by then only good ones could be known. Days late of a settled invoice are
its settlement date less its due date, as in ``features.behaviour``; of one still open, the days that it is past due so
far, less those in dispute. One wholly in dispute, or of unknown outcome, tests nobody, as in ``features.due``.

In the shares an outcome weighs half as much every 60 days. It counts from the day it was known: that of settlement, or
for one that came later than 5 days past due, settled since or not, its fifth day past due. So a late payment that
arrives at last changes no weight. Weights are whole numbers, so that the order of the rows cannot change a bit.
"""

from typing import Any, Final

import ibis

from features.catalogue import INF, Feature
from features.windows import number, ratio

GRACE: Final = 5
LAST: Final = 3
HALF_LIFE: Final = 60
UNIT: Final = 1 << 20
"""Weight of an outcome that is known since today."""
MEMORY: Final = 20 * HALF_LIFE
"""Days after which an outcome no longer counts in the shares: there its weight is down to 1."""
# Days since the due date and days late of an item in one integer, so that the latest due, and of one day the worst, is
# the least, whatever the invoices are called. 2**20 leaves room for 1,400 years either way.
_SHIFT: Final = 1 << 20
_MIDDLE: Final = 1 << 19

_OUTCOME: Final = f"whose outcome is known: settled, or open and more than {GRACE} days past due"
_ORDER: Final = ("last", "last but one", "last but two")


def _days_late(place: int) -> Feature:
    fewer = "no invoice" if place == 1 else f"fewer than {place} invoices"
    return Feature(
        f"days_late_last_{place}",
        f"Days late of the invoice that fell due {_ORDER[place - 1]} of those {_OUTCOME}; open ones count so far.",
        "days",
        -INF,
        INF,
        f"{fewer} with a known outcome fell due",
        1,
        "recent_lateness",
    )


def _share(grace: int) -> Feature:
    return Feature(
        f"late{grace}_share_recent",
        f"Share of the invoices {_OUTCOME}, that came {grace} or more days late, an outcome weighing half as much "
        f"every {HALF_LIFE} days.",
        "share",
        0,
        1,
        f"no invoice fell due whose outcome became known in the last {MEMORY} days",
        1,
        "recent_lateness",
    )


FEATURES: Final[tuple[Feature, ...]] = (
    *(_days_late(place) for place in range(1, LAST + 1)),
    _share(5),
    _share(1),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    late = ibis.ifelse(seen.is_settled, seen.days_late, seen.dpd)
    beyond = ibis.greatest(ibis.ifelse(seen.is_settled, seen.settled_dpd, seen.dpd) - GRACE, 0)
    age = ibis.ifelse(seen.is_settled, seen.settled_age, 0) + beyond
    known = seen.is_tested & (seen.due_age >= 0) & (seen.is_settled | (seen.dpd > GRACE))
    recent = known & (age <= MEMORY)
    # Never near a half within the memory, so every engine rounds to the same whole number; and a float from the start,
    # since Spark divides whole numbers by 60.0 as decimals of six places.
    weight = (0.5 ** (number(age) / float(HALF_LIFE)) * float(UNIT)).round().cast("int64")
    key = seen.due_age.cast("int64") * _SHIFT + (_MIDDLE - late.cast("int64"))
    return {
        "outcome_keys": key.collect(where=known),
        "outcome_weight": weight.sum(where=recent),
        "outcome_weight_late5": weight.sum(where=recent & (late >= 5)),
        "outcome_weight_late1": weight.sum(where=recent & (late >= 1)),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    keys = sums.outcome_keys.sort()
    found = {f"days_late_last_{place}": number(_days_late_of(keys, place)) for place in range(1, LAST + 1)}
    return found | {
        f"late{grace}_share_recent": ratio(sums[f"outcome_weight_late{grace}"].fill_null(0), sums.outcome_weight)
        for grace in (5, 1)
    }


def _days_late_of(keys: Any, place: int) -> Any:
    """Days late of the item at that place, null where there are fewer (Spark refuses to look beyond the end)."""
    return ibis.ifelse(keys.length() >= place, _MIDDLE - keys[place - 1] % _SHIFT, ibis.null("int64"))
