"""Open orders and deliveries without a bill, with the sums written out."""

from decimal import Decimal

import pytest

from features.commitments import FEATURES
from tests.features.ledger import AS_OF, days, invoice, random_rows
from tests.features.one_family import MASTER, money, stated, teller, told_of_all

told = teller(*FEATURES)


def order(order_id="O1", *, ago=20, amount="100", **more):
    return stated("orders", ago=ago, on="ordered_on", order_id=order_id, amount=money(amount), **more)


def delivery(order_id="O1", *, ago=10, amount="40", number=1, **more):
    more.setdefault("delivery_id", f"D-{order_id}-{number}")
    return stated("deliveries", ago=ago, on="delivered_on", order_id=order_id, amount=money(amount), **more)


def bill(order_id="O1", *, ago=5, amount="30", number=1, **more):
    issued = (AS_OF - days(ago)).isoformat()
    due = (AS_OF - days(ago) + days(30)).isoformat()
    return invoice(f"I-{order_id}-{number}", issued=issued, due=due, amount=amount, order_id=order_id, **more)


def committed(*, orders=(), deliveries=(), invoices=()):
    rows = {"customers": [MASTER], "orders": list(orders), "deliveries": list(deliveries), "invoices": list(invoices)}
    return told(rows)


def test_four_orders():
    found = committed(
        orders=[
            order("O1", ago=50),  # 100 - max(40, 30) = 60
            order("O2", ago=40, amount="200"),  # 200 - max(0, 120) = 80
            order("O3", ago=30),  # 100 - max(100, 0) = 0: used up
            order("O4", ago=20),  # nothing yet: 100
        ],
        deliveries=[
            delivery("O1", amount="40"),  # 40 - 30 = 10 unbilled
            delivery("O3", amount="70"),
            delivery("O3", amount="30", number=2),  # 70 + 30 - 0 = 100 unbilled
            delivery(None, amount="7"),  # 7 in full
        ],
        invoices=[bill("O1"), bill("O2", amount="50"), bill("O2", amount="70", number=2)],
    )
    # 60 + 80 + 0 + 100; O1, O2, O4; 10 + 100 + 7; O1 is the oldest that is open
    assert found == (240, 3, 117, 50)


@pytest.mark.parametrize(
    ("orders", "deliveries", "invoices", "expected"),
    [
        pytest.param([order()], [], [], (100, 1, 0, 20), id="nothing delivered"),
        pytest.param([order()], [delivery(amount="130")], [], (0, 0, 130, None), id="more than ordered: 0, not -30"),
        pytest.param([order()], [delivery()], [bill(amount="50")], (50, 1, 0, 20), id="billed ahead of the goods"),
        pytest.param([order(ago=0)], [], [], (100, 1, 0, 0), id="ordered on AS_OF"),
        pytest.param([order(ago=-1)], [], [], (0, 0, 0, None), id="ordered tomorrow"),
        pytest.param([order(known_ago=-1)], [], [], (0, 0, 0, None), id="known tomorrow"),
        pytest.param([order(cancelled_on=AS_OF)], [], [], (0, 0, 0, None), id="cancelled on AS_OF"),
        pytest.param([order(cancelled_on=AS_OF + days(1))], [], [], (100, 1, 0, 20), id="cancelled from tomorrow"),
        pytest.param(
            [order(cancelled_on=AS_OF)], [delivery()], [], (0, 0, 40, None), id="what was delivered before is owed"
        ),
        pytest.param([order()], [delivery(ago=0)], [], (60, 1, 40, 20), id="delivered on AS_OF"),
        pytest.param([order()], [delivery(ago=-1)], [], (100, 1, 0, 20), id="delivered tomorrow"),
        pytest.param([order()], [], [bill(ago=-1)], (100, 1, 0, 20), id="billed tomorrow"),
        pytest.param([], [delivery("O9")], [], (0, 0, 40, None), id="a delivery on an order that was never seen"),
        pytest.param([], [delivery("O9")], [bill("O9", amount="40")], (0, 0, 0, None), id="and its bill"),
        pytest.param([order()], [], [bill(customer_id="C2")], (70, 1, 0, 20), id="a bill made out to another"),
        pytest.param([order()], [delivery(customer_id="C2")], [], (100, 1, 0, 20), id="goods that another received"),
    ],
)
def test_what_is_left_of_an_order(orders, deliveries, invoices, expected):
    assert committed(orders=orders, deliveries=deliveries, invoices=invoices) == expected


