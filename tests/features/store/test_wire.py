"""The bytes: whatever we make, Feast makes the same; whatever Feast makes, we read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.store.feast_api import RegistryProto  # noqa: F401  # Feast is imported by the one module that tames it
from features.store.stamp import Stamp
from features.store.wire import (
    NotOurBytesError,
    customer_of,
    double_value,
    doubles,
    entity_key,
    field_name,
    int_value,
    read_doubles,
    read_int,
    timestamp,
    timestamp_us,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FLOATS = st.floats(allow_nan=False)


def feast():
    from feast.infra import key_encoding_utils
    from feast.infra.online_stores import helpers
    from feast.protos.feast.types import EntityKey_pb2, Value_pb2

    return key_encoding_utils, helpers, EntityKey_pb2.EntityKey, Value_pb2.Value


@given(TEXTS)
def test_entity_keys_are_feasts(customer_id):
    keys, _, entity, value = feast()
    made = entity(join_keys=["customer_id"], entity_values=[value(string_val=customer_id)])
    assert entity_key(customer_id) == keys.serialize_entity_key(made, 3)
    assert customer_of(entity_key(customer_id) + b"project") == customer_id


@given(st.lists(st.none() | FLOATS, max_size=5))
def test_values_are_feasts(values):
    _, _, _, value = feast()
    theirs = [b"" if v is None else value(double_val=v).SerializeToString() for v in values]
    assert [double_value(v) for v in values] == theirs
    assert doubles(np.array([np.nan if v is None else v for v in values])) == theirs
    assert [None if np.isnan(v) else v for v in read_doubles(theirs).tolist()] == values


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_feasts(number):
    _, _, _, value = feast()
    assert int_value(number) == value(int64_val=number).SerializeToString()
    assert read_int(int_value(number)) == number


@given(TEXTS, TEXTS)
def test_field_names_are_feasts(view, name):
    _, helpers, _, _ = feast()
    assert field_name(view, name) == helpers._mmh3(f"{view}:{name}")


@given(st.integers(0, 4_000_000_000_000_000))
def test_timestamps_are_protobufs(us):
    from google.protobuf.timestamp_pb2 import Timestamp

    theirs = Timestamp()
    theirs.FromMicroseconds(us)
    assert timestamp(us) == theirs.SerializeToString()
    assert timestamp_us(timestamp(us)) == us


@pytest.mark.parametrize("stored", [int_value(3), b"\x35\x00\x00\x80\x3f", b"\x29\x00", b"\x2a" + bytes(8)])
def test_a_value_that_is_no_double_is_refused_not_guessed(stored):
    with pytest.raises(NotOurBytesError, match="is no double"):
        read_doubles([double_value(1.0), stored])


def test_a_double_is_no_whole_number():
    with pytest.raises(NotOurBytesError):
        read_int(double_value(1.0))


@given(st.lists(st.tuples(st.binary(min_size=3, max_size=3), st.none() | FLOATS, st.none() | FLOATS), min_size=1))
def test_a_stamp_gives_what_writing_one_after_the_other_gives(rows):
    stamp = Stamp(key_bytes=3, empty_mark=0, mark_back=1)
    stamp.add(b"k").add_key().add(b"v\x09").add_value().add(b"w\x09").add_value().add_key()
    values = np.array([[np.nan if v is None else v for v in row[1:]] for row in rows])

    def written(value):
        return bytes([len(double_value(value))]) + double_value(value)

    expected = b"".join(b"k" + key + b"v" + written(a) + b"w" + written(b) + key for key, a, b in rows)
    assert stamp.of([row[0] for row in rows], values) == expected
