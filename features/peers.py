"""How others like the customer paid: the same industry, region or size class, as of the date, itself left out.

An invoice counts for a group of peers on the days on which it is seen settled, at most 180 days ago, and on which the
master record of its customer, as known that day, places the customer in the group. So each invoice comes into the
count of its group on one day and leaves it on another, and what stood on any day is a running sum: events and wanted
days are sorted once, and no case is ever paired with the invoices of its peers.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features.as_of import within
from features.catalogue import INF, Feature
from features.versions import day_number, known_then, versions
from features.windows import number, ratio

if TYPE_CHECKING:  # the list of families imports this file, and the book brings the lake with it
    from data.book import Book
    from features.families import Sight

LOOKBACK: Final = 180
GRACE: Final = 5
KINDS: Final = {"industry": "industry", "region": "region", "size": "size_class"}
"""Name of each kind of peers in the features, and the column of the master record that makes them."""
_NEVER: Final = 1 << 30  # a day later than any


def _share(kind: str, words: str) -> Feature:
    return Feature(
        f"{kind}_late5_share_180d",
        f"Share of the invoices that other customers of the same {words} settled in the last 180 days which were paid "
        "5 or more days late.",
        "share",
        0,
        1,
        f"the {words} is not known, or no other customer of it settled an invoice in the window",
        1,
        "customer",
    )


FEATURES: Final[tuple[Feature, ...]] = (
    _share("industry", "industry"),
    _share("region", "region"),
    _share("size", "size class"),
    Feature(
        "industry_customer_count",
        "Other customers of the same industry.",
        "customers",
        0,
        INF,
        "the industry is not known",
        0,
        "customer",
    ),
)
BESIDE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "late5_to_industry_180d",
        "Share of the customer's invoices settled in the last 180 days that were paid 5 or more days late, less that "
        "of the others of its industry.",
        "share",
        -1,
        1,
        "nothing was settled in the window, by the customer or by the others, or the industry is not known",
        1,
        "recent_lateness",
    ),
)
BESIDE_INPUTS: Final = ("late5_share_180d", "industry_late5_share_180d")


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a master record known by then: ``case_no`` and the features.

    Peers are whoever shares a group with a case, not the customers of the cases: however few the cases, the price of
    this family is that of the book.
    """
    groups, members = _groups_and_members(sight.book, sight.cases)
    levels = _levels(_events(sight.items, members), groups)
    return _facts(groups, levels, _own(sight.seen))


def neighbours(book: "Book", cases: ibis.Table) -> ibis.Table:
    """Whoever is ever in a group of a case."""
    _, members = _groups_and_members(book, cases)
    return members.select("customer_id")


def beside_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The customer's share less that of its industry."""
    return {"late5_to_industry_180d": columns["late5_share_180d"] - columns["industry_late5_share_180d"]}