@pytest.mark.parametrize(
    ("orders", "deliveries", "invoices", "expected"),
    [
        pytest.param([order(amount=None)], [], [], (None, 1, 0, 20), id="an order of unknown value"),
        pytest.param([order(amount=None), order("O2")], [], [], (100, 2, 0, 20), id="and a known one"),
        pytest.param(
            [order(amount=None), order("O2")],
            [delivery("O2", amount="100")],
            [],
            (None, 1, 100, 20),
            id="and one that is used up, which is nothing to add",
        ),
        pytest.param([order()], [delivery(amount=None)], [], (None, 1, None, 20), id="a delivery of unknown value"),
        pytest.param(
            [order()], [delivery(amount=None), delivery(number=2)], [], (60, 1, 40, 20), id="and a known one: 100 - 40"
        ),
        pytest.param(
            [order()],
            [delivery(amount=None)],
            [bill(amount="100")],
            (0, 0, None, None),
            id="billed in full: nothing is left, whatever the delivery was worth",
        ),
        pytest.param([order()], [delivery()], [bill(amount=None)], (None, 1, None, 20), id="a bill of unknown amount"),
        pytest.param([order(currency="USD")], [], [], (None, 1, 0, 20), id="another currency without a rate"),
    ],
)
def test_missing_is_not_zero(orders, deliveries, invoices, expected):
    assert committed(orders=orders, deliveries=deliveries, invoices=invoices) == expected


def test_an_order_in_another_currency_is_turned_at_the_rate_of_its_day():
    rate = {"currency": "USD", "into_currency": "EUR", "rate": Decimal("0.9")}
    quoted = stated("exchange_rates", ago=25, on="quoted_on", **rate)
    del quoted["customer_id"]
    rows = {"customers": [MASTER], "orders": [order(currency="USD")], "exchange_rates": [quoted]}
    assert told(rows, "open_order_amount") == 90


def test_a_correction_counts_from_the_day_on_which_it_is_known():
    first, later = order(amount="100", known_ago=20), order(amount="300", known_ago=5)
    rows = {"customers": [MASTER], "orders": [first, later]}
    before, on_the_day = AS_OF - days(6), AS_OF - days(5)
    assert [told(rows, "open_order_amount", as_of=day) for day in (before, on_the_day, AS_OF)] == [100, 300, 300]


def test_a_withdrawn_order_was_open_before():
    rows = {"customers": [MASTER], "orders": [order(), order(known_ago=5) | {"is_deleted": True}]}
    assert told(rows, "open_order_count", as_of=AS_OF - days(6)) == 1
    assert told(rows, "open_order_count") == 0


def test_a_withdrawn_bill_gives_the_order_back():
    once = bill()
    rows = {"customers": [MASTER], "orders": [order()], "invoices": [once, once | {"is_deleted": True}]}
    rows["invoices"][1]["known_at"] += days(3)
    assert told(rows, "open_order_amount", as_of=AS_OF - days(3)) == 70
    assert told(rows, "open_order_amount") == 100


def test_delivering_in_two_parts_changes_nothing():
    rows = random_rows(11)
    halves = [
        d | {"amount": None if d["amount"] is None else d["amount"] / 2, "delivery_id": f"{d['delivery_id']}-{half}"}
        for d in rows["deliveries"]
        for half in (1, 2)
    ]
    cases = [(f"C{number}", AS_OF) for number in range(30)]
    assert told_of_all(rows | {"deliveries": halves}, cases, FEATURES) == told_of_all(rows, cases, FEATURES)
