"""The one path from the book to features: past cohorts, one customer, or all customers today."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from data.book import Book
from data.draft import computed
from features import case
from features.as_of import cases_of
from features.catalogue import Feature
from features.families import DERIVED_FAMILIES, ITEM_FAMILIES, TABLE_FAMILIES, ItemFamily, Sight, TableFamily
from features.feature_sets import CUSTOMER, FEATURES, IS_KNOWN, STORED, named
from features.items import items
from features.seen_items import seen_items
from features.versions import day_number

CASE_COLUMNS: Final = ("issued_on", "due_on", "amount", "interest_rate")
_CASE_NAMES: Final = frozenset(feature.name for feature in case.FEATURES)


class MissingCaseColumnsError(ValueError):
    """Features of an invoice were asked for, and the spine does not carry the invoice."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(
            f"The spine lacks {', '.join(missing)}, which the invoice features are made of: "
            f"add {', '.join(CASE_COLUMNS)} to it, or ask for customer features only."
        )


def build(
    book: Book, spine: ibis.Table, *, features: Sequence[str] | None = None, every_customer: bool = False
) -> ibis.Table:
    """Features of each spine row, from what was known at the end of its ``as_of``.

    Args:
        book: The book.
        spine: On the book's backend, shape (n, 3 or more): ``case_id`` and ``customer_id`` (text), ``as_of`` (date);
            for invoice features also ``issued_on``, ``due_on`` (dates), ``amount`` and ``interest_rate`` (decimal,
            the amount in the book's currency). For an invoice at issue, ``as_of`` is the day before ``issued_on``.
        features: Names from ``features.feature_sets.FEATURES``; None for all of ``CUSTOMER``.
        every_customer: Whether the spine holds most of the customers. It changes no value: the invoices of all are
            then folded in one go, without looking for theirs.

    Returns:
        Shape (n, 3 + n_features): one row per spine row, duplicates kept, in no stated order: ``case_id``,
        ``customer_id``, ``as_of`` and the features in the order asked for, float64, null when absent. An unknown
        customer has ``is_known_customer`` 0 and nulls. Computed at once and kept on the book's engine until the book
        is closed.

    Raises:
        UnknownFeatureError: A name is not in the catalogue.
        MissingCaseColumnsError: Invoice features were asked for without the spine's invoice columns.
    """
    wanted = CUSTOMER.names if features is None else [feature.name for feature in named(features)]
    carried = [name for name in CASE_COLUMNS if name in spine.columns]
    narrow = spine.select("case_id", "customer_id", "as_of", *carried)
    return computed(book, _features, tuple(wanted), every_customer, spine=narrow)


def _features(book: Book, wanted: Sequence[str], every_customer: bool, *, spine: ibis.Table) -> ibis.Table:
    needed = _customer_names(wanted)
    cases = book.held(cases_of(spine))
    facts = _joined(cases, _families(book, cases, needed, every_customer=every_customer), needed)
    rows = _beside_spine(spine, facts)
    if _CASE_NAMES & set(wanted):
        rows = rows.mutate(**case.invoice_case(_case_inputs(rows)))
    return rows.select("case_id", "customer_id", "as_of", *wanted)


def as_of_now(book: Book, as_of: date, *, features: Sequence[str] | None = None) -> pa.Table:
    """Features of every customer known at the end of ``as_of``.

    Args:
        book: The book.
        as_of: The business day.
        features: Names of customer features; None for all that the store keeps (``STORED``).

    Returns:
        Shape (n_customers, 3 + n_features), sorted by ``customer_id``, which is the ``case_id`` as well.
    """
    return facts_now(book, as_of, features=features).order_by("customer_id").to_pyarrow()


def facts_now(book: Book, as_of: date, *, features: Sequence[str] | None = None) -> ibis.Table:
    """What ``as_of_now`` gives, left on the book's engine and in no stated order, for more than memory holds.

    Args:
        book: The book.
        as_of: The business day.
        features: Names of customer features; None for all that the store keeps (``STORED``).
    """
    known = [
        rows.filter(rows.known_at.date() <= ibis.literal(as_of)).select("customer_id")
        for rows in (book["customers"], book["invoices"])
    ]
    customers = ibis.union(*known, distinct=True)
    spine = customers.mutate(case_id=customers.customer_id, as_of=ibis.literal(as_of))
    names = STORED.names if features is None else features
    return build(book, spine, features=names, every_customer=True)


def _customer_names(wanted: Iterable[str]) -> list[str]:
    """Customer features to compute: those asked for and those that others are made of."""
    needed = dict.fromkeys(name for name in wanted if name not in _CASE_NAMES)
    if _CASE_NAMES & set(wanted):
        needed |= dict.fromkeys(case.CUSTOMER_INPUTS)
    for family in reversed(DERIVED_FAMILIES.values()):
        if _any(family.features, needed):
            needed |= dict.fromkeys(family.inputs)
    return list(needed)


def _families(book: Book, cases: ibis.Table, needed: Sequence[str], *, every_customer: bool) -> dict[str, ibis.Table]:
    """The families that hold a needed feature, and always the two that tell whether a customer is known."""
    wanted = {name: family for name, family in TABLE_FAMILIES.items() if _any(family.features, needed)}
    folded = items(book, None if every_customer else _whose(book, cases, wanted.values()))
    sight = Sight(book, cases, folded, seen_items(cases, folded), everyone=every_customer)
    wanted["customer"] = TABLE_FAMILIES["customer"]
    # Each family is computed on its own: as one query, all of them take longer to plan than to run.
    found = {name: book.held(family.facts(sight)) for name, family in wanted.items()}
    return found | {name: book.held(facts) for name, facts in _item_facts(sight, needed).items()}


