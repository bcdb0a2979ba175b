"""The customer's group: all customers under one ultimate parent, as the master records of the day have it.

Who owns whom changes with the versions of the master records, so the way to the top is told once for every customer
and span of days, not for every case: the parent of the parent is the overlap of two such spans, and four such steps
reach up sixteen levels. A customer whose way ends in a circle, or goes on beyond sixteen levels, has no group. One
that names itself as its parent is at the top, as in sources that state the top for everyone.

The figures of the members are the sums of `features.open_items`, made for each member at the date of the case.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features import open_items
from features.as_of import cases_of
from features.catalogue import INF, Feature
from features.seen_items import seen_items
from features.versions import day_number, known_then, versions
from features.windows import number, ratio, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file, and the book brings the lake with it
    from data.book import Book
    from features.families import Sight

DOUBLINGS: Final = 4  # 2**4 = 16 levels
FIGURES: Final = ("members", "open_items", "open_money", "overdue_items", "overdue_money", "dpd", "worst")
"""What is told of a member, and of a group."""
_WORST: Final = ("dpd", "worst")
_EVER: Final = 1 << 30  # days before and after any
_NO_GROUP: Final = "the customer is unknown, or its owners lead in a circle or up more than 16 levels"


def _feature(name: str, meaning: str, unit: str, null_means: str, risk: int, low: float = 0) -> Feature:
    return Feature(name, meaning, unit, low, INF, null_means, risk, "exposure")


FEATURES: Final[tuple[Feature, ...]] = (
    _feature(
        "group_member_count",
        "Customers of the group, itself included; 1 for a customer that stands alone.",
        "customers",
        _NO_GROUP,
        0,
        low=1,
    ),
    _feature(
        "group_open_amount",
        "Open amount of all customers of the group, itself included.",
        "money",
        f"{_NO_GROUP}, or no open amount is known",
        0,
    ),
    _feature(
        "group_overdue_amount",
        "Amount past due of all customers of the group, without disputed parts.",
        "money",
        f"{_NO_GROUP}, or no amount past due is known",
        1,
    ),
    _feature(
        "group_worst_dpd",
        "Days past due of the open invoice of the group that is furthest past due; 0 when none is.",
        "days",
        _NO_GROUP,
        1,
    ),
    _feature(
        "group_worst_member_dpd_365d",
        "Most days past due of an invoice of the group that was settled in the last 365 days or is open, less days in "
        "dispute.",
        "days",
        f"{_NO_GROUP}, or no member settled anything in the window and nothing is open",
        1,
    ),
)
SHARE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "group_share_of_open",
        "The customer's part of the open amount of its group.",
        "share",
        0,
        1,
        f"{_NO_GROUP}, or nothing with a known amount is open",
        0,
        "exposure",
    ),
)
SHARE_INPUTS: Final = ("open_amount", "group_open_amount")


def facts(sight: "Sight") -> ibis.Table:
    """One row per case that has a group: ``case_no`` and the features.

    The figures of a group are made once for each day that is asked for, whatever the number of its customers among the
    cases.
    """
    at_top, names = _groups_and_names(sight.book, sight.cases)
    alone = at_top.filter(at_top.has_group & at_top.root.isnull()).select("case_no")
    groups = _group_figures(sight, at_top.filter(at_top.root.notnull()), names)
    sums = ibis.union(groups, _own_figures(alone, sight.seen))
    return sums.select(
        "case_no",
        group_member_count=number(sums.members),
        group_open_amount=sum_of_known(sums.open_money, sums.open_items),
        group_overdue_amount=sum_of_known(sums.overdue_money, sums.overdue_items),
        group_worst_dpd=number(sums.dpd).fill_null(0.0),
        group_worst_member_dpd_365d=sums.worst,
    )


def neighbours(book: "Book", cases: ibis.Table) -> ibis.Table:
    """The members of the groups that cases are in."""
    _, names = _groups_and_names(book, cases)
    return names.select("customer_id")


def share_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Own open amount over that of the group."""
    return {"group_share_of_open": ratio(columns["open_amount"], columns["group_open_amount"])}


def _roots(book: "Book") -> ibis.Table:
    """Who is at the top of whom: ``node``, ``root``, ``from_day`` up to the day before ``to_day``.

    Every name that is ever an owner or owned has spans that cover all days; ``root`` is null where there is none.
    """
    owners = book.held(_owner_spans(book))
    spans = owners
    for _ in range(DOUBLINGS):
        spans = book.held(_one_after_the_other(spans, spans))
    # A top is its own owner; whoever is not there yet after sixteen levels never arrives.
    tops = _one_after_the_other(spans, owners)
    root = ibis.ifelse(tops.owner == tops.through, tops.owner, ibis.null("string"))
    return tops.select("node", "from_day", "to_day", root=root)


