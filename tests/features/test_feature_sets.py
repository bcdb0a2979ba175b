"""The catalogue and its lists."""

from dataclasses import replace

import pytest

from features.build import as_of_now
from features.catalogue import GROUPS
from features.feature_sets import BY_NAME, CUSTOMER, DEFAULT, FEATURES, LATE, LIMIT_INPUTS, STORED, FeatureSet
from tests.features.ledger import AS_OF, book_from, random_rows


@pytest.mark.parametrize("chosen", BY_NAME.values(), ids=lambda chosen: chosen.name)
def test_a_set_names_each_feature_once_and_from_the_catalogue(chosen):
    assert len(set(chosen.names)) == len(chosen.names)
    assert set(chosen.names) <= set(FEATURES)


def test_every_feature_says_what_it_is():
    for feature in FEATURES.values():
        assert feature.meaning.endswith(".")
        assert feature.unit
        assert feature.null_means


def test_every_group_but_none_other_is_used():
    assert {feature.group for feature in FEATURES.values()} == set(GROUPS)


def test_the_store_keeps_all_that_a_model_or_a_limit_asks_of_a_customer():
    asked = {*DEFAULT.names, *LIMIT_INPUTS.names, *CUSTOMER.names}
    assert asked <= set(STORED.names)


def test_no_model_reads_whether_the_customer_is_a_natural_person():
    assert "is_natural_person" not in {*LATE.names, *DEFAULT.names}


def test_the_hash_follows_definitions_and_order_and_nothing_else():
    first, second, *rest = LATE.features
    assert FeatureSet("other", 9, LATE.features).hash == LATE.hash
    assert FeatureSet("late", LATE.version, (second, first, *rest)).hash != LATE.hash
    assert FeatureSet("late", LATE.version, (replace(first, high=1), second, *rest)).hash != LATE.hash


def test_as_of_now_has_every_customer_known_that_day_once():
    rows = random_rows(5)
    book = book_from(rows)
    made = as_of_now(book, AS_OF, features=["is_known_customer", "open_count"]).to_pylist()
    known = {
        row["customer_id"]
        for name in ("customers", "invoices")
        for row in rows[name]
        if row["known_at"].date() <= AS_OF
    }
    assert [row["customer_id"] for row in made] == sorted(known)
    assert all(row["case_id"] == row["customer_id"] for row in made)
