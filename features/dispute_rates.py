"""How much of the business is disputed or credited: rates and amounts beside the counts of ``features.disputes``."""

from typing import TYPE_CHECKING, Final

import ibis

from data.contracts import CONTRACTS
from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted, summed
from features.currency import in_book_currency
from features.versions import known_then, versions
from features.windows import number, ratio, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from data.book import Book
    from features.families import Sight

YEAR: Final = 365
QUARTER: Final = 90

ROW_FEATURES: Final[tuple[Feature, ...]] = (
    summed(
        "disputed_amount_365d",
        "Amount of the disputes opened in the last 365 days, each the part it names or else the whole invoice.",
        0,
        "disputes",
    ),
    counted("open_dispute_count", "Disputes that are open.", "disputes", 0, "disputes"),
    Feature(
        "oldest_open_dispute_days",
        "Days since the oldest open dispute was opened.",
        "days",
        0,
        INF,
        "no dispute is open",
        0,
        "disputes",
    ),
)

CREDIT_NOTE_FEATURES: Final[tuple[Feature, ...]] = (
    counted("credit_note_count_365d", "Credit notes issued in the last 365 days.", "credit notes", 0, "disputes"),
)

SHARE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "disputed_invoice_share_365d",
        "Share of the invoices issued in the last 365 days on which a dispute was opened so far.",
        "share",
        0,
        1,
        "no invoice was issued in the window",
        0,
        "disputes",
    ),
    Feature(
        "credit_note_share_90d",
        "Amount credited over amount invoiced in the last 90 days.",
        "share",
        0,
        INF,
        "nothing with a known amount was invoiced in the window, or no amount credited is known",
        0,
        "disputes",
    ),
)


def row_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a dispute: ``case_no`` and the features."""
    rows = seen_rows(sight, "disputes", "opened_on")
    rows = in_book_currency(sight.book, rows.mutate(is_whole=rows.amount.isnull()), on="opened_on", money=("amount",))
    invoices = _invoices(sight)
    rows = rows.left_join(
        invoices,
        [
            rows.invoice_id == invoices.disputed_id,
            invoices.stated_on <= rows.as_of,
            invoices.restated_on.isnull() | (invoices.restated_on > rows.as_of),
        ],
    )
    year, is_open = within(rows.age, YEAR), rows.closed_on.isnull() | (rows.closed_on > rows.as_of)
    sums = rows.group_by("case_no").agg(
        raised=rows.count(where=year),
        money=ibis.ifelse(rows.is_whole, rows.whole, rows.amount).sum(where=year),
        open=rows.count(where=is_open),
        oldest=rows.age.max(where=is_open),
    )
    return sums.select(
        "case_no",
        disputed_amount_365d=sum_of_known(sums.money, sums.raised),
        open_dispute_count=number(sums.open),
        oldest_open_dispute_days=number(sums.oldest),
    )


def credit_note_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a credit note: ``case_no`` and the feature."""
    rows = seen_rows(sight, "credit_notes", "issued_on")
    return rows.group_by("case_no").agg(credit_note_count_365d=number(rows.count(where=within(rows.age, YEAR))))


def share_facts(sight: "Sight") -> ibis.Table:
    """One row per case with an invoice of the last 365 days: ``case_no`` and the features."""
    issued = sight.seen.filter(within(sight.seen.age, YEAR))
    recent = within(issued.age, QUARTER)
    sums = issued.group_by("case_no").agg(issued=issued.count(), invoiced=issued.amount.sum(where=recent))
    disputed, credited = _disputed(sight.book, issued), _credited(sight)
    rows = sums.left_join(disputed, sums.case_no == disputed.disputed_case_no)
    rows = rows.left_join(credited, rows.case_no == credited.credited_case_no)
    money = sum_of_known(rows.credited, rows.notes.fill_null(0))
    return rows.select(
        "case_no",
        disputed_invoice_share_365d=ratio(rows.disputed.fill_null(0), rows.issued),
        credit_note_share_90d=ratio(money, rows.invoiced),
    )


def _invoices(sight: "Sight") -> ibis.Table:
    """Versions of the invoices that the customers dispute, whoever owes them, with the whole amount of each."""
    theirs = sight.book["invoices"].semi_join(sight.versions("disputes"), "invoice_id")
    rows = versions(theirs, CONTRACTS["invoices"].key)
    rows = in_book_currency(sight.book, rows, on="issued_on", money=("amount",))
    return rows.select(disputed_id="invoice_id", stated_on="known_on", restated_on="superseded_on", whole="amount")


def _disputed(book: "Book", issued: ibis.Table) -> ibis.Table:
    """Invoices of each case with a dispute opened by then, whoever raised it."""
    raised = book.held(versions(book["disputes"], CONTRACTS["disputes"].key))
    raised = raised.select("opened_on", "known_on", "superseded_on", raised_on_id="invoice_id")
    pairs = issued.select("case_no", "as_of", "invoice_id").join(
        raised,
        [
            ibis._.invoice_id == raised.raised_on_id,
            raised.opened_on <= ibis._.as_of,
            known_then(raised, ibis._.as_of),
        ],
    )
    once = pairs.select("case_no", "invoice_id").distinct()
    return once.group_by("case_no").agg(disputed=once.count()).rename(disputed_case_no="case_no")


def _credited(sight: "Sight") -> ibis.Table:
    """Credit notes of the last 90 days of each case: how many, and their amount."""
    notes = seen_rows(sight, "credit_notes", "issued_on", money=("amount",))
    notes = notes.filter(within(notes.age, QUARTER))
    sums = notes.group_by("case_no").agg(notes=notes.count(), credited=notes.amount.sum())
    return sums.rename(credited_case_no="case_no")
