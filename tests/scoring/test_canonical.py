"""Equal values have one spelling."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.canonical import canonical_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_money_keeps_its_places_and_dates_are_iso_as_values_and_keys():
    value = {date(2024, 7, 1): {"cap": Decimal("1.50")}, "from": date(2023, 1, 1)}
    assert json.loads(canonical_json(value)) == {"2024-07-01": {"cap": "1.50"}, "from": "2023-01-01"}


def test_the_order_of_keys_makes_no_difference():
    assert canonical_json({"b": 1, "a": (1, 2)}) == canonical_json({"a": [1, 2], "b": 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_without_a_spelling_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": value})


@pytest.mark.parametrize(("value", "says"), [({1: "x"}, "a JSON key must be text"), ({"x": {1}}, "not JSON serial")])
def test_what_json_has_no_place_for_is_refused(value, says):
    with pytest.raises(TypeError, match=says):
        canonical_json(value)


@given(plain)
def test_reading_and_writing_again_gives_equal_bytes(value):
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