def _whose(book: Book, cases: ibis.Table, families: Iterable[TableFamily]) -> ibis.Table:
    """The customers whose items are looked at: those of the cases, and whom the families compare them with."""
    others = [family.neighbours(book, cases) for family in families if family.neighbours]
    return book.held(ibis.union(cases.select("customer_id"), *others, distinct=True)) if others else cases


def _any(features: Iterable[Feature], needed: Iterable[str]) -> bool:
    return not {feature.name for feature in features}.isdisjoint(needed)


def _item_facts(sight: Sight, needed: Sequence[str]) -> dict[str, ibis.Table]:
    """One row per case with an invoice: that alone as ``items``, and the facts of each item family that is needed.

    One grouping for each family: with the sums of all of them a row would not fit into a processor's cache.
    """
    families = {name: family for name, family in ITEM_FAMILIES.items() if _any(family.features, needed)}
    seen = _read_of(sight, families.values())
    found = {"items": seen.select("case_no").distinct()}
    for name, family in families.items():
        sums = seen.group_by("case_no").agg(**family.sums(seen))
        values = family.facts(sums)
        found[name] = sums.select("case_no", **{name: value for name, value in values.items() if name in needed})
    return found


def _read_of(sight: Sight, families: Iterable[ItemFamily]) -> ibis.Table:
    """``sight.seen``, held, in the columns that the families read."""
    sums = [value.op() for family in families for value in family.sums(sight.seen).values()]
    fields = (column for value in sums for column in value.find(ops.Field) if column.rel == sight.seen.op())
    return sight.book.held(sight.seen.select(*dict.fromkeys(["case_no", *(column.name for column in fields)])))


def _joined(cases: ibis.Table, families: Mapping[str, ibis.Table], needed: Sequence[str]) -> ibis.Table:
    """One row per case: ``customer_id``, ``as_of``, the needed features and ``is_known_customer``.

    ``in_<family>`` is null where a family has no row for the case; there a count is 0. A customer is known by a master
    record or an invoice; of an unknown one nothing is told, even if another table mentions it.
    """
    rows = cases
    family_of: dict[str, str] = {}
    for family, facts in families.items():
        names = [name for name in facts.columns if name in needed]
        family_of |= dict.fromkeys(names, family)
        right = facts.select(*names, **{f"in_{family}": facts.case_no})
        rows = rows.left_join(right, cases.case_no == right[f"in_{family}"])
    is_known = rows.in_items.notnull() | rows.in_customer.notnull()
    values = {name: _or_empty(rows, name, family, is_known) for name, family in family_of.items()}
    known = {IS_KNOWN.name: is_known.cast("int8").cast("float64")}
    return _with_derived(rows.select("case_no", "customer_id", "as_of", **values, **known), needed)


def _with_derived(rows: ibis.Table, needed: Sequence[str]) -> ibis.Table:
    """Adds the needed features that are made of other features."""
    for family in DERIVED_FAMILIES.values():
        if _any(family.features, needed):
            made = family.facts({name: rows[name] for name in family.inputs})
            rows = rows.mutate(**{name: value for name, value in made.items() if name in needed})
    return rows.drop("case_no")


def _or_empty(rows: ibis.Table, name: str, family: str, is_known: Any) -> Any:
    """The family's value, or the value for nothing where it has no row; null if the customer is unknown."""
    value, empty = rows[name], FEATURES[name].empty
    if empty is not None:
        value = ibis.ifelse(rows[f"in_{family}"].isnull(), ibis.literal(empty, "float64"), value)
    return ibis.ifelse(is_known, value, ibis.null("float64"))


def _beside_spine(spine: ibis.Table, facts: ibis.Table) -> ibis.Table:
    """One row per spine row, the spine's own columns under their names with ``spine_`` before the invoice's."""
    carried = {f"spine_{name}": spine[name] for name in CASE_COLUMNS if name in spine.columns}
    left = spine.select("case_id", "customer_id", "as_of", **carried)
    right = facts.rename(facts_customer_id="customer_id", facts_as_of="as_of")
    joined = left.left_join(right, [left.customer_id == right.facts_customer_id, left.as_of == right.facts_as_of])
    return joined.mutate(**{IS_KNOWN.name: joined[IS_KNOWN.name].fill_null(0.0)})


def _case_inputs(rows: ibis.Table) -> dict[str, Any]:
    """``features.case.INPUTS`` and ``CUSTOMER_INPUTS`` as float64 columns."""
    missing = [name for name in CASE_COLUMNS if f"spine_{name}" not in rows.columns]
    if missing:
        raise MissingCaseColumnsError(missing)
    issued, due_on = rows.spine_issued_on, rows.spine_due_on
    own = {
        "amount": rows.spine_amount,
        "terms_days": day_number(due_on) - day_number(issued),
        "due_weekday": due_on.day_of_week.index(),
        "due_day": due_on.day(),
        "issue_weekday": issued.day_of_week.index(),
        "issue_day": issued.day(),
        "interest_rate": rows.spine_interest_rate,
        "due_in_days": day_number(due_on) - day_number(rows.as_of),
    }
    inputs = {name: value.cast("float64") for name, value in own.items()}
    return inputs | {name: rows[name] for name in case.CUSTOMER_INPUTS}
