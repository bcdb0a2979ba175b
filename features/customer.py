"""Who the customer is, from the master data in force."""

from typing import TYPE_CHECKING, Final

import ibis

from features.catalogue import INF, Feature
from features.versions import day_number, known_then

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

SIZES: Final = {"SMALL": 1.0, "MEDIUM": 2.0, "LARGE": 3.0}

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "relation_days",
        "Days since the business relation began.",
        "days",
        0,
        INF,
        "no sign-up date is known",
        -1,
        "tenure",
    ),
    Feature(
        "is_natural_person",
        "1 for a natural person, sole traders included, 0 for a company.",
        "flag",
        0,
        1,
        "there is no master record",
        0,
        "customer",
    ),
    Feature(
        "size_class_rank",
        "Size class: 1 small, 2 medium, 3 large.",
        "rank",
        1,
        3,
        "the size is not stated",
        0,
        "customer",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a master record known by then: ``case_no`` and the features."""
    master = sight.versions("customers")
    rows = sight.cases.select("case_no", "as_of", "as_of_day", case_customer_id="customer_id").join(
        master, [ibis._.case_customer_id == master.customer_id, known_then(master, ibis._.as_of)]
    )
    related = (rows.as_of_day - day_number(rows.signed_up_on)).cast("float64")
    unknown = ibis.null("float64")
    size = ibis.cases(*((rows.size_class == name, rank) for name, rank in SIZES.items()), else_=unknown)
    return rows.select(
        "case_no",
        relation_days=ibis.ifelse(related >= 0, related, unknown),
        is_natural_person=rows.is_natural_person.cast("int8").cast("float64"),
        size_class_rank=size.cast("float64"),
    )
