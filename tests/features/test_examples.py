"""Worked examples, one family after the other, with the sums written out. AS_OF is 1 March 2024."""

from decimal import Decimal

import pytest

from tests.features.ledger import AS_OF, allocation, day, days, invoice, one, row


def paid(invoice_id, *, due, on, amount="100", **more):
    """An invoice issued 30 days before its due date and cleared ``on``."""
    issued = (day(due) - days(30)).isoformat()
    return invoice(invoice_id, issued=issued, due=due, amount=amount), allocation(
        invoice_id, on=on, clears=True, **more
    )


def book(*pairs, **more):
    return {"invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs], **more}


# Paid 10 days late, on the due date, and 4 days early; settled 10, 20 and 40 days before AS_OF.
THREE = book(
    paid("I1", due="02-10", on="02-20", amount="100"),
    paid("I2", due="02-10", on="02-10", amount="200"),
    paid("I3", due="01-25", on="01-21", amount="700"),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("settled_count_30d", 2, id="I1 and I2; I3 is 40 days ago"),
        pytest.param("settled_count_90d", 3, id="all three"),
        pytest.param("days_late_mean_90d", 2, id="(10 + 0 - 4) / 3"),
        pytest.param("days_late_worst_90d", 10, id="the worst, not the latest"),
        pytest.param("late5_share_90d", 1 / 3, id="I1 of three"),
        pytest.param("late1_share_30d", 1 / 2, id="I1 of two"),
        pytest.param("late30_share_365d", 0, id="none"),
        pytest.param("days_late_std_90d", 52**0.5, id="(8² + 2² + 6²) / 2 = 52"),
        pytest.param("days_late_weighted_365d", -1.8, id="(1000 + 0 - 2800) / 1000"),
        pytest.param("days_late_trend_365d", 90 / 7, id="slope 200 / (1400 / 3) = 3 / 7 a day, x 30"),
        pytest.param("last_days_late", 10, id="I1 was settled last"),
        pytest.param("on_due_day_share_365d", 1 / 3, id="I2 of three"),
        pytest.param("payment_index_365d", 80.733333333333, id="(100 x 73 1/3 + 200 x 80 + 700 x 82) / 1000"),
    ],
)
def test_how_three_invoices_were_paid(name, value):
    assert one(THREE, name) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        pytest.param("2024-03-01", (1, 1), id="on AS_OF itself"),
        pytest.param("2024-02-01", (1, 1), id="29 days before"),
        pytest.param("2024-01-31", (0, 1), id="30 days before is outside (AS_OF - 30, AS_OF]"),
        pytest.param("2023-12-03", (0, 1), id="89 days before"),
        pytest.param("2023-12-02", (0, 0), id="90 days before"),
        pytest.param("2024-03-02", (0, 0), id="tomorrow"),
    ],
)
def test_a_settlement_counts_in_the_windows_that_hold_its_day(on, counts):
    assert one(book(paid("I1", due="2023-11-30", on=on)), "settled_count_30d", "settled_count_90d") == counts


def test_a_payment_booked_a_day_later_is_not_seen():
    later = book(paid("I1", due="02-10", on="02-29", known_on=AS_OF + days(1)))
    assert one(later, "settled_count_30d", "overdue_count", "oldest_overdue_days") == (0, 1, 20)


def test_the_worst_of_the_latest_payment_day_counts():
    two = book(paid("I1", due="02-18", on="02-20"), paid("I2", due="02-02", on="02-20"))
    assert one(two, "last_days_late") == 18


def test_spread_needs_two_trend_three_index_three():
    two = book(paid("I1", due="02-10", on="02-20"), paid("I2", due="02-10", on="02-10"))
    single = book(paid("I1", due="02-10", on="02-20"))
    assert one(single, "days_late_std_365d") is None
    assert one(two, "days_late_trend_365d", "payment_index_365d") == (None, None)


@pytest.mark.parametrize(
    ("due", "counted", "share"),
    [
        pytest.param("2024-02-25", 1, 1.0, id="5 days ago: tested, open, late"),
        pytest.param("2024-02-26", 0, None, id="4 days ago: not yet tested"),
        pytest.param("2024-02-01", 1, 1.0, id="29 days ago"),
        pytest.param("2024-01-31", 0, None, id="30 days ago is outside"),
    ],
)
def test_an_open_invoice_is_late_once_it_is_five_days_due(due, counted, share):
    found = one({"invoices": [invoice(due=due)]}, "due_count_30d", "due_late5_share_30d")
    assert found == (counted, share)


