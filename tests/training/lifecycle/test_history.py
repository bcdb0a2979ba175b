"""The record of what was in force, and the releases that a rollback can reach."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.settings import Settings
from training.lifecycle.history import Entry, Kind, chain, history, write_entry
from training.lifecycle.rollback import NothingBeforeError, rollback


def entry(kind, release, minute=0):
    at = f"2024-07-31T10:{minute:02}:00+00:00"
    return Entry(Kind(kind), release, "A. Person", "why", at, {"default": 1}, before=None, more={"gates": []})


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        pytest.param("+a +b +c", "a b c", id="promotions add"),
        pytest.param("+a +b -a", "a", id="a rollback takes away"),
        pytest.param("+a +b +c -b -a", "a", id="a second rollback goes on, it does not come back"),
        pytest.param("+a +b -a +c", "a c", id="after a rollback the next promotion follows what is in force"),
        pytest.param("+a +a", "a", id="the same release again is no step"),
        pytest.param("+a +b +a -b", "a b", id="a release that came back can be left again"),
        pytest.param("+a +b -a -b", "a b", id="forward again by name"),
        pytest.param("+a ?x +b", "a b", id="a challenger changes nothing"),
    ],
)
def test_what_a_rollback_can_reach(steps, left):
    kinds = {"+": "promotion", "-": "rollback", "?": "challenger"}
    assert chain([entry(kinds[step[0]], step[1:]) for step in steps.split()]) == left.split()


@given(st.lists(st.tuples(st.sampled_from(["promotion", "rollback"]), st.sampled_from("abc"))))
def test_the_last_release_named_is_the_one_in_force(steps):
    found = chain([entry(kind, release) for kind, release in steps])
    assert found[-1:] == [release for _, release in steps][-1:]


def test_records_come_back_in_order_and_whole(tmp_path):
    settings = Settings(home=tmp_path)
    entries = [entry("promotion", "a"), entry("rollback", "a", 1), entry("promotion", "b", 2)]
    for one in reversed(entries):
        write_entry(settings, one)
    assert history(settings) == entries


def test_records_from_before_there_were_kinds_are_promotions(tmp_path):
    old = {"release": "a", "by": "A", "reason": "r", "at": "2024-07-31T10:00:00+00:00", "models": {}, "gates": []}
    (tmp_path / "promotions").mkdir()
    (tmp_path / "promotions" / "20240731T100000Z-a.json").write_text(json.dumps(old))
    assert history(Settings(home=tmp_path))[0].kind is Kind.PROMOTION


def test_without_any_promotion_there_is_nothing_to_undo(tmp_path):
    from datetime import UTC, datetime

    with pytest.raises(NothingBeforeError, match="Nothing was promoted here yet"):
        rollback(Settings(home=tmp_path), by="A", reason="r", at=datetime(2024, 1, 1, tzinfo=UTC))
