"""The row rules: each with a row that keeps it at the boundary and one that breaks it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from data.contracts import CONTRACTS
from data.rules import RULES, apply_rules
from data.staging import staged_as_is

RECEIVED = datetime(2024, 6, 30, 12, tzinfo=UTC)
ISSUED = date(2024, 1, 10)
DEFAULTS = {
    pa.string(): "x",
    pa.date32(): date(2024, 1, 10),
    pa.bool_(): False,
    pa.int64(): 1,
    pa.decimal128(20, 4): Decimal(1),
    pa.decimal128(12, 6): Decimal(1),
    pa.decimal128(16, 8): Decimal(1),
    pa.timestamp("us", tz="UTC"): datetime(2024, 1, 10, tzinfo=UTC),
}
VALID = {"size_class": "SMALL", "kind": "LEGAL", "currency": "EUR", "into_currency": "USD", "country": "DE"}
KINDS = {"securities": "GUARANTEE"}


def rows_of(name, *changes):
    """Contract rows that keep all rules, apart from the changes; keys differ from row to row."""
    schema = pa.schema([field.with_nullable(True) for field in CONTRACTS[name].schema])
    rows = []
    for number, change in enumerate(changes):
        row = {field.name: VALID.get(field.name, DEFAULTS[field.type]) for field in schema}
        row |= {"kind": KINDS[name]} if name in KINDS else {}
        rows.append(row | {key: f"K{number}" for key in CONTRACTS[name].key if row[key] == "x"} | change)
    return pa.Table.from_pylist(rows, schema=schema)


def codes(name, *changes, restates_past=False):
    """The reason code of each row, None for an accepted one."""
    staged = staged_as_is(name, rows_of(name, *changes), file=name)
    apply_rules(staged, last_day=RECEIVED.date(), received_at=RECEIVED, restates_past=restates_past)
    return [None if number < 0 else staged.reasons[number].code for number in staged.refusal]


@pytest.mark.parametrize("name", CONTRACTS)
def test_plain_rows_keep_all_rules(name):
    assert codes(name, {}, {}) == [None, None]
    assert name in RULES


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        pytest.param("invoices", {"due_on": ISSUED}, None, id="due at issue"),
        pytest.param("invoices", {"due_on": date(2024, 1, 9)}, "due_before_issue", id="due a day before issue"),
        pytest.param("invoices", {"due_on": ISSUED + timedelta(days=400)}, None, id="due 400 days after issue"),
        pytest.param(
            "invoices", {"due_on": ISSUED + timedelta(days=401)}, "due_too_late", id="due 401 days after issue"
        ),
        pytest.param("invoices", {"amount": None}, None, id="a missing amount stays missing"),
        pytest.param(
            "invoices", {"amount": Decimal("0.0001"), "discount_amount": None}, None, id="the smallest amount"
        ),
        pytest.param("invoices", {"discount_amount": Decimal(1)}, None, id="a discount of all of it"),
        pytest.param(
            "invoices", {"discount_amount": Decimal("1.0001")}, "discount_above_amount", id="a discount of more"
        ),
        pytest.param("invoices", {"amount": Decimal(0)}, "amount_not_positive", id="a zero amount"),
        pytest.param("invoices", {"amount": Decimal(-5)}, "amount_not_positive", id="a negative amount"),
        pytest.param("invoices", {"issued_on": None}, "missing_value", id="no issue date"),
        pytest.param("invoices", {"invoice_id": ""}, "key_empty", id="an empty key"),
        pytest.param("invoices", {"currency": "eur"}, "currency_malformed", id="a currency in small letters"),
        pytest.param("invoices", {"currency": "EURO"}, "currency_malformed", id="a currency of four letters"),
        pytest.param("invoices", {"known_at": RECEIVED}, None, id="known when received"),
        pytest.param(
            "invoices",
            {"known_at": RECEIVED + timedelta(microseconds=1)},
            "known_after_receipt",
            id="known after receipt",
        ),
        pytest.param("payments", {"paid_on": date(2024, 6, 30)}, None, id="paid on the day of the extract"),
        pytest.param("payments", {"paid_on": date(2024, 7, 1)}, "paid_after_extract", id="paid after it"),
        pytest.param("allocations", {"allocated_on": date(2024, 7, 1)}, "paid_after_extract", id="allocated after it"),
        pytest.param("disputes", {"closed_on": None}, None, id="an open dispute"),
        pytest.param("disputes", {"closed_on": date(2024, 1, 9)}, "closed_before_opened", id="closed before opened"),
        pytest.param("limits", {"valid_to_on": date(2024, 1, 9)}, "ends_before_start", id="a limit that ends first"),
        pytest.param("limits", {"amount": Decimal(0)}, None, id="a limit of nothing"),
        pytest.param("credit_events", {"kind": "RUMOUR"}, "kind_unknown", id="an unknown kind of event"),
        pytest.param("exchange_rates", {"rate": Decimal(0)}, "rate_not_positive", id="a rate of nothing"),
        pytest.param("exchange_rates", {"into_currency": "usd"}, "into_currency_malformed", id="into small letters"),
        pytest.param("exchange_rates", {"into_currency": "EUR"}, "rate_into_itself", id="a rate into itself"),
        pytest.param("holidays", {"country": "Germany"}, "country_malformed", id="a country by its name"),
        pytest.param("securities", {"covered_percent": Decimal(100)}, None, id="cover of all"),
        pytest.param("securities", {"covered_percent": Decimal(101)}, "cover_off_scale", id="cover of more than all"),
        pytest.param("invoices", {"amount": Decimal(0), "is_deleted": True}, None, id="a withdrawn row that is blank"),
        pytest.param(
            "invoices", {"invoice_id": "", "is_deleted": True}, "key_empty", id="a withdrawn row without its key"
        ),
        pytest.param("customers", {"size_class": "HUGE"}, "size_class_unknown", id="an unknown size"),
        pytest.param("customers", {"size_class": None}, None, id="a size nobody knows"),
        pytest.param("customer_financials", {"revenue": Decimal(-1)}, "revenue_negative", id="negative revenue"),
        pytest.param("statements", {"equity": Decimal(-1)}, None, id="negative equity is possible"),
        pytest.param(
            "statements", {"total_assets": Decimal(-1)}, "total_assets_negative", id="negative assets are not"
        ),
    ],
)
def test_a_rule_at_its_boundary(name, change, code):
    assert codes(name, {}, change, {}) == [None, code, None]


def test_the_first_reason_is_kept():
    assert codes("invoices", {"issued_on": None, "amount": Decimal(0)}) == ["missing_value"]
    assert codes("payments", {"paid_on": date(2025, 1, 1), "known_at": datetime(2025, 1, 1, tzinfo=UTC)}) == [
        "paid_after_extract"
    ]


def test_equal_rows_of_a_key_are_one_and_different_ones_contradict():
    same, other = {"invoice_id": "A"}, {"invoice_id": "B"}
    contradiction = other | {"amount": Decimal(2)}
    assert codes("invoices", same, same, other, contradiction, {}) == [
        None,
        None,
        "conflicting_duplicates",
        "conflicting_duplicates",
        None,
    ]


def test_versions_contradict_only_in_a_source_that_restates_its_past():
    version = {"invoice_id": "A", "amount": Decimal(2), "known_at": datetime(2024, 2, 1, tzinfo=UTC)}
    assert codes("invoices", {"invoice_id": "A"}, version) == [None, None]
    assert codes("invoices", {"invoice_id": "A"}, version, restates_past=True) == ["conflicting_duplicates"] * 2


def test_a_refused_row_contradicts_nothing():
    refused = {"invoice_id": "A", "amount": Decimal(-1)}
    assert codes("invoices", {"invoice_id": "A"}, refused) == [None, "amount_not_positive"]


def test_every_reason_is_a_sentence():
    for rules in RULES.values():
        for rule in rules:
            assert rule.reason.sentence.endswith("."), rule.reason.code
            assert rule.reason.code.replace("_", "").isalpha()


def test_no_rows_break_no_rule():
    staged = staged_as_is("invoices", rows_of("invoices"), file="invoices")
    apply_rules(staged, last_day=RECEIVED.date(), received_at=RECEIVED, restates_past=False)
    assert staged.refusal.shape == (0,)
    assert staged.refusal.dtype == np.int64