@pytest.mark.parametrize(
    ("due", "overdue", "worst"),
    [
        pytest.param("2024-02-10", 1, 20, id="10 Feb to 1 Mar 2024 is 20 days"),
        pytest.param("2024-03-01", 0, 0, id="due today is not overdue"),
        pytest.param("2024-02-29", 1, 1, id="due yesterday is"),
    ],
)
def test_how_far_an_open_invoice_is_past_due(due, overdue, worst):
    assert one({"invoices": [invoice(due=due)]}, "overdue_count", "worst_dpd_90d") == (overdue, worst)


def test_open_and_overdue_money_after_a_partial_payment_and_a_credit_note():
    note = row(
        "credit_notes",
        credit_note_id="N1",
        customer_id="C1",
        invoice_id="I1",
        issued_on=day("02-15"),
        amount=Decimal(10),
        known_on=day("02-15"),
    )
    rows = {
        "invoices": [invoice("I1", due="02-10", amount="100"), invoice("I2", due="03-20", amount="75")],
        "allocations": [allocation("I1", on="02-12", amount="30")],
        "credit_notes": [note],
    }
    # I1: 100 - 30 - 10 = 60, overdue; I2: 75, not yet due. 60 / 135 = 4 / 9.
    assert one(rows, "open_amount", "overdue_amount", "overdue_share") == (135, 60, pytest.approx(4 / 9, rel=1e-15))
    # A credit note is no invoice, so never a late one: 10 of 175 invoiced were credited.
    assert one(rows, "open_count", "overdue_count", "credited_amount_365d") == (2, 1, 10)
    assert one(rows, "credit_note_share_365d") == pytest.approx(10 / 175, rel=1e-15)


def disputed(amount, *, closed_on=None):
    return {
        "invoices": [invoice(due="02-10", amount="100")],
        "disputes": [
            row(
                "disputes",
                dispute_id="D1",
                customer_id="C1",
                invoice_id="I1",
                opened_on=day("02-05"),
                closed_on=closed_on,
                amount=amount,
                known_on=day("02-05"),
            )
        ],
    }


OVERDUE = ("overdue_count", "overdue_amount", "oldest_overdue_days", "disputed_open_amount")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(disputed(None), (0, 0, 0, 100), id="the whole invoice: its clock stands"),
        pytest.param(disputed(Decimal(40)), (1, 60, 20, 40), id="a part: the other 60 are 20 days past due"),
        pytest.param(disputed(None, closed_on=day("03-02")), (0, 0, 0, 100), id="closed tomorrow: open today"),
        pytest.param(
            disputed(None, closed_on=day("03-01")), (1, 100, 1, 0), id="closed today: 20 days less 19 in dispute"
        ),
        pytest.param(
            disputed(None, closed_on=day("02-20")), (1, 100, 11, 0), id="closed 20 Feb: 20 days less 11 to 19 Feb"
        ),
        pytest.param(
            disputed(None, closed_on=day("02-10")), (1, 100, 20, 0), id="closed on the due date: all 20 count"
        ),
    ],
)
def test_a_dispute_stops_the_clock_of_what_it_covers(rows, expected):
    assert one(rows, *OVERDUE) == expected


def test_a_missing_amount_is_counted_not_taken_for_zero():
    half = {"invoices": [invoice("I1", amount=None), invoice("I2", amount="50")]}
    none = {"invoices": [invoice("I1", amount=None)]}
    names = ("invoiced_amount_365d", "amount_missing_count_365d", "open_amount", "open_amount_missing_count")
    assert one(half, *names) == (50, 1, 50, 1)
    assert one(none, *names) == (None, 1, None, 1)


def test_an_invoice_of_unknown_outcome_is_business_but_neither_open_nor_settled():
    rows = {"invoices": [invoice(due="02-10", outcome_unknown=True)]}
    assert one(rows, "invoice_count_90d", "open_count", "settled_count_ever", "due_count_30d") == (1, 0, 0, 0)


