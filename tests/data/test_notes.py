"""What a person is told although nothing is refused: references that lead nowhere, late invoices, missing rates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from data.contracts import CONTRACTS
from data.delivery import Options
from data.ingest import ingest_tables
from data.lake import Lake, in_contract

MARCH = datetime(2024, 3, 1, tzinfo=UTC)
APRIL = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path, threads=1)


def about(report, word):
    return [warning for warning in report.warnings if word in warning]


def test_a_payment_before_its_invoice_is_kept_counted_and_linked_when_the_invoice_comes(lake, table):
    payment = {"payments": table("payments", {}), "allocations": table("allocations", {})}
    early = ingest_tables(payment, lake, received_at=MARCH)
    assert early.counts["allocations"].accepted == 1
    assert about(early, "refer to invoices") == [
        "1 rows of allocations refer to invoices that neither the delivery nor the lake holds; they are kept."
    ]
    invoice = {"invoices": table("invoices", {})}
    linked = ingest_tables(invoice, lake, received_at=APRIL)
    assert about(linked, "linked") == ["1 rows of allocations that came before their invoice are linked to it now."]
    assert not about(ingest_tables(invoice, lake, received_at=APRIL), "linked")
    assert not lake.read("invoices")["outcome_unknown"][0].as_py()
    other = Lake(lake.root / "other", threads=1)
    for delivery, at in ((invoice, MARCH), (payment, APRIL)):
        ingest_tables(delivery, other, received_at=at)
    assert other.data_version() == lake.data_version()


@pytest.mark.parametrize(("days", "unknown"), [(180, False), (181, True)])
def test_an_impossible_payment_leaves_the_outcome_unknown_in_either_order(lake, table, days, unknown):
    paid_on = date(2024, 1, 10) - timedelta(days)
    payment = {
        "payments": table("payments", {"paid_on": paid_on}),
        "allocations": table("allocations", {"allocated_on": paid_on}),
    }
    invoice = {"invoices": table("invoices", {})}
    other = Lake(lake.root / "other", threads=1)
    ingest_tables(payment, lake, received_at=MARCH)
    ingest_tables(invoice, lake, received_at=APRIL)
    ingest_tables(invoice, other, received_at=MARCH)
    ingest_tables(payment, other, received_at=APRIL)
    for one in (lake, other):
        assert one.read("invoices")["outcome_unknown"].to_pylist()[-1] is unknown


def test_a_withdrawn_allocation_waits_for_nothing(lake, table):
    gone = {"is_deleted": True, "known_at": MARCH}
    ingest_tables({"allocations": table("allocations", {}, gone)}, lake, received_at=MARCH)
    assert not about(ingest_tables({"invoices": table("invoices", {})}, lake, received_at=APRIL), "linked")


def test_a_reference_to_what_was_withdrawn_leads_nowhere(lake, table):
    withdrawn = table("invoices", {}, {"is_deleted": True, "known_at": MARCH})
    ingest_tables({"invoices": withdrawn}, lake, received_at=MARCH)
    assert about(ingest_tables({"allocations": table("allocations", {})}, lake, received_at=APRIL), "refer to invoices")


def rates(*rows):
    import pyarrow as pa

    plain = {"currency": "USD", "into_currency": "EUR", "quoted_on": date(2024, 1, 10), "rate": Decimal("0.9")}
    plain |= {"known_at": datetime(2024, 1, 11, tzinfo=UTC), "source": "bank", "is_deleted": False}
    schema = CONTRACTS["exchange_rates"].schema
    return in_contract("exchange_rates", pa.Table.from_pylist([plain | row for row in rows], schema=schema))


DOLLAR = {"invoice_id": "I2", "currency": "USD"}  # issued on 10 January
MISSING = "1 invoices in USD have no exchange rate into EUR from the 31 days up to their issue"


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        pytest.param([{}], False, id="quoted on the day"),
        pytest.param([{"quoted_on": date(2023, 12, 10)}], False, id="31 days before"),
        pytest.param([{"quoted_on": date(2023, 12, 9)}], True, id="32 days before"),
        pytest.param([{"quoted_on": date(2024, 1, 11)}], True, id="the day after"),
        pytest.param([{"into_currency": "GBP"}], True, id="into another currency"),
        pytest.param([{"currency": "GBP"}], True, id="of another currency"),
        pytest.param([], True, id="no rate at all"),
    ],
)
@pytest.mark.parametrize("in_lake", [True, False])
def test_a_missing_exchange_rate_is_told(lake, table, rate, told, in_lake):
    delivery = {"invoices": table("invoices", {}, {"invoice_id": "I3"}, DOLLAR)}
    if in_lake:
        ingest_tables({"exchange_rates": rates(*rate)}, lake, received_at=MARCH)
    else:
        delivery |= {"exchange_rates": rates(*rate)}
    report = ingest_tables(delivery, lake, received_at=MARCH)
    found = about(report, "exchange rate")
    assert [MISSING in warning for warning in found] == ([True] if told else [])


def test_the_currency_of_the_figures_may_be_stated_and_is_else_that_of_most_invoices(lake, table):
    dollars = table("invoices", DOLLAR, DOLLAR | {"invoice_id": "I4"})
    assert not about(ingest_tables({"invoices": dollars}, lake, received_at=MARCH), "exchange rate")
    euro = {"invoices": table("invoices", {})}
    found = about(ingest_tables(euro, lake, received_at=MARCH), "exchange rate")
    assert found[0].startswith("1 invoices in EUR have no exchange rate into USD")
    stated = Options(currency="EUR", dry_run=True)
    assert not about(ingest_tables(euro, lake, received_at=MARCH, options=stated), "exchange rate")
