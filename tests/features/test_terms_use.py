"""Instalments, prepayment, orders and lengthening terms, with the sums written out."""

import pytest

from features.terms_use import FEATURES, LENGTHENING_FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice
from tests.features.one_family import teller

one = teller(*FEATURES, *LENGTHENING_FEATURES)


def issued(invoice_id, ago, *, terms=30, **more):
    day = AS_OF - days(ago)
    return invoice(invoice_id, issued=day.isoformat(), due=(day + days(terms)).isoformat(), **more)


def cleared(invoice_id, ago, **more):
    return allocation(invoice_id, on=(AS_OF - days(ago)).isoformat(), clears=True, **more)


def test_four_invoices_of_a_year():
    rows = {
        "invoices": [
            issued("I1", 10, terms=60, document_id="D1", order_id="O1"),
            issued("I2", 10, terms=90, document_id="D1", order_id="O1"),
            issued("I3", 200, terms=30, order_id="O2"),
            issued("I4", 364, terms=0),
            issued("I5", 365, terms=120, document_id="D2", order_id="O3"),  # a day too old
        ],
        "allocations": [cleared("I4", 364)],
    }
    assert one(rows, "instalment_share_365d") == 0.5  # I1 and I2 of four
    assert one(rows, "order_id_share_365d") == 0.75  # all but I4
    assert one(rows, "prepayment_share_365d") == 0.25  # I4 of four
    assert one(rows, "terms_max_365d") == 90


@pytest.mark.parametrize(
    ("settled", "share"),
    [
        pytest.param(60, 1, id="ten days before issue"),
        pytest.param(50, 1, id="on the day of issue"),
        pytest.param(49, 0, id="the day after"),
    ],
)
def test_prepaid_is_what_was_settled_by_its_issue(settled, share):
    rows = {"invoices": [issued("I1", 50)], "allocations": [cleared("I1", settled)]}
    assert one(rows, "prepayment_share_365d") == share


def test_of_an_unknown_outcome_nobody_knows_whether_it_was_prepaid():
    unknown = issued("I1", 50, outcome_unknown=True)
    assert one({"invoices": [unknown]}, "prepayment_share_365d", "order_id_share_365d") == (None, 0)
    rows = {"invoices": [unknown, issued("I2", 50)], "allocations": [cleared("I2", 50)]}
    assert one(rows, "prepayment_share_365d") == 1


def test_without_an_invoice_in_the_year_there_is_no_share():
    names = ("instalment_share_365d", "order_id_share_365d", "prepayment_share_365d", "terms_max_365d")
    assert one({"invoices": [issued("I1", 365)]}, *names) == (None, None, None, None)


def test_terms_that_grow_longer():
    rows = {
        "invoices": [
            issued("I1", 365, terms=30),  # the year before: mean (30 + 40) / 2 = 35
            issued("I2", 729, terms=40),
            issued("I3", 730, terms=400),  # before that year
            issued("I4", 364, terms=36),  # longer
            issued("I5", 100, terms=35),  # not longer than the mean
            issued("I6", 10, terms=60),  # longer
        ]
    }
    assert one(rows, "terms_lengthening_count_365d") == 2


def test_with_nothing_to_compare_with_the_count_is_unknown_not_zero():
    assert one({"invoices": [issued("I1", 364)]}, "terms_lengthening_count_365d") is None
    assert one({"invoices": [issued("I1", 364), issued("I2", 365)]}, "terms_lengthening_count_365d") == 0
    assert one({"invoices": [issued("I2", 365)]}, "terms_lengthening_count_365d") == 0
    assert one({"invoices": [issued("I3", 730)]}, "terms_lengthening_count_365d") is None
