"""Outcomes at their exact boundaries, each sum written out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from data.materiality import Materiality
from training.cases.cohort import customer_cohort
from training.cases.facts import folded
from training.cases.label import DPDS, GRACES, HORIZONS, default, late, over_from, unapplied_cash

KNOWN = date(2024, 12, 31)


def late_outcomes(book, grace=5, known_on=KNOWN):
    rows = late(folded(book), grace, known_on).to_pyarrow().to_pylist()
    return {row["invoice_id"]: row["bad"] for row in rows}


@pytest.mark.parametrize(
    ("paid", "bad"),
    [
        pytest.param("2024-02-14", False, id="due 10 Feb + 5 = 15 Feb: paid on the 14th is in time"),
        pytest.param("2024-02-15", True, id="paid on due + 5 is late"),
        pytest.param("2024-01-05", False, id="paid before due"),
        pytest.param("2023-12-20", False, id="prepaid before issue"),
        pytest.param(None, True, id="never paid"),
    ],
)
def test_late_of_one_invoice(clerk, paid, bad):
    assert late_outcomes(clerk.invoice("I", due="2024-02-10", paid=paid).book()) == {"I": bad}


@pytest.mark.parametrize(
    ("known_on", "outcomes"),
    [
        pytest.param(date(2024, 2, 15), {}, id="10 Feb + 5 = 15 Feb is not before 15 Feb, though one is paid already"),
        pytest.param(date(2024, 2, 16), {"OPEN": True, "PAID": False}, id="matured a day later, paid or not"),
    ],
)
def test_maturity_is_the_same_for_paid_and_open(clerk, known_on, outcomes):
    book = clerk.invoice("OPEN", due="2024-02-10").invoice("PAID", due="2024-02-10", paid="2024-02-01").book()
    assert late_outcomes(book, known_on=known_on) == outcomes


def test_payment_learnt_after_the_knowledge_date_does_not_count(clerk):
    book = clerk.invoice("I", due="2024-02-10", paid="2024-02-09", payment_known="2024-03-01").book()
    assert late_outcomes(book, known_on=date(2024, 2, 29)) == {"I": True}
    assert late_outcomes(book, known_on=date(2024, 3, 1)) == {"I": False}


def test_unknown_outcome_has_no_label(clerk):
    book = clerk.invoice("I", due="2024-02-10", outcome_unknown=True).invoice("J", due="2024-02-10").book()
    assert late_outcomes(book) == {"J": True}


def test_matures_on_is_the_first_day_of_use(clerk):
    (row,) = late(folded(clerk.invoice("I", due="2024-02-10").book()), 5, KNOWN).to_pyarrow().to_pylist()
    assert row["matures_on"] == date(2024, 2, 16)


def test_grace_below_one_is_refused(clerk):
    with pytest.raises(ValueError, match="at least 1 day, got 0"):
        late(folded(clerk.book()), 0, KNOWN)


def default_outcome(book, as_of, *, known_on=KNOWN, horizon=180, materiality=None, **also):
    rows = folded(book)
    spine = customer_cohort(book, rows, [as_of], dpd=90, cured_days=0)
    also.setdefault("cash", unapplied_cash(book, known_on))
    found = default(
        rows, book["credit_events"], spine, dpd=90, horizon=horizon, known_on=known_on, materiality=materiality, **also
    )
    return {row["customer_id"]: row["bad"] for row in found.to_pyarrow().to_pylist()}


# Due 1 Mar 2024: 90 days past due on 30 May, more than 90 from 31 May 2024 on.
@pytest.mark.parametrize(
    ("paid", "bad"),
    [
        pytest.param("2024-05-30", False, id="paid 90 days late has not exceeded 90"),
        pytest.param("2024-05-31", True, id="paid 91 days late has crossed"),
        pytest.param(None, True, id="never paid"),
    ],
)
def test_default_needs_more_than_90_days(clerk, paid, bad):
    assert default_outcome(clerk.invoice("I", due="2024-03-01", paid=paid).book(), date(2024, 3, 10)) == {"A": bad}


@pytest.mark.parametrize(
    ("as_of", "horizon", "outcome"),
    [
        pytest.param(date(2024, 5, 1), 30, {"A": True}, id="1 May + 30 = 31 May: the last day of the horizon counts"),
        pytest.param(date(2024, 5, 1), 29, {"A": False}, id="one day short"),
        pytest.param(date(2024, 5, 30), 30, {"A": True}, id="crosses on the first day after"),
        pytest.param(date(2024, 5, 31), 30, {}, id="beyond at the date itself: not in the cohort"),
    ],
)
def test_horizon_is_open_at_its_start_and_closed_at_its_end(clerk, as_of, horizon, outcome):
    assert default_outcome(clerk.invoice("I", due="2024-03-01").book(), as_of, horizon=horizon) == outcome


def test_default_of_an_item_issued_after_the_date_counts(clerk):
    book = clerk.invoice("OLD", due="2024-01-20", paid="2024-01-20")
    book = book.invoice("NEW", issued="2024-02-01", due="2024-02-10").book()
    assert default_outcome(book, date(2024, 1, 25)) == {"A": True}  # 10 Feb + 91 = 11 May, within 180 days of 25 Jan


@pytest.mark.parametrize(
    ("known_on", "outcome"),
    [
        pytest.param(date(2024, 5, 30), {}, id="1 May + 30 = 31 May is after 30 May"),
        pytest.param(date(2024, 5, 31), {"A": True}, id="matured on its last day"),
    ],
)
def test_default_matures_at_the_end_of_the_horizon(clerk, known_on, outcome):
    book = clerk.invoice("I", due="2024-03-01").book()
    assert default_outcome(book, date(2024, 5, 1), horizon=30, known_on=known_on) == outcome


@pytest.mark.parametrize(
    ("event_on", "bad"),
    [
        pytest.param("2024-03-10", False, id="on the date itself: known already"),
        pytest.param("2024-03-11", True, id="first day of the horizon"),
        pytest.param("2024-09-06", True, id="10 Mar + 180 = 6 Sep"),
        pytest.param("2024-09-07", False, id="a day after"),
    ],
)
def test_credit_event_within_the_horizon_is_a_default(clerk, event_on, bad):
    book = clerk.invoice("I", due="2024-03-01", paid="2024-03-01").event("INSOLVENCY", event_on).book()
    assert default_outcome(book, date(2024, 3, 10)) == {"A": bad}


def test_credit_event_learnt_too_late_or_of_another_kind_does_not_count(clerk):
    book = (
        clerk.invoice("I", due="2024-03-01", paid="2024-03-01")
        .event("DUNNING", "2024-04-01", known="2024-10-01")
        .book()
    )
    assert default_outcome(book, date(2024, 3, 10), known_on=date(2024, 9, 30)) == {"A": False}
    assert default_outcome(book, date(2024, 3, 10)) == {"A": True}
    assert default_outcome(book, date(2024, 3, 10), events=["INSOLVENCY"]) == {"A": False}


def test_dispute_stops_the_clock(clerk):
    # Without a dispute over on 31 May. 20 days of dispute, 1 May to 20 May, put that off to 20 June.
    book = clerk.invoice("I", due="2024-03-01").dispute("I", opened="2024-05-01", closed="2024-05-21").book()
    assert default_outcome(book, date(2024, 4, 1), horizon=79) == {"A": False}  # 1 Apr + 79 = 19 June
    assert default_outcome(book, date(2024, 4, 1), horizon=80) == {"A": True}
    assert default_outcome(book, date(2024, 6, 19), horizon=1) == {"A": True}, "not yet beyond, so in the cohort"
    assert default_outcome(book, date(2024, 6, 20), horizon=1) == {}


@pytest.mark.parametrize(
    ("spells", "over_on"),
    [
        pytest.param([("2024-05-31", "2024-06-10")], date(2024, 6, 10), id="opened on the day itself: 10 days off"),
        pytest.param([("2024-06-01", "2024-06-10")], date(2024, 5, 31), id="opened a day after: over already"),
        pytest.param([("2024-02-01", "2024-02-20")], date(2024, 5, 31), id="before the due date: no clock to stop"),
        pytest.param([("2024-02-20", "2024-03-06")], date(2024, 6, 4), id="2 to 5 March are past due: 4 days off"),
        pytest.param(
            [("2024-05-01", "2024-05-11"), ("2024-06-10", "2024-06-12")], date(2024, 6, 12), id="10 days, then 2 more"
        ),
        pytest.param(
            [("2024-05-01", "2024-05-11"), ("2024-06-11", "2024-06-12")], date(2024, 6, 10), id="10 days only"
        ),
    ],
)
def test_days_of_dispute_put_the_crossing_off(clerk, spells, over_on):
    clerk.invoice("I", due="2024-03-01")
    for opened, closed in spells:
        clerk.dispute("I", opened=opened, closed=closed)
    rows = over_from(folded(clerk.book()), 90).to_pyarrow().to_pylist()
    assert {row["over_from"] for row in rows} == {over_on}


def test_dispute_after_the_crossing_or_without_an_end(clerk):
    after = clerk.invoice("I", due="2024-03-01").dispute("I", opened="2024-06-01", closed="2024-07-01")
    book = after.invoice("J", customer="B", due="2024-03-01").dispute(
        "J", opened="2024-03-05", closed=None, customer="B"
    )
    assert default_outcome(book.book(), date(2024, 4, 1)) == {"A": True, "B": False}


SMALL = Materiality(amount=Decimal(500), share=Decimal("0.01"))


@pytest.mark.parametrize(
    ("amounts", "bad"),
    [
        pytest.param(["500"], False, id="500 is not more than 500"),
        pytest.param(["500.01"], True, id="a cent more"),
        pytest.param(["300", "300"], True, id="two small ones make 600"),
        pytest.param([None], True, id="an unknown amount cannot be shown to be small"),
    ],
)
def test_materiality_by_amount(clerk, amounts, bad):
    for number, amount in enumerate(amounts):
        clerk.invoice(f"I{number}", due=f"2024-03-0{number + 1}", amount=amount)
    assert default_outcome(clerk.book(), date(2024, 3, 10), materiality=SMALL) == {"A": bad}


@pytest.mark.parametrize(
    ("other", "bad"),
    [
        pytest.param("99000", False, id="1,000 is 1 % of 100,000, not more"),
        pytest.param("98999", True, id="1,000 is more than 1 % of 99,999"),
    ],
)
def test_materiality_by_share_of_exposure(clerk, other, bad):
    clerk.invoice("I", due="2024-03-01").invoice("BIG", due="2024-11-01", amount=other)
    assert default_outcome(clerk.book(), date(2024, 3, 10), materiality=SMALL) == {"A": bad}


def test_later_rows_change_no_outcome(clerk):
    before = clerk.invoice("I", due="2024-02-10", paid="2024-02-20").invoice("J", due="2024-02-12").book()
    then = late_outcomes(before, known_on=date(2024, 3, 1))
    clerk.pays("J", "2024-02-12", "A", "2024-03-02")
    clerk.invoice("I", due="2024-08-10", known="2024-03-02")  # a correction, a day too late
    assert late_outcomes(clerk.book(), known_on=date(2024, 3, 1)) == then
    assert late_outcomes(clerk.book(), known_on=date(2024, 12, 31)) == {"I": False, "J": False}


@pytest.mark.parametrize("clause", ["dpd=-1", "horizon=0"])
def test_default_refuses_what_makes_no_sense(clerk, clause):
    name, value = clause.split("=")
    book = clerk.invoice("I", due="2024-02-10").book()
    spine = customer_cohort(book, folded(book), [date(2024, 2, 1)], dpd=90)
    asked = {"dpd": 90, "horizon": 180, name: int(value)}
    with pytest.raises(ValueError, match="dpd has to be at least 0 and horizon at least 1"):
        default(folded(book), book["credit_events"], spine, known_on=KNOWN, **asked)


@pytest.mark.parametrize("grace", GRACES)
def test_every_standard_grace_has_its_boundary(clerk, grace):
    due, limit = date(2024, 2, 10), date(2024, 2, 10) + timedelta(days=grace)
    clerk.invoice("EARLIER", due=due.isoformat(), paid=(limit - timedelta(days=1)).isoformat())
    clerk.invoice("THEN", due=due.isoformat(), paid=limit.isoformat())
    assert late_outcomes(clerk.book(), grace) == {"EARLIER": False, "THEN": True}


@pytest.mark.parametrize("dpd", DPDS)
@pytest.mark.parametrize("horizon", HORIZONS)
def test_every_standard_default_has_its_boundaries(clerk, dpd, horizon):
    """The crossing falls on the last day of the horizon, and a day after it."""
    as_of = date(2024, 2, 1)
    for name, beyond in (("ON", 0), ("AFTER", 1)):
        due = as_of + timedelta(days=horizon + beyond - dpd - 1)
        clerk.invoice(name, customer=name, due=due.isoformat(), issued="2024-01-01")
    book, known_on = clerk.book(), date(2026, 1, 1)
    spine = customer_cohort(book, folded(book), [as_of], dpd=dpd, cured_days=0)
    found = default(folded(book), book["credit_events"], spine, dpd=dpd, horizon=horizon, known_on=known_on)
    assert {row["customer_id"]: row["bad"] for row in found.to_pyarrow().to_pylist()} == {"ON": True, "AFTER": False}


@pytest.mark.parametrize(
    ("cash", "bad"),
    [
        pytest.param({}, True, id="no money at hand"),
        pytest.param(
            {"paid": "2024-05-31", "amount": "1000"}, False, id="all of it received on the day of the crossing"
        ),
        pytest.param({"paid": "2024-05-31", "amount": "999.99"}, True, id="a cent short"),
        pytest.param({"paid": "2024-06-01", "amount": "1000"}, True, id="received a day after the crossing"),
        pytest.param({"paid": "2024-05-01", "amount": None}, True, id="an unknown amount covers nothing"),
        pytest.param({"paid": "2024-05-01", "amount": "1000", "currency": "USD"}, True, id="another currency"),
        pytest.param({"paid": "2024-05-01", "amount": "1000", "customer": "B"}, True, id="somebody else's money"),
        pytest.param({"paid": "2024-05-01", "amount": "1000", "known": "2025-01-01"}, True, id="not known by then"),
    ],
)
def test_money_received_and_not_allocated_makes_a_past_due_technical(clerk, cash, bad):
    clerk.invoice("I", due="2024-03-01")
    if cash:
        clerk.cash("P", **cash)
    assert default_outcome(clerk.book(), date(2024, 3, 10)) == {"A": bad}


def test_money_at_hand_covers_all_that_is_past_due_or_nothing(clerk):
    clerk.invoice("I", due="2024-03-01").invoice("J", due="2024-03-01").cash("P", "2024-05-01", "1000")
    assert default_outcome(clerk.book(), date(2024, 3, 10)) == {"A": True}, "1,000 do not cover 2,000"


def test_an_unknown_amount_past_due_is_never_covered(clerk):
    clerk.invoice("I", due="2024-03-01").invoice("J", due="2024-03-01", amount=None).cash("P", "2024-05-01", "5000")
    assert default_outcome(clerk.book(), date(2024, 3, 10)) == {"A": True}


def test_a_payment_booked_after_the_crossing_counts_from_its_value_date(clerk):
    book = clerk.invoice("I", due="2024-03-01", paid="2024-05-20", payment_known="2024-07-01").book()
    assert default_outcome(book, date(2024, 3, 10)) == {"A": False}