def _groups_and_members(book: "Book", cases: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """Outputs of ``_groups`` and ``_members``; a draft holds what it is asked for twice once."""
    key = CONTRACTS["customers"].key
    master = versions(book["customers"], key).select("customer_id", "known_on", "superseded_on", *KINDS.values())
    groups = book.held(_groups(cases, master))
    return groups, book.held(_members(master, groups))


def _groups(cases: ibis.Table, master: ibis.Table) -> ibis.Table:
    """One row per case and group of peers that it belongs to: ``case_no``, ``kind``, ``label``, ``day``."""
    rows = cases.select("case_no", "as_of", "as_of_day", case_customer_id="customer_id").join(
        master, [ibis._.case_customer_id == master.customer_id, known_then(master, ibis._.as_of)]
    )
    return _by_kind(rows, case_no=rows.case_no, day=rows.as_of_day)


def _members(master: ibis.Table, groups: ibis.Table) -> ibis.Table:
    """When each customer is in a group of peers that is asked for: ``joined_day`` up to the day before ``left_day``."""
    stays = _by_kind(
        master,
        customer_id=master.customer_id,
        joined_day=day_number(master.known_on),
        left_day=_end_day(master.superseded_on),
    )
    return stays.semi_join(groups, ["kind", "label"])


def _by_kind(rows: ibis.Table, **carried: Any) -> ibis.Table:
    """One row per row and kind of peers that it names."""
    named = (
        rows.select(**carried, kind=ibis.literal(kind), label=rows[column]).filter(ibis._.label.notnull())
        for kind, column in KINDS.items()
    )
    return ibis.union(*named)


def _events(folded: ibis.Table, members: ibis.Table) -> ibis.Table:
    """What is added to the count of each group on a day, or taken from it."""
    paid = _settled_stretches(folded)
    stay = members.rename(member_id="customer_id")
    paid = paid.join(stay, paid.customer_id == stay.member_id)
    paid = paid.mutate(
        from_day=ibis.greatest(paid.from_day, paid.joined_day), to_day=ibis.least(paid.to_day, paid.left_day)
    )
    one, none = ibis.literal(1, "int64"), ibis.literal(0, "int64")
    columns = ("kind", "label", "from_day", "to_day", "late", "settled", "customers")
    counted = paid.filter(paid.from_day < paid.to_day).mutate(settled=one, customers=none)
    stays = members.rename(from_day="joined_day", to_day="left_day").mutate(late=none, settled=none, customers=one)
    spans = ibis.union(counted.select(*columns), stays.select(*columns))
    return ibis.union(_moves(spans, "from_day", 1), _moves(spans, "to_day", -1))


def _settled_stretches(folded: ibis.Table) -> ibis.Table:
    """The days on which each item is seen settled in the window: ``from_day`` up to the day before ``to_day``."""
    rows = folded.filter(folded.settled_on.notnull() & ~folded.outcome_unknown)
    settled_day = day_number(rows.settled_on)
    starts = (day_number(rows[name]) for name in ("known_on", "settled_known_on", "issued_on"))
    return rows.select(
        "customer_id",
        from_day=ibis.greatest(*starts).cast("int32"),
        to_day=ibis.least(_end_day(rows.superseded_on), settled_day + LOOKBACK).cast("int32"),
        late=(settled_day - day_number(rows.due_on) >= GRACE).cast("int64"),
    )


def _end_day(day: Any) -> Any:
    return day_number(day).fill_null(_NEVER).cast("int32")


def _moves(spans: ibis.Table, day: str, sign: int) -> ibis.Table:
    signed = {name: (spans[name] * sign).cast("int64") for name in ("late", "settled", "customers")}
    return spans.select("kind", "label", day=spans[day], **signed)


def _levels(events: ibis.Table, groups: ibis.Table) -> ibis.Table:
    """What stands in the count of each group at the end of each day that a case asks for."""
    nothing = {name: ibis.literal(0, "int64") for name in ("late", "settled", "customers")}
    asked = groups.select("kind", "label", "day").distinct().mutate(**nothing, asked=ibis.literal(1, "int64"))
    moves = ibis.union(asked, events.mutate(asked=ibis.literal(0, "int64")).select(*asked.columns))
    by_day = moves.group_by("kind", "label", "day").agg(
        **{name: moves[name].sum() for name in (*nothing, "asked")},
    )
    so_far = ibis.cumulative_window(group_by=["kind", "label"], order_by="day")
    levels = by_day.mutate(**{name: by_day[name].sum().over(so_far) for name in nothing})
    return levels.filter(levels.asked > 0).drop("asked")


def _own(seen: ibis.Table) -> ibis.Table:
    """What the customer itself adds to the counts of its groups."""
    here = seen.is_settled & within(seen.settled_age, LOOKBACK)
    return seen.group_by("case_no").agg(
        own_settled=seen.count(where=here), own_late=seen.count(where=here & (seen.days_late >= GRACE))
    )


def _facts(groups: ibis.Table, levels: ibis.Table, own: ibis.Table) -> ibis.Table:
    right = levels.rename(level_kind="kind", level_label="label", level_day="day")
    rows = groups.join(
        right,
        [groups.kind == right.level_kind, groups.label == right.level_label, groups.day == right.level_day],
    )
    own = own.rename(own_no="case_no")
    rows = rows.left_join(own, rows.case_no == own.own_no)
    others = rows.mutate(
        settled=rows.settled - rows.own_settled.fill_null(0), late=rows.late - rows.own_late.fill_null(0)
    )
    share = ratio(others.late, others.settled)
    return others.group_by("case_no").agg(
        **{f"{kind}_late5_share_180d": share.max(where=others.kind == kind) for kind in KINDS},
        industry_customer_count=number((others.customers - 1).max(where=others.kind == "industry")),
    )
