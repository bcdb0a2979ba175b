"""Which days a split speaks of, and its picture."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from matplotlib.image import imread

from training.cases.dataset import Dataset
from training.cases.split import Split
from training.cases.timeline import HELD_OUT, IN_TIME, EmptySideError, line
from training.cases.timeline_chart import draw


def cases(*rows):
    """Rows of (customer, scored on, matures on, bad)."""
    return Dataset(
        case_ids=np.array([f"{row[0]}@{row[1]}" for row in rows], dtype=object),
        customer_ids=np.array([row[0] for row in rows], dtype=object),
        at=np.array([row[1] for row in rows], dtype="datetime64[us]"),
        columns={},
        bad=np.array([row[3] for row in rows]),
        matures_on=np.array([row[2] for row in rows], dtype="datetime64[D]"),
    )


PARTS = Split(
    cases(("A", "2024-01-10", "2024-02-15", True), ("A", "2024-02-01", "2024-03-01", True),
          ("B", "2024-02-20", "2024-03-30", False)),
    cases(("B", "2024-04-01", "2024-05-06", False), ("C", "2024-04-20", "2024-06-01", True)),
)  # fmt: skip
ASKED = {"model": "late-payment", "target": "late(5)", "as_of": date(2024, 4, 1), "known_on": date(2024, 7, 1)}


def told(parts=PARTS, how=IN_TIME, split="final"):
    return line(parts, **ASKED, split=split, how=how, names=["late5_share_90d", "revenue_12m", "late5_share_ever"])


def test_days_and_counts_of_a_split():
    found = told()
    assert (found.learnt.first, found.learnt.last, found.learnt.matured_on) == (
        date(2024, 1, 10),
        date(2024, 2, 20),
        date(2024, 3, 30),
    )
    assert (found.learnt.cases, found.learnt.bad, found.learnt.customers, found.learnt.bad_customers) == (3, 2, 2, 1)
    assert (found.judged.cases, found.judged.bad, found.judged.customers) == (2, 1, 2)
    assert found.gap_days == 41, "20 February to 1 April 2024"
    assert found.wait_days == 42, "20 April to 1 June"
    assert (found.lookback_days, found.looks_ever, found.looks_from) == (360, True, date(2023, 1, 15))
    assert found.held_out == 1, "C was never learnt from"
    assert found.as_dict()["gap_days"] == 41


def test_a_side_without_cases_is_refused_with_what_to_do():
    empty = PARTS.later.take(np.array([], dtype=int))
    with pytest.raises(EmptySideError, match=r"no matured cases to judge by\. Choose a later"):
        told(replace(PARTS, later=empty))
    with pytest.raises(EmptySideError, match="no matured cases to learn from"):
        told(replace(PARTS, train=empty))


def test_the_picture_has_a_row_for_every_split_and_is_the_same_twice(tmp_path):
    rows = [told(), told(how=HELD_OUT, split="fold 1 of 1")]
    one, two, short = (
        draw(lines, tmp_path / name).read_bytes()
        for name, lines in (("one.png", rows), ("two.png", rows), ("short.png", rows[:1]))
    )
    assert one == two
    assert imread(tmp_path / "one.png").shape[0] > imread(tmp_path / "short.png").shape[0], "taller by a row"
    assert short != one


def test_an_empty_picture_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no split to draw"):
        draw([], tmp_path / "x.png")
