"""How the latest invoices turned out: worked by hand, at the edges of what is known, and with ties."""

import math

import pytest

from features.recent_outcomes import FEATURES, HALF_LIFE, MEMORY, UNIT
from tests.features.ledger import AS_OF, allocation, days, features_of, invoice
from tests.features.one_family import MASTER, stated, teller

told = teller(*FEATURES)
LAST = ("days_late_last_1", "days_late_last_2", "days_late_last_3")
SHARES = ("late5_share_recent", "late1_share_recent")


def fell(ago, late=None, number=1, **more):
    """An invoice that fell due ``ago`` days before the date, paid so many days late; open without."""
    on = AS_OF - days(ago)
    name = f"I{number}"
    owed = invoice(name, issued=str(on - days(40)), due=str(on), **more)
    return owed, None if late is None else allocation(name, on=str(on + days(late)), clears=True)


def book(*pairs, **more):
    return {"invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs if a], **more}


def of(*pairs, names=LAST, **more):
    return told(book(*pairs, **more), *names)


def weight(age):
    return round(UNIT * 0.5 ** (age / HALF_LIFE))


def test_a_worked_example():
    pairs = (fell(70, 10, 1), fell(60, 0, 2), fell(66, 6, 3), fell(12, None, 4), fell(2, None, 5), fell(-3, -7, 6))
    # I5 may still be paid in time, I6 falls due in three days: no outcome. I4 is 12 days late so far; I2 and I3 before.
    assert of(*pairs) == (12, 0, 6)
    # Known since: I4 fell 5 days past due 7 days ago, I3 61 and I1 65 days ago, I2 was paid 60 days ago.
    late5 = weight(7) + weight(61) + weight(65)
    assert of(*pairs, names=SHARES) == (late5 / (late5 + weight(60)),) * 2
    assert weight(60) == UNIT / 2


def test_each_grace_has_its_share():
    # Paid 60 days ago in time, today 4 days late: 1 of 1.5 late by a day or more, none by 5.
    assert of(fell(60, 0, 1), fell(4, 4, 2), names=SHARES) == (0, pytest.approx(2 / 3, rel=1e-15))


@pytest.mark.parametrize(
    ("pair", "late"),
    [
        pytest.param(fell(0, 0), 0, id="due and paid today"),
        pytest.param(fell(0, -9), -9, id="due today, paid 9 days early"),
        pytest.param(fell(-1, -1), None, id="due tomorrow: not yet fallen due, though paid today"),
        pytest.param(fell(5), None, id="open, 5 days past due: not known yet"),
        pytest.param(fell(6), 6, id="open, 6 days past due"),
        pytest.param(fell(5, 5), 5, id="paid today, 5 days late"),
        pytest.param(fell(5, 6), None, id="to be paid tomorrow: open, 5 days past due"),
        pytest.param(fell(8, 10), 8, id="to be paid in two days: late by the 8 days so far"),
        pytest.param(fell(700, 3), 3, id="long ago"),
        pytest.param(fell(30, outcome_unknown=True), None, id="of unknown outcome"),
    ],
)
def test_when_an_outcome_is_known(pair, late):
    assert of(pair) == (late, None, None)


def test_a_payment_that_is_known_tomorrow_is_not_seen():
    owed, _ = fell(10)
    paid = allocation("I1", on=str(AS_OF - days(9)), clears=True, known_on=AS_OF + days(1))
    assert of((owed, paid)) == (10, None, None)


def test_what_fell_due_last_comes_first_whenever_it_was_paid():
    # I1 was paid last, and fell due first.
    assert of(fell(50, 49, 1), fell(20, -3, 2), fell(40, 1, 3), fell(60, 7, 4)) == (-3, 1, 49)


@pytest.mark.parametrize("numbers", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)])
def test_of_one_due_date_the_worst_comes_first_whatever_its_name(numbers):
    pairs = [fell(30, late, number) for late, number in zip((2, -4, 9, 0), numbers, strict=True)]
    assert of(*pairs) == (9, 2, 0)


def disputed(opened, closed=None):
    closed_on = None if closed is None else AS_OF - days(closed)
    return [stated("disputes", ago=opened, on="opened_on", dispute_id="D1", invoice_id="I1", closed_on=closed_on)]


@pytest.mark.parametrize(
    ("disputes", "late"),
    [
        pytest.param(disputed(15), None, id="wholly in dispute: it tests nobody"),
        pytest.param(disputed(15, 11), 16, id="20 days past due, less 4 in dispute"),
        pytest.param(disputed(18, 3), None, id="20 days past due, less 15 in dispute: 5, so not known"),
        pytest.param(disputed(18, 4), 6, id="less 14: 6"),
    ],
)
def test_days_in_dispute_do_not_count_for_an_open_invoice(disputes, late):
    assert of(fell(20), disputes=disputes)[0] == late


def test_a_settled_invoice_is_late_by_its_dates_disputes_or_not():
    assert of(fell(30, 20), disputes=disputed(25, 15)) == (20, None, None)


def outcomes(pair, **more):
    """Share of late outcomes beside one in time that was known 60 days ago."""
    return of(pair, fell(60, 0, 2), names=SHARES, **more)[0]


def beside(age):
    return weight(age) / (weight(age) + weight(60))


def test_a_late_payment_that_arrives_at_last_changes_no_weight():
    assert outcomes(fell(40)) == outcomes(fell(40, 39)) == outcomes(fell(40, 5)) == beside(35)
    assert outcomes(fell(40), disputes=disputed(30, 20)) == beside(25)  # 10 of the days in dispute
    assert outcomes(fell(40, 39), disputes=disputed(30, 20)) == beside(25)


def test_an_outcome_fades_and_is_forgotten():
    assert of(fell(MEMORY, 0), names=SHARES) == (0, 0)
    assert of(fell(MEMORY + 1, 0), names=SHARES) == (None, None)
    assert of(fell(MEMORY + 1, 0)) == (0, None, None)  # the last one it stays
    assert of(fell(MEMORY, 0, 1), fell(5, 5, 2), names=SHARES) == (UNIT / (UNIT + 1),) * 2


def test_no_weight_is_near_a_half_where_engines_may_round_otherwise():
    exact = [UNIT * 0.5 ** (age / HALF_LIFE) for age in range(MEMORY + 1)]
    assert min(abs(math.modf(value)[0] - 0.5) for value in exact) > 1e-4
    assert (round(exact[0]), round(exact[-1])) == (UNIT, 1)


def test_no_outcome_and_an_unknown_customer_give_nothing():
    assert told({"customers": [MASTER]}) == (None,) * 5
    assert of(fell(3), names=(*LAST, *SHARES)) == (None,) * 5
    assert told({}) == (None,) * 5


def test_an_outcome_is_not_seen_before_its_day():
    rows = book(fell(10, 8, 1), fell(40, 1, 2))
    cases = [("C1", AS_OF - days(ago)) for ago in (10, 5, 4, 3, 2)]
    found = [case["days_late_last_1"] for case in features_of(rows, cases, LAST)]
    assert found == [1, 1, 6, 7, 8]  # 5 days past due it may still come in time; paid 2 days ago
