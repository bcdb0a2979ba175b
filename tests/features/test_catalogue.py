"""Whether the catalogue says of each feature what a person needs, once and without contradiction."""

import re
from collections import Counter

import pytest

from features.catalogue import GROUPS
from features.families import DERIVED_FAMILIES, ITEM_FAMILIES, TABLE_FAMILIES
from features.feature_sets import FEATURES, IS_KNOWN, STORED

FAMILIES = {**ITEM_FAMILIES, **TABLE_FAMILIES, **DERIVED_FAMILIES}
UNITS = {
    "agencies",
    "credit notes",
    "customers",
    "day",
    "days",
    "days per 30 days",
    "disputes",
    "events",
    "flag",
    "invoices",
    "limits",
    "money",
    "months",
    "orders",
    "payments",
    "people",
    "percent",
    "points",
    "rank",
    "ratings",
    "ratio",
    "score",
    "securities",
    "share",
    "terms",
    "weekday",
    "zone",
}
EACH = pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)


def twice(values):
    return [value for value, count in Counter(values).items() if count > 1]


def test_no_name_and_no_meaning_is_given_twice():
    made = [feature.name for family in FAMILIES.values() for feature in family.features]
    assert twice(made) == []
    assert twice(feature.meaning for feature in FEATURES.values()) == []


def test_every_stored_feature_is_made_by_a_family():
    made = {feature.name for family in FAMILIES.values() for feature in family.features}
    assert set(STORED.names) - made == {IS_KNOWN.name}


def test_every_input_of_a_derived_family_is_made_before_it():
    first = (*ITEM_FAMILIES.values(), *TABLE_FAMILIES.values())
    made = {IS_KNOWN.name, *(feature.name for family in first for feature in family.features)}
    for name, family in DERIVED_FAMILIES.items():
        assert set(family.inputs) <= made, name
        made |= {feature.name for feature in family.features}


@EACH
def test_the_meaning_is_a_sentence(feature):
    assert re.fullmatch(r"[A-Z0-9].{8,}\.", feature.meaning)
    assert "  " not in feature.meaning


@EACH
def test_the_meaning_names_the_window_that_the_name_does(feature):
    window = re.search(r"_(30|90|180|365)d(_|$)", feature.name)
    if window:
        assert window[1] in feature.meaning


@EACH
def test_unit_group_and_range_are_of_the_known_kinds(feature):
    assert feature.unit in UNITS
    assert feature.group in GROUPS
    assert feature.low < feature.high
    if feature.unit == "flag":
        assert (feature.low, feature.high) == (0, 1)
    if feature.unit == "points":
        assert feature.high <= 100


@EACH
def test_the_null_policy_says_when_a_value_is_absent(feature):
    assert re.fullmatch(r"[a-z].{5,}[^.]", feature.null_means)
    assert (feature.null_means == "never absent") == (feature.name == IS_KNOWN.name)
    if feature.empty is not None:
        assert feature.low <= feature.empty <= feature.high
        assert "the customer is unknown" in feature.null_means


@EACH
def test_a_count_is_nought_where_there_is_nothing(feature):
    if "_count" in feature.name and feature.name in STORED.names:
        assert feature.low in (0, 1)
        assert feature.empty == 0 or feature.null_means != "the customer is unknown"
