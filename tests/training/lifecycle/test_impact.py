"""What a change of model does to limits and outcomes, worked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from training.lifecycle.impact import Decided, impact

DAY = date(2024, 12, 31)


def decided(*rows):
    return [Decided(name, outcome, None if limit is None else Decimal(limit)) for name, outcome, limit in rows]


def found(before, after, move=0.25):
    return impact(decided(*before), decided(*after), as_of=DAY, currency="EUR", move=move)


BEFORE = [("A", None, 1000), ("B", None, 1000), ("C", "REVIEW", 500), ("D", None, None), ("E", None, 0)]
AFTER = [("A", None, 1250), ("B", "REVIEW", 700), ("C", None, 500), ("D", None, 300), ("E", None, 0)]


def test_limits_and_money():
    told = found(BEFORE, AFTER)
    # A rises by exactly a quarter and has not moved; B falls by 30 %; D appears.
    assert (told.customers, told.moved, told.raised, told.cut) == (5, 2, 2, 1)
    assert (told.money_raised, told.money_cut, told.limits_before) == (Decimal(550), Decimal(300), Decimal(2500))
    assert told.figures == {"limit_moved_share": 0.4, "outcome_changed_share": 0.4}


def test_outcomes_are_told_both_ways():
    assert found(BEFORE, AFTER).as_dict()["outcomes_changed"] == {"none to REVIEW": 1, "REVIEW to none": 1}


def test_the_largest_changes_come_first_and_equal_ones_by_customer():
    assert [change.customer_id for change in found(BEFORE, AFTER).largest] == ["B", "D", "A"]


def test_a_limit_that_leaves_or_reaches_zero_has_moved():
    assert found([("A", None, 0)], [("A", None, 1)], move=9.0).moved == 1
    assert found([("A", None, 1)], [("A", None, None)], move=9.0).moved == 1


def test_shares_of_nobody_do_not_exist():
    assert found([], []).figures == {"limit_moved_share": None, "outcome_changed_share": None}


def test_customers_have_to_be_the_same():
    with pytest.raises(ValueError, match="same customers in the same order"):
        found([("A", None, 1)], [("B", None, 1)])
