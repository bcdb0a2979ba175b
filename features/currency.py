"""Amounts in the currency of the book, at the rate of their own day.

The rate is the newest one quoted on or before the day of the document, at most a month old, among those known when
the document was: the rate at which it would have been booked. A quotation that comes or is corrected later changes
nothing that was booked before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features.versions import day_number, known_then, versions

if TYPE_CHECKING:  # the book brings the lake with it, which a service that reads the catalogue does not need
    from data.book import Book

LONGEST_AGE: Final = 31  # days from the quotation to the document; an older rate says nothing about it


def in_book_currency(
    book: "Book", rows: ibis.Table, *, on: str, money: Sequence[str], known_on: str = "known_on"
) -> ibis.Table:
    """The rows with amounts in the book's currency, null where no rate tells what they are.

    Args:
        book: The book, with its exchange rates.
        rows: Shape (n, k) with ``currency``, and ``known_on`` as `features.versions.versions` gives it.
        on: Column with the day of the document, whose rate counts.
        money: Columns with amounts, DECIMAL(20, 4).
        known_on: Column with the day on which the document was known.

    Returns:
        Shape (n, k), the same columns; amounts rounded half up to four places.
    """
    is_ours = (rows.currency == book.currency).fill_null(False)
    rows = rows.mutate(rate_on=rows[on], rate_seen_on=ibis.greatest(rows[on], rows[known_on]))
    rates = _rates(book, rows.filter(~is_ours).select("currency", "rate_on", "rate_seen_on").distinct())
    right = rates.rename(quoted_currency="currency", quoted_rate_on="rate_on", quoted_seen_on="rate_seen_on")
    joined = rows.left_join(
        right,
        [
            rows.currency == right.quoted_currency,
            rows.rate_on == right.quoted_rate_on,
            rows.rate_seen_on == right.quoted_seen_on,
        ],
    )
    ours = (joined.currency == book.currency).fill_null(False)
    turned = {name: ibis.ifelse(ours, joined[name], _turned(joined[name], joined.rate)) for name in money}
    return joined.mutate(**turned).select(*(name for name in rows.columns if name not in {"rate_on", "rate_seen_on"}))


def _turned(amount: Any, rate: Any) -> Any:
    # One type for both, in which the product of 16 digits and 8 decimals stays exact.
    return (amount.cast("decimal(24, 8)") * rate.cast("decimal(24, 8)")).cast(amount.type())


def _rates(book: "Book", wanted: ibis.Table) -> ibis.Table:
    """The rate of each currency, day and knowledge that is asked for: the columns of ``wanted`` and ``rate``."""
    quotes = versions(book["exchange_rates"], CONTRACTS["exchange_rates"].key)
    quotes = quotes.filter(quotes.into_currency == book.currency).rename(from_currency="currency")
    age = day_number(wanted.rate_on) - day_number(quotes.quoted_on)
    usable = wanted.join(
        quotes,
        [
            wanted.currency == quotes.from_currency,
            age >= 0,
            age <= LONGEST_AGE,
            known_then(quotes, wanted.rate_seen_on),
        ],
    )
    newest_first = ibis.window(group_by=["currency", "rate_on", "rate_seen_on"], order_by=ibis.desc("quoted_on"))
    ranked = usable.mutate(place=ibis.row_number().over(newest_first))
    return ranked.filter(ranked.place == 0).select("currency", "rate_on", "rate_seen_on", "rate")
