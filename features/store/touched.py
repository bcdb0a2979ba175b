"""Which customers the lake has news of since the last write of their facts.

The lake only ever adds files, so the news are the rows of the files that it did not have then. A row concerns the
customer it names, whoever an earlier version of it named, and whoever owns or shares what it refers to: a payment of
the parent for an invoice of the daughter concerns both.

Not followed, and left to the daily refresh of the whole book: facts of other members of a group and of peers, and
tables that concern everybody (exchange rates, payment terms, holidays).
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from data.contracts import CONTRACTS, Contract
from data.engine import engine

if TYPE_CHECKING:  # the lake brings delta-rs with it, which a service that reads facts does not need
    from data.lake import Lake

TABLES: Final = "tables"
# What rows of several tables have in common beside the customer.
LINKS: Final = ("invoice_id", "payment_id", "order_id")


class NoMarkError(LookupError):
    """It is not noted of which state of the lake the online facts are."""

    def __init__(self) -> None:
        super().__init__(
            "No whole book was written under the present definitions yet, so what is news cannot be told: run "
            "`o2c-risk features refresh` first, or name the customers"
        )


class MarkLostError(LookupError):
    """The lake no longer knows the state of which the online facts are."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"The lake's {table} was made anew, or no longer keeps the version of the last write, so what is news "
            "cannot be told: run `o2c-risk features refresh`"
        )
        self.table = table


@dataclass(frozen=True)
class Touched:
    """What is news.

    Attributes:
        customer_ids: Customers that the news concern, sorted.
        for_everybody: Tables with news that concern every customer; the daily refresh takes them up.
    """

    customer_ids: tuple[str, ...]
    for_everybody: tuple[str, ...]


def lake_mark(lake: "Lake") -> dict[str, list[Any]]:
    """The state of the lake's tables: identity and version of each that was written. Take it before opening the book.

    Args:
        lake: The lake.
    """
    found = {name: _table(lake, name) for name in CONTRACTS}
    return {name: [table.metadata().id, table.version()] for name, table in found.items() if table is not None}


def touched_by_news(lake: "Lake", mark: Mapping[str, Any]) -> Touched:
    """Customers that rows concern which came into the lake after a mark was taken.

    Args:
        lake: The lake.
        mark: What `lake_mark` gave then.

    Raises:
        MarkLostError: The lake cannot tell what was there then.
    """
    fresh = {name: _fresh_files(lake, name, mark.get(name)) for name in CONTRACTS}
    return _touched(lake, {name: (files, "true") for name, files in fresh.items() if files})


def touched_since(lake: "Lake", since: datetime) -> Touched:
    """Customers that rows concern which became known after an instant.

    Args:
        lake: The lake.
        since: An instant with a zone.
    """
    present = {name: lake.files(name) for name in CONTRACTS}
    later = f"known_at > TIMESTAMPTZ '{since.isoformat()}'"
    return _touched(lake, {name: (files, later) for name, files in present.items() if files})


def _table(lake: "Lake", name: str) -> Any:
    from deltalake import DeltaTable

    address = (lake.root / name).absolute().as_uri()
    return DeltaTable(address) if DeltaTable.is_deltatable(address) else None


def _fresh_files(lake: "Lake", name: str, noted: list[Any] | None) -> list[str]:
    """Files that a table has now and had not when it was noted."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    table = _table(lake, name)
    if table is None or noted is None:
        return lake.files(name)
    identity, version = noted
    if table.metadata().id != identity:
        raise MarkLostError(name)
    if table.version() == version:
        return []
    try:
        before = DeltaTable((lake.root / name).absolute().as_uri(), version=version)
    except DeltaError as problem:
        raise MarkLostError(name) from problem
    known = {uri.rpartition("/")[2] for uri in before.file_uris()}
    return [file for file in lake.files(name) if file.rpartition("/")[2] not in known]


def _touched(lake: "Lake", news: Mapping[str, tuple[list[str], str]]) -> Touched:
    """Customers of the rows of some files that fulfil a condition, and of what those rows refer to."""
    from data.lake_files import select_of

    with closing(engine(lake.threads).con) as con:
        changed = []
        for name, (files, condition) in news.items():
            rows = f"SELECT * FROM ({select_of(CONTRACTS[name], files, con)}) WHERE {condition}"
            con.execute(f"CREATE TEMP TABLE news_{name} AS {rows}")
            if con.execute(f"SELECT count(*) FROM news_{name}").fetchone() != (0,):
                changed.append(name)
        asked = [part for name in changed for part in _concerned(lake, CONTRACTS[name], con)]
        found = con.execute(" UNION ".join([*asked, "SELECT NULL"])).fetchall() if asked else []
    customers = tuple(sorted(customer for (customer,) in found if customer is not None))
    return Touched(customers, tuple(name for name in changed if "customer_id" not in CONTRACTS[name].names))


def _concerned(lake: "Lake", contract: Contract, con: Any) -> Iterator[str]:
    """SQL for the customers whom the news of one table concern."""
    if "customer_id" not in contract.names:
        return
    from data.lake_files import select_of

    yield f"SELECT customer_id FROM news_{contract.name}"
    if "customer_id" not in contract.key:  # an earlier version may have named another customer
        yield _sharing(select_of(contract, lake.files(contract.name), con), contract.key, contract.name)
    for link in LINKS:
        for other in CONTRACTS.values() if link in contract.names else ():
            files = lake.files(other.name) if {link, "customer_id"} <= set(other.names) else []
            if files and (other.name != contract.name or contract.key != (link,)):
                yield _sharing(select_of(other, files, con), (link,), contract.name)


def _sharing(rows: str, key: tuple[str, ...], news: str) -> str:
    same = " AND ".join(f"held.{column} = fresh.{column}" for column in key)
    return f"SELECT held.customer_id FROM ({rows}) AS held SEMI JOIN news_{news} AS fresh ON {same}"