def test_activity_terms_and_tenure():
    rows = {
        "invoices": [
            invoice("I1", issued="2023-12-02", due="2023-12-12", amount="300", interest_rate=Decimal("1.5")),
            invoice("I2", issued="2024-02-20", due="2024-03-21", amount="100", interest_rate=Decimal("2.5")),
        ]
    }
    # I1 is 90 days old, so outside the 90 days; terms 10 and 30 days, mean 20, of the last 90 days 30.
    assert one(rows, "invoice_count_90d", "invoice_count_365d", "invoiced_amount_365d") == (1, 2, 400)
    assert one(rows, "invoice_amount_mean_365d", "invoice_amount_max_365d") == (200, 300)
    assert one(rows, "terms_mean_365d", "terms_distinct_365d", "terms_change_90d") == (20, 2, 10)
    assert one(rows, "interest_rate_mean_365d", "tenure_days", "days_since_last_invoice") == (2, 90, 10)
    # A quarter of the year's business is expected in the last 90 days: 100 / 400 x 365 / 90 - 1.
    assert one(rows, "invoiced_trend_90d") == pytest.approx(100 / 400 * 365 / 90 - 1, rel=1e-12)


def month(start, revenue, **more):
    more.setdefault("known_on", day(start))
    money = None if revenue is None else Decimal(revenue)
    return row("customer_financials", customer_id="C1", period_start_on=day(start), revenue=money, **more)


MASTER = row("customers", customer_id="C1", signed_up_on=day("01-01"), size_class="LARGE", known_on=day("01-01"))


def test_revenue_needs_three_months():
    names = ("revenue_latest", "revenue_12m", "revenue_trend", "revenue_age_days", "employees")
    two = [month("2023-11-01", "100", employees=7), month("2024-02-01", "400")]
    three = [*two, month("2024-01-01", "100")]
    assert one({"customers": [MASTER], "customer_financials": two}, *names) == (400, None, None, 29, 7)
    # The year's mean is (100 + 100 + 400) / 3 = 200, x 12 = 2,400; of the last 90 days it is 250, 25 % more.
    assert one({"customers": [MASTER], "customer_financials": three}, *names) == (400, 2400, 0.25, 29, 7)


def test_a_statement_counts_from_the_day_it_is_known():
    def statement(year, equity, known_on):
        figures = {"equity": Decimal(equity), "intangible_assets": Decimal(20)}
        ended = day(f"{year}-12-31")
        return row("statements", customer_id="C1", fiscal_year_end_on=ended, known_on=day(known_on), **figures)

    old, new = statement(2022, 100, "2023-05-01"), statement(2023, 300, "2024-03-01")
    rows = {"customers": [MASTER], "statements": [old, new]}
    assert one(rows, "tangible_net_worth", "working_capital", "statement_age_days") == (280, None, 61)
    assert one(rows, "tangible_net_worth", as_of=AS_OF - days(1)) == 80


def test_master_data_orders_and_events():
    order = row(
        "orders", order_id="O1", customer_id="C1", ordered_on=day("02-01"), amount=Decimal(8), known_on=day("02-01")
    )
    event = row("credit_events", customer_id="C1", kind="DUNNING", happened_on=day("02-20"), known_on=day("02-21"))
    rows = {"customers": [MASTER], "orders": [order], "credit_events": [event]}
    assert one(rows, "relation_days", "size_class_rank", "is_natural_person") == (60, 3, 0)
    assert one(rows, "order_count_90d", "order_amount_mean_365d", "order_amount_max_365d") == (1, 8, 8)
    assert one(rows, "credit_event_count_365d", "days_since_credit_event") == (1, 10)
    assert one(rows, "credit_event_count_365d", as_of=day("02-20")) == 0
    assert one(rows, "open_count", "open_amount", "oldest_open_age_days") == (0, 0, None)


def test_peak_exposure_counts_only_what_was_paid_in_terms():
    rows = book(
        paid("I1", due="02-10", on="02-05", amount="100"),  # from 11 Jan to 5 Feb
        paid("I2", due="02-20", on="02-20", amount="50"),  # from 21 Jan to 20 Feb: 150 together
        paid("I3", due="03-05", on="02-28", amount="60"),  # from 4 Feb: 210 on 4 Feb
        paid("I4", due="02-15", on="02-16", amount="999"),  # a day late
    )
    assert one(rows, "peak_paid_in_terms_365d") == 210


def test_a_correction_changes_the_view_only_from_its_day():
    rows = {"invoices": [invoice(amount="100"), invoice(amount="80", known_on=day("02-20"))]}
    assert one(rows, "open_amount", as_of=day("02-19")) == 100
    assert one(rows, "open_amount", as_of=day("02-20")) == 80
