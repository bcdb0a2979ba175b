"""The internal payment index: 0 to 100, weighted by amount, from the customer's own settled invoices.

Anchors: 100 from 30 days early, 90 at 20 days early, 80 on the due date, 70 at 15 days late, 60 at 22, 50 at 30,
40 at 60, 30 at 90, 20 at 120; linear between them, and on to 0 at 180 with the last slope. The score of an item is
kept in 84ths of a point: 84 is the least number by which every slope becomes a whole number.
"""

import itertools
from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import Feature
from features.windows import at_least, ratio

PARTS: Final = 84
ANCHORS: Final = (
    (-30, 100),
    (-20, 90),
    (0, 80),
    (15, 70),
    (22, 60),
    (30, 50),
    (60, 40),
    (90, 30),
    (120, 20),
    (180, 0),
)

FEATURES: Final = (
    Feature(
        "payment_index_365d",
        "Internal payment index of the last 365 days, weighted by amount: 80 pays on the due date, 50 a month late.",
        "points",
        0,
        100,
        "fewer than three items with a known amount were settled in the window",
        -1,
        "payment_behaviour",
    ),
)


def points_84ths(days_late: Any) -> Any:
    """The score of one item in 84ths of a point, a whole number from 0 to 8400.

    Example:
        >>> backend = ibis.duckdb.connect()
        >>> [backend.execute(points_84ths(ibis.literal(days))) / PARTS for days in (-40, -10, 0, 26, 45, 150, 400)]
        [100.0, 85.0, 80.0, 55.0, 45.0, 10.0, 0.0]
    """
    first, last = ANCHORS[0], ANCHORS[-1]
    branches = [(days_late <= first[0], ibis.literal(first[1] * PARTS))]
    for (x0, y0), (x1, y1) in itertools.pairwise(ANCHORS):
        slope = PARTS * (y0 - y1) // (x1 - x0)
        branches.append((days_late <= x1, y0 * PARTS - slope * (days_late - x0)))
    branches.append((days_late > last[0], ibis.literal(0)))
    return ibis.cases(*branches)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    here = seen.is_settled & within(seen.settled_age, 365) & seen.amount.notnull()
    return {
        "index_items_365d": seen.count(where=here),
        "index_weight_365d": seen.amount.sum(where=here),
        "index_points_365d": seen.amount_points.sum(where=here),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The index, float64, null below three items."""
    index = ratio(sums.index_points_365d, sums.index_weight_365d) / float(PARTS)
    return {"payment_index_365d": at_least(3, sums.index_items_365d, index)}
