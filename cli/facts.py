"""Facts of all customers: computed for a day, put where the service reads them, and checked against the book."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from data.book import Book
from data.settings import Settings
from features.build import as_of_now

if TYPE_CHECKING:
    from features.store.parity import Parity
    from features.store.store import Store


@dataclass(frozen=True)
class Refreshed:
    """What a refresh wrote.

    Attributes:
        customer_ids: Customers with facts.
        features: Features of each.
        as_of: The day at whose end they are true.
    """

    customer_ids: tuple[str, ...]
    features: int
    as_of: date


def the_store(settings: Settings) -> "Store":
    """The feature store of the home folder, its definitions brought up to the code's."""
    from features.store.store import Store  # late: Feast takes seconds to import

    settings.store.mkdir(parents=True, exist_ok=True)
    store = Store(settings.store, stale_after_days=settings.stale_after_days, threads=settings.threads)
    store.apply()
    return store


def refresh(book: Book, store: "Store", *, as_of: date, computed_at: datetime) -> Refreshed:
    """Compute the facts of every customer at the end of a day and put them online."""
    rows = as_of_now(book, as_of, features=store.names)
    store.write_online(rows, computed_at=computed_at)
    return Refreshed(tuple(rows["customer_id"].to_pylist()), len(store.names), as_of)


def check(book: Book, store: "Store", as_of: date) -> "Parity":
    """Compare what is served with what the book gives for the same day."""
    from features.store.parity import parity

    return parity(book, store, as_of)