def _owner_spans(book: "Book") -> ibis.Table:
    """Each name's owner, itself when it has none: ``node``, ``owner``, ``from_day`` up to the day before ``to_day``."""
    master = versions(book["customers"], CONTRACTS["customers"].key)
    owned = master.filter(master.parent_id.notnull())
    names = ibis.union(owned.select(node="customer_id"), owned.select(node="parent_id"), distinct=True)
    theirs = master.semi_join(names, master.customer_id == names.node)
    nobody = ibis.null("string")
    changes = ibis.union(
        names.select("node", day=ibis.literal(-_EVER, "int32"), owner=nobody),
        theirs.select(node="customer_id", day=day_number(theirs.known_on), owner="parent_id"),
        theirs.filter(theirs.superseded_on.notnull()).select(
            node="customer_id", day=day_number(theirs.superseded_on), owner=nobody
        ),
    )
    # Where one version ends and the next begins, the next one speaks.
    by_day = changes.group_by("node", "day").agg(owner=changes.owner.max())
    by_day = by_day.mutate(owner=by_day.owner.fill_null(by_day.node))
    history = ibis.window(group_by="node", order_by="day")
    by_day = by_day.mutate(owner_before=by_day.owner.lag().over(history))
    turns = by_day.filter(by_day.owner_before.isnull() | (by_day.owner != by_day.owner_before))
    return turns.select("node", "owner", from_day="day", to_day=turns.day.lead().over(history).fill_null(_EVER))


def _one_after_the_other(first: ibis.Table, second: ibis.Table) -> ibis.Table:
    """The owner, by ``second``, of the owner that ``first`` tells (``through``), on the days of both."""
    then = second.select(then_node="node", then_owner="owner", then_from="from_day", then_to="to_day")
    pairs = first.join(
        then,
        [first.owner == then.then_node, first.from_day < then.then_to, then.then_from < first.to_day],
    )
    return pairs.select(
        "node",
        owner="then_owner",
        through="owner",
        from_day=ibis.greatest(pairs.from_day, pairs.then_from),
        to_day=ibis.least(pairs.to_day, pairs.then_to),
    )


def _with_root(cases: ibis.Table, spans: ibis.Table) -> ibis.Table:
    """The cases with ``root`` (null for a customer that stands alone) and ``has_group``."""
    joined = cases.left_join(
        spans,
        [cases.customer_id == spans.node, spans.from_day <= cases.as_of_day, cases.as_of_day < spans.to_day],
    )
    return joined.select(
        "case_no",
        "customer_id",
        "as_of",
        "as_of_day",
        "root",
        has_group=joined.node.isnull() | joined.root.notnull(),
    )


def _groups_and_names(book: "Book", cases: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """The cases with their roots, and the names of each root on each day that is asked for.

    A draft holds what it is asked for twice once.
    """
    spans = book.held(_roots(book))
    at_top = book.held(_with_root(cases, spans))
    in_groups = at_top.filter(at_top.root.notnull())
    asked = in_groups.select("root", "as_of", "as_of_day").distinct().rename(top="root")
    below = asked.join(
        spans, [asked.top == spans.root, spans.from_day <= asked.as_of_day, asked.as_of_day < spans.to_day]
    )
    return at_top, book.held(below.select("root", "as_of", customer_id="node"))


def _group_figures(sight: "Sight", in_groups: ibis.Table, names: ibis.Table) -> ibis.Table:
    """``FIGURES`` of the group of each case: those of its members added up, the worst of the days."""
    members = sight.book.held(_known(sight, names))
    totals = members.group_by("root", "as_of").agg(
        **{name: members[name].sum() for name in FIGURES if name not in _WORST},
        **{name: members[name].max() for name in _WORST},
    )
    totals = totals.rename(top="root", on="as_of")
    told = in_groups.join(totals, [in_groups.root == totals.top, in_groups.as_of == totals.on])
    return told.select("case_no", *_like(told))


def _known(sight: "Sight", names: ibis.Table) -> ibis.Table:
    """The names that are customers known by then, each with its ``FIGURES``."""
    book = sight.book
    members = book.held(cases_of(names))
    figures = book.held(_figures(seen_items(members, sight.items)))
    master = versions(book["customers"], CONTRACTS["customers"].key).rename(master_id="customer_id")
    registered = members.join(master, [members.customer_id == master.master_id, known_then(master, members.as_of)])
    known = ibis.union(registered.select("case_no"), figures.select("case_no"), distinct=True)
    told = _beside(members.semi_join(known, "case_no"), figures)
    told = told.rename(member_id="customer_id", on="as_of")
    rows = names.join(told, [names.customer_id == told.member_id, names.as_of == told.on])
    return rows.select("root", "as_of", *FIGURES)


def _own_figures(alone: ibis.Table, seen: ibis.Table) -> ibis.Table:
    """``FIGURES`` of the customers that stand alone."""
    told = _beside(alone, _figures(seen))
    return told.select("case_no", *_like(told))


def _beside(cases: ibis.Table, figures: ibis.Table) -> ibis.Table:
    """The cases with their figures, each of them one member; where there is no invoice, there are no open ones."""
    right = figures.rename(figures_no="case_no")
    joined = cases.left_join(right, cases.case_no == right.figures_no).drop("figures_no")
    counts = {name: joined[name].fill_null(0) for name in ("open_items", "overdue_items")}
    return joined.mutate(members=ibis.literal(1, "int64"), **counts)


def _figures(seen: ibis.Table) -> ibis.Table:
    """One row per case with an invoice: the sums of the open items, and the worst days past due of the year."""
    sums = seen.group_by("case_no").agg(**open_items.sums(seen))
    return sums.select(
        "case_no",
        "open_items",
        "open_money",
        "overdue_items",
        "overdue_money",
        dpd="dpd_max",
        worst=open_items.facts(sums)["worst_dpd_365d"],
    )


def _like(rows: ibis.Table) -> list[Any]:
    """``FIGURES`` in the types of sums, which sums of sums would widen."""
    types = {"open_money": "decimal(38, 4)", "overdue_money": "decimal(38, 4)", "worst": "float64"}
    return [rows[name].cast(types.get(name, "int64")).name(name) for name in FIGURES]
