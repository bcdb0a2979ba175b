"""What bureaus and the house's own raters say: place on the scale, age, and moves.

Agencies grade on scales of their own, so a grade is told as its place over the number of grades: 1 is the worst. Of
each agency the newest rating counts, while it is valid; when it has run out an older one does not come back.
"""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted
from features.windows import number, ratio

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

LOOKBACK: Final = 365
_NONE: Final = "no agency's newest rating is valid"

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "rating_rank_share",
        "Place of the grade over the number of grades, 1 the worst: each agency's newest rating while valid, the worst "
        "over the agencies.",
        "share",
        0,
        1,
        f"{_NONE}, or none states its place",
        1,
        "financials",
    ),
    Feature("rating_age_days", "Days since the newest valid rating was given.", "days", 0, INF, _NONE, 0, "financials"),
    counted("rating_agency_count", "Agencies whose newest rating is valid.", "agencies", 0, "financials"),
    Feature(
        "rating_change_365d",
        "Place of an agency's newest valid rating less that of its newest rating 365 or more days old, as shares of "
        "the scale; the worst over the agencies.",
        "share",
        -1,
        1,
        f"{_NONE}, or none of those agencies had rated it a year ago, with its place",
        1,
        "financials",
    ),
    counted(
        "downgrade_count_365d",
        "Ratings of the last 365 days that are worse on their scale than the same agency's rating before them.",
        "ratings",
        1,
        "financials",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a rating: ``case_no`` and the features."""
    agencies = _by_agency(_seen_ratings(sight))
    return agencies.group_by("case_no").agg(
        rating_rank_share=agencies.share.max(),
        rating_age_days=number(agencies.age.min()),
        rating_agency_count=number(agencies.valid.sum()),
        rating_change_365d=(agencies.share - agencies.share_then).max(),
        downgrade_count_365d=number(agencies.downgrades.sum()),
    )


def _seen_ratings(sight: "Sight") -> ibis.Table:
    """The ratings that each case could see, with their ``place`` on the scale."""
    return seen_rows(sight, "ratings", "rated_on").rename(place="rank")


def _by_agency(rows: ibis.Table) -> ibis.Table:
    """One row per case and agency: its valid rating, its rating a year ago, its downgrades since."""
    agency = ibis.window(group_by=["case_no", "agency"])
    history = ibis.window(group_by=["case_no", "agency"], order_by="rated_on")
    old_age = ibis.ifelse(rows.age >= LOOKBACK, rows.age, ibis.null(rows.age.type()))
    rows = rows.mutate(
        share=ratio(rows.place, rows.ranks),
        newest_age=rows.age.min().over(agency),
        newest_old_age=old_age.min().over(agency),
        place_before=rows.place.lag().over(history),
        ranks_before=rows.ranks.lag().over(history),
    )
    is_valid = rows.valid_to_on.isnull() | (rows.valid_to_on >= rows.as_of)
    stands = is_valid & (rows.age == rows.newest_age)
    # Places over numbers of grades, compared crosswise so that the comparison is exact.
    is_worse = (rows.place * rows.ranks_before > rows.place_before * rows.ranks).fill_null(False)
    return rows.group_by("case_no", "agency").agg(
        valid=rows.count(where=stands),
        share=rows.share.max(where=stands),
        age=rows.age.min(where=stands),
        share_then=rows.share.max(where=(rows.age == rows.newest_old_age).fill_null(False)),
        downgrades=rows.count(where=is_worse & within(rows.age, LOOKBACK)),
    )
