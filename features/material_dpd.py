"""Days past due as a credit department counts them: by what is material, not by the oldest forgotten rest."""

from typing import TYPE_CHECKING, Final

import ibis

from features.catalogue import INF, Feature
from features.windows import number

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "material_dpd",
        "Most days past due that a material amount has reached: what is so many days past due or more, without "
        "disputed parts, exceeds 500 and 1 % of all that is open and undisputed, or the bounds that are set instead.",
        "days",
        0,
        INF,
        "the customer is unknown",
        1,
        "open_items",
        empty=0.0,
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with an open invoice: ``case_no`` and the feature.

    An amount that the book does not know cannot be shown to be small: it is material.
    """
    opened = sight.seen.filter(sight.seen.is_open)
    by_dpd = opened.group_by("case_no", "dpd").agg(
        owed=opened.undisputed.sum(),
        late=opened.undisputed.sum(where=opened.is_overdue),
        untold=opened.count(where=opened.is_overdue & opened.undisputed.isnull()),
    )
    latest_first = ibis.cumulative_window(group_by="case_no", order_by=ibis.desc("dpd"))
    of_case = ibis.window(group_by="case_no")
    rows = by_dpd.mutate(
        late=number(by_dpd.late.sum().over(latest_first)),
        untold=by_dpd.untold.sum().over(latest_first),
        owed=number(by_dpd.owed.sum().over(of_case)),
    )
    bounds = sight.book.materiality
    is_large = (rows.late > float(bounds.amount)) & (rows.late > rows.owed * float(bounds.share))
    is_material = (rows.untold > 0) | is_large.fill_null(False)
    return rows.group_by("case_no").agg(material_dpd=number(rows.dpd.max(where=is_material)).fill_null(0.0))
