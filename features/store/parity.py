"""Does the service read what a training set would hold? The two are built apart and must be equal to the bit."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from data.book import Book
from features.build import as_of_now
from features.store.definitions import CUSTOMER_ID
from features.store.online import OnlineFacts
from features.store.store import Store


@dataclass(frozen=True)
class Offender:
    """A feature whose online value differs from the one built from the book.

    Attributes:
        feature: Its name.
        customers: For how many customers it differs, 1 or more.
        customer_id: The first of them by identifier.
        built: That customer's value from the book; None for null.
        served: The value in the online store; None for null or no facts.
    """

    feature: str
    customers: int
    customer_id: str
    built: float | None
    served: float | None


@dataclass(frozen=True)
class Parity:
    """How the online store compares with the book at the end of a day.

    Attributes:
        as_of: The day.
        compared: Values compared: customers of the book times features.
        different: Values that differ; every value of a customer without facts is one.
        missing: Customers of the book of whom the store holds nothing.
        other_day: Customers whose facts are as of another day.
        worst: The features that differ for most customers, at most as many as were asked for.
    """

    as_of: date
    compared: int
    different: int
    missing: int
    other_day: int
    worst: tuple[Offender, ...]

    @property
    def holds(self) -> bool:
        """Whether every value of every customer is there, of the day and equal."""
        return not (self.different or self.missing or self.other_day)


def parity(book: Book, store: Store, as_of: date, *, show: int = 10) -> Parity:
    """Builds the facts of every customer anew and compares them with the online store.

    Args:
        book: The book.
        store: The store whose online side is judged.
        as_of: The day whose facts it should hold.
        show: How many features to name at most.
    """
    built = as_of_now(book, as_of, features=store.names)
    served = store.read_online(built.column(CUSTOMER_ID).to_pylist(), store.names)
    return compare(built, served, store.names, as_of, show=show)


def compare(
    built: pa.Table, served: Sequence[OnlineFacts], names: Sequence[str], as_of: date, *, show: int = 10
) -> Parity:
    """Compares value by value, exactly; null and not-a-number are the same nothing.

    Args:
        built: Shape (n, >= 1 + len(names)): ``customer_id`` and the features.
        served: One entry per row of ``built``, in its order.
        names: Features to compare.
        as_of: The day that the served facts should be of.
        show: How many features to name at most.
    """
    differing: dict[str, list[int]] = defaultdict(list)
    columns = {name: [_plain(value) for value in built.column(name).to_pylist()] for name in names}
    for name in names:
        for row, facts in enumerate(served):
            if facts.as_of is None or columns[name][row] != _plain(facts.values[name]):
                differing[name].append(row)
    offenders = [_offender(name, rows, columns[name], served) for name, rows in differing.items()]
    offenders.sort(key=lambda found: (-found.customers, found.feature))
    return Parity(
        as_of=as_of,
        compared=len(served) * len(names),
        different=sum(len(rows) for rows in differing.values()),
        missing=sum(facts.as_of is None for facts in served),
        other_day=sum(facts.as_of not in (None, as_of) for facts in served),
        worst=tuple(offenders[:show]),
    )


def _offender(name: str, rows: list[int], built: list[float | None], served: Sequence[OnlineFacts]) -> Offender:
    first = min(rows, key=lambda row: served[row].customer_id)
    return Offender(name, len(rows), served[first].customer_id, built[first], _plain(served[first].values[name]))


def _plain(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
