"""Each law of the features fails once a feature breaks it: a fault is planted in one feature, and the law names it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from data import draft
from features import as_of, build, families
from features.families import ITEM_FAMILIES
from tests.features import test_laws as laws

NAME = "terms_distinct_365d"  # obeys every law
FAMILY = "terms"
SEED, OTHER_SEED = laws.SEEDS


@pytest.fixture
def plant(monkeypatch):
    """Plants a fault: another sum of the family, and the feature made of it. The laws look at that feature only."""

    def planted(sum_of: Callable[[Any], Any], value: Callable[[Any], Any]) -> None:
        sound = ITEM_FAMILIES[FAMILY]
        faulty = replace(
            sound,
            sums=lambda seen: sound.sums(seen) | {"fault": sum_of(seen)},
            facts=lambda sums: sound.facts(sums) | {NAME: value(sums).cast("float64")},
        )
        monkeypatch.setitem(families.ITEM_FAMILIES, FAMILY, faulty)

    forget()
    monkeypatch.setattr(laws, "NAMES", [NAME])
    yield planted
    monkeypatch.undo()
    forget()


def forget():
    """Let go of what was computed before: plans, and the books that the laws share."""
    draft._plan.cache_clear()
    laws.built.cache_clear()


def holds(law, *arguments):
    """Asks the law of one book."""
    law.hypothesis.inner_test(*arguments)


def fails(law, *arguments):
    with pytest.raises(AssertionError, match=NAME):
        holds(law, *arguments)


def test_without_a_fault_every_law_holds(plant):
    holds(laws.test_row_order_does_not_matter, SEED)
    holds(laws.test_one_customer_alone_has_the_values_it_has_in_a_batch, OTHER_SEED)
    holds(laws.test_in_another_unit_of_money_only_money_changes, SEED)
    holds(laws.test_other_names_for_customers_and_documents_change_nothing, OTHER_SEED)
    holds(laws.test_an_invoice_split_in_two_leaves_money_and_days_as_they_are, SEED)
    holds(laws.test_the_future_cannot_change_the_past, SEED, laws.AS_OF)
    laws.test_an_empty_book_gives_one_row_of_nulls_per_spine_row()


def test_a_value_that_any_row_may_give_breaks_the_law_of_row_order(plant):
    plant(lambda seen: seen.terms_days.first(), lambda sums: sums.fault)
    fails(laws.test_row_order_does_not_matter, SEED)


def test_a_value_beside_the_others_of_the_batch_breaks_the_law_of_batch_and_single(plant):
    plant(lambda seen: seen.count(), lambda sums: sums.fault - sums.fault.mean().over())
    fails(laws.test_one_customer_alone_has_the_values_it_has_in_a_batch, OTHER_SEED)


def test_an_amount_compared_with_a_number_breaks_the_law_of_scaling(plant):
    plant(lambda seen: seen.count(where=seen.amount > 500), lambda sums: sums.fault)
    fails(laws.test_in_another_unit_of_money_only_money_changes, SEED)


def test_a_name_that_counts_breaks_the_law_of_names(plant):
    plant(lambda seen: seen.document_id.max().length(), lambda sums: sums.fault)
    fails(laws.test_other_names_for_customers_and_documents_change_nothing, OTHER_SEED)


def test_a_count_of_invoices_breaks_the_law_of_splitting(plant):
    plant(lambda seen: seen.count(), lambda sums: sums.fault)
    fails(laws.test_an_invoice_split_in_two_leaves_money_and_days_as_they_are, SEED)


def test_a_look_past_the_day_breaks_the_law_of_the_future(plant, monkeypatch):
    plant(lambda seen: seen.count(), lambda sums: sums.fault)
    monkeypatch.setattr(as_of, "known_then", lambda version, day: version.superseded_on.isnull())
    fails(laws.test_the_future_cannot_change_the_past, SEED, laws.AS_OF)


def test_a_value_for_whom_nobody_knows_breaks_the_law_of_nothing(plant, monkeypatch):
    monkeypatch.setattr(build, "_or_empty", lambda rows, name, family, is_known: rows[name].fill_null(0.0))
    with pytest.raises(AssertionError, match=NAME):
        laws.test_an_empty_book_gives_one_row_of_nulls_per_spine_row()
