"""The features of a few families, built without all others: small queries, for files with many examples."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from features.catalogue import Feature
from tests.features.ledger import bench
from tests.features.rows import AS_OF, Rows, days, row

MASTER = row("customers", customer_id="C1", known_on=AS_OF - days(900))


def teller(*features: Feature) -> Callable[..., Any]:
    """A function that tells features of these, all of them if none is named, of one customer at one date."""
    names = tuple(feature.name for feature in features)

    def told(rows: Rows, *wanted: str, customer_id: str = "C1", as_of: date = AS_OF) -> Any:
        found = bench().features(rows, [(customer_id, as_of)], names)[0]
        values = tuple(found[name] for name in wanted or names)
        return values[0] if len(values) == 1 else values

    return told


def told_of_all(
    rows: Rows, cases: Sequence[tuple[str, date]], features: Sequence[Feature]
) -> list[dict[str, float | None]]:
    """The features of each case, in the order of the cases."""
    names = tuple(feature.name for feature in features)
    found = bench().features(rows, cases, names)
    return [{name: made[name] for name in names} for made in sorted(found, key=lambda made: int(made["case_id"]))]


def money(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def stated(table: str, *, ago: int, on: str, customer_id: str = "C1", known_ago: int | None = None, **more: Any):
    """A row of a table that happened ``ago`` days before ``AS_OF`` and was known then, or ``known_ago`` days before."""
    known_on = AS_OF - days(ago if known_ago is None else known_ago)
    return row(table, customer_id=customer_id, known_on=known_on, **{on: AS_OF - days(ago)}, **more)
