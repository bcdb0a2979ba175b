"""Does the service read what a training set would hold? The two are built apart and must be equal to the bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.book import Book
from features.build import as_of_now
from features.store.definitions import CUSTOMER_ID
from features.store.history import EPOCH
from features.store.online import OnlineBlock
from features.store.store import Store
from features.store.wire import Floats

CUSTOMERS_AT_ONCE: Final = 2000


@dataclass(frozen=True)
class Offender:
    """A feature whose online value differs from the one built from the book.

    Attributes:
        feature: Its name.
        customers: For how many customers it differs, 1 or more.
        customer_id: The one for whom it differs most, a value against none first, then by identifier.
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
        beyond_the_book: Customers of whom the store holds facts and whom the book does not know.
        worst: The features that differ for most customers, at most as many as were asked for.
    """

    as_of: date
    compared: int
    different: int
    missing: int
    other_day: int
    beyond_the_book: int
    worst: tuple[Offender, ...]

    @property
    def share(self) -> float:
        """Share of the values compared that differ, in [0, 1]; 0 when nothing was compared."""
        return self.different / self.compared if self.compared else 0.0

    @property
    def holds(self) -> bool:
        """Whether every value of every customer is there, of the day and equal, and nobody else is."""
        return not (self.different or self.missing or self.other_day or self.beyond_the_book)


def parity(book: Book, store: Store, as_of: date, *, show: int = 10) -> Parity:
    """Builds the facts of every customer anew and compares them with the online store.

    Args:
        book: The book.
        store: The store whose online side is judged.
        as_of: The day whose facts it should hold.
        show: How many features to name at most.
    """
    built = as_of_now(book, as_of, features=store.names)
    customers = built.column(CUSTOMER_ID).to_pylist()
    parts = [
        store.read_block(customers[start : start + CUSTOMERS_AT_ONCE], store.names)
        for start in range(0, max(len(customers), 1), CUSTOMERS_AT_ONCE)
    ]
    served = OnlineBlock(
        store.names,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.computed_us for part in parts]),
    )
    beyond = len(set(store.online_customers()) - set(customers))
    return compare(built, served, store.names, as_of, show=show, beyond_the_book=beyond)


def compare(
    built: pa.Table,
    served: OnlineBlock,
    names: Sequence[str],
    as_of: date,
    *,
    show: int = 10,
    beyond_the_book: int = 0,
) -> Parity:
    """Compares value by value, exactly; null and not-a-number are the same nothing.

    Args:
        built: Shape (n, >= 1 + len(names)): ``customer_id`` and the features.
        served: What the store holds, one row per row of ``built``, in its order.
        names: Features to compare.
        as_of: The day that the served facts should be of.
        show: How many features to name at most.
        beyond_the_book: Customers with facts that the book does not know.
    """
    customers = built.column(CUSTOMER_ID).to_pylist()
    offenders: list[Offender] = []
    different = 0
    for i, name in enumerate(names):
        ours, theirs = built.column(name).cast(pa.float64()).to_numpy(), served.values[:, i]
        differs = ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))) | ~served.is_there
        if (count := int(differs.sum())) > 0:
            different += count
            worst = _worst(customers, ours, theirs, differs)
            offenders.append(Offender(name, count, customers[worst], _plain(ours[worst]), _plain(theirs[worst])))
    offenders.sort(key=lambda found: (-found.customers, found.feature))
    return Parity(
        as_of=as_of,
        compared=len(customers) * len(names),
        different=different,
        missing=int((~served.is_there).sum()),
        other_day=int((served.is_there & (served.days != (as_of - EPOCH).days)).sum()),
        beyond_the_book=beyond_the_book,
        worst=tuple(offenders[:show]),
    )


def _worst(customers: Sequence[str], ours: Floats, theirs: Floats, differs: npt.NDArray[np.bool_]) -> int:
    """The row that differs most; a value against none is further apart than any two values."""
    gap = np.where(np.isnan(ours) | np.isnan(theirs), np.inf, np.abs(ours - theirs))
    return int(min(np.flatnonzero(differs).tolist(), key=lambda row: (-gap[row], customers[row])))


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
