"""Facts of customers: computed for a day, put where the service reads them, and checked against the book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cli.output import count, percent, say, show_table
from data.book import Book
from data.lake import Lake
from data.settings import Settings
from features.build import as_of_now

if TYPE_CHECKING:
    from features.store.parity import Parity
    from features.store.store import Store
    from features.store.touched import Touched

AS_OF: Final = "as_of"
TABLES: Final = "tables"


class EarlierDayError(ValueError):
    """A push for an earlier day than the facts that are online."""

    def __init__(self, as_of: date, held: date) -> None:
        super().__init__(
            f"The facts online are as of {held}; a push as of {as_of} would put some customers back. "
            f"Push as of {held} or later, or refresh the whole book as of {as_of}"
        )
        self.as_of, self.held = as_of, held


@dataclass(frozen=True)
class Refreshed:
    """What a refresh wrote.

    Attributes:
        customer_ids: Customers with facts.
        features: Features of each.
        as_of: The day at whose end they are true.
        generation: Number of the complete set that is read now.
    """

    customer_ids: tuple[str, ...]
    features: int
    as_of: date
    generation: int = 0


@dataclass(frozen=True)
class Pushed:
    """What a push wrote.

    Attributes:
        customer_ids: Customers whose facts were computed anew.
        as_of: The day at whose end they are true.
        not_newer: Customers that kept later facts that somebody else had written.
        for_everybody: Tables with news that concern every customer, left to the next refresh.
    """

    customer_ids: tuple[str, ...]
    as_of: date
    not_newer: int
    for_everybody: tuple[str, ...]


def the_store(settings: Settings) -> "Store":
    """The feature store of the home folder, its definitions brought up to the code's."""
    from features.store.store import Store  # late: Feast takes seconds to import

    settings.store.mkdir(parents=True, exist_ok=True)
    store = Store(
        settings.store,
        stale_after_days=settings.stale_after_days,
        threads=settings.threads,
        online=settings.online.get_secret_value(),
        grace=timedelta(minutes=settings.online_grace_minutes),
    )
    store.apply()
    return store


def state_of_the_lake(settings: Settings) -> dict[str, Any]:
    """What a later push needs to know about the lake; taken before the book is opened, so that nothing is missed."""
    from features.store.touched import lake_mark

    return lake_mark(Lake(settings.lake, threads=settings.threads))


def refresh(
    book: Book, store: "Store", *, as_of: date, computed_at: datetime, lake: Mapping[str, Any] | None = None
) -> Refreshed:
    """Compute the facts of every customer at the end of a day and put them online, in one step for every reader.

    Args:
        book: The book.
        store: Where they go.
        as_of: The day.
        computed_at: The instant before the book was opened.
        lake: What `state_of_the_lake` said then; without it the next push does not know what is news.
    """
    rows = as_of_now(book, as_of, features=store.names)
    mark = None if lake is None else {AS_OF: as_of.isoformat(), TABLES: dict(lake)}
    written = store.write_whole(rows, computed_at=computed_at, mark=mark)
    return Refreshed(tuple(rows["customer_id"].to_pylist()), len(store.names), as_of, written.generation)


def news(settings: Settings, store: "Store", *, since: datetime | None, customers: Sequence[str]) -> "Touched":
    """The customers to push: those that were named, or those that the lake has news of.

    Args:
        settings: The installation.
        store: Whose last write says what is news.
        since: Count rows that became known after this instant, in place of those that came after the last write.
        customers: Customers to push, in place of those with news.

    Raises:
        NoMarkError: No whole book was written yet.
        MarkLostError: The lake cannot tell what is news.
    """
    from features.store.touched import NoMarkError, Touched, touched_by_news, touched_since

    if customers:
        return Touched(tuple(sorted(set(customers))), ())
    lake = Lake(settings.lake, threads=settings.threads)
    if since is not None:
        return touched_since(lake, since)
    mark = store.mark()
    if mark is None:
        raise NoMarkError
    return touched_by_news(lake, mark[TABLES])


def push(
    book: Book,
    store: "Store",
    touched: "Touched",
    *,
    as_of: date,
    computed_at: datetime,
    lake: Mapping[str, Any] | None = None,
) -> Pushed:
    """Compute the facts of the customers that news concern, and put them in place of theirs.

    Args:
        book: The book, opened after ``touched`` was found.
        store: Where they go.
        touched: Whom.
        as_of: The day.
        computed_at: The instant before the book was opened.
        lake: What `state_of_the_lake` said before ``touched`` was found; None leaves what is noted, as it must when
            customers were chosen by hand.

    Raises:
        EarlierDayError: The facts online are of a later day.
    """
    from features.store.push import facts_of_customers

    held = day_of_the_facts(store)
    if held is not None and as_of < held:
        raise EarlierDayError(as_of, held)
    if not touched.customer_ids:
        return Pushed((), as_of, 0, touched.for_everybody)
    rows = facts_of_customers(book, touched.customer_ids, as_of, store.names)
    mark = None if lake is None or held is None else {AS_OF: as_of.isoformat(), TABLES: dict(lake)}
    written = store.write_online(rows, computed_at=computed_at, mark=mark)
    return Pushed(tuple(rows["customer_id"].to_pylist()), as_of, written.not_newer, touched.for_everybody)


def day_of_the_facts(store: "Store") -> date | None:
    """The latest day as of which facts were written; None before the first refresh."""
    mark = store.mark()
    return None if mark is None else date.fromisoformat(mark[AS_OF])


def check(book: Book, store: "Store", as_of: date, *, show: int = 10) -> "Parity":
    """Compare what is served with what the book gives for the same day."""
    from features.store.parity import parity

    return parity(book, store, as_of, show=show)


def tell_pushed(pushed: Pushed) -> None:
    """What a push did, for a person."""
    say(f"{count(len(pushed.customer_ids))} customers with news have new facts at the end of {pushed.as_of}.")
    if pushed.not_newer:
        say(f"{count(pushed.not_newer)} of them kept later facts that somebody else had written.")
    if pushed.for_everybody:
        say(f"News in {', '.join(pushed.for_everybody)} concern everybody: the next refresh takes them up.")


def tell_parity(found: "Parity") -> None:
    """How what is served compares with the book, for a person."""
    say(
        f"As of {found.as_of}: {count(found.compared)} values compared, {count(found.different)} differ "
        f"({percent(found.share, 4)})."
    )
    for number, what in (
        (found.missing, "customers of the book have no facts online"),
        (found.other_day, "customers have facts as of another day"),
        (found.beyond_the_book, "customers have facts online and are not in the book"),
    ):
        if number:
            say(f"{count(number)} {what}.")
    if found.worst:
        rows = [(o.feature, count(o.customers), o.customer_id, o.built, o.served) for o in found.worst]
        columns = ("feature", "customers", "worst", "by the book", "online")
        show_table("What differs for most customers", columns, rows, numbers=("customers", "by the book", "online"))
