"""What anybody could state: rates as of the case, and a table in which nobody is left out."""

import numpy as np
import pytest

from training.cases.dataset import Dataset
from training.cases.split import Split
from training.judging.baselines import compared, own_rate, portfolio_rate


def cases(*rows):
    """Rows of (case, customer, scored on, matures on, bad)."""
    return Dataset(
        case_ids=np.array([row[0] for row in rows], dtype=object),
        customer_ids=np.array([row[1] for row in rows], dtype=object),
        at=np.array([row[2] for row in rows], dtype="datetime64[us]"),
        columns={},
        bad=np.array([row[4] for row in rows]),
        matures_on=np.array([row[3] for row in rows], dtype="datetime64[D]"),
    )


def past():
    """SLOW is late with every second invoice, FAST never; each of ten invoices had matured before the next."""
    return [
        (f"{name}{month}", name, f"2023-{month:02}-01", f"2023-{month:02}-20", name == "SLOW" and month % 2 == 0)
        for month in range(1, 11)
        for name in ("FAST", "SLOW")
    ]


def test_own_rate_counts_what_had_matured_by_the_day_of_the_case():
    later = cases(
        ("SOON", "SLOW", "2024-01-01", "2024-02-01", True),
        ("SEEN", "SLOW", "2024-02-01", "2024-03-01", True),
        ("NOT", "SLOW", "2024-01-31", "2024-03-01", True),
        ("NEW", "STRANGER", "2024-01-01", "2024-03-01", False),
    )
    soon, seen, not_yet, new = own_rate(Split(cases(*past()), later))
    assert not_yet == soon, "the outcome of SOON is not known on the last day of January"
    assert seen > soon, "but it is on 1 February"
    assert new == pytest.approx(5 / 20), "of a stranger the portfolio's rate is all there is"
    assert 5 / 20 < soon < 5 / 10, "between the portfolio's rate and the customer's own"


def test_a_later_outcome_changes_no_earlier_statement():
    rows = [("A", "SLOW", "2024-01-01", "2024-02-01", True), ("B", "SLOW", "2024-03-01", "2024-04-01", True)]
    first = own_rate(Split(cases(*past()), cases(*rows)))
    rows[1] = (*rows[1][:4], False)
    assert own_rate(Split(cases(*past()), cases(*rows))).tolist() == first.tolist()


def test_the_portfolio_rate_is_that_of_the_cases_learnt_from():
    parts = Split(cases(*past()), cases(("A", "SLOW", "2024-01-01", "2024-02-01", True)))
    assert portfolio_rate(parts).tolist() == [0.25]


def judged(n=200):
    rng = np.random.default_rng(5)
    stated = rng.uniform(0.05, 0.9, n)
    rows = [(f"I{i}", f"C{i % 50}", "2024-01-01", "2024-02-01", bool(rng.uniform() < p)) for i, p in enumerate(stated)]
    return cases(*rows), stated


def test_the_table_has_a_row_for_everybody_even_without_figures():
    later, ours = judged()
    theirs = {"flat": np.full(200, 0.4), "twin": ours, "absent": "catboost is not installed"}
    found = compared("late(5)", later, ours, theirs, notes={"flat": "same for all"})
    by_name = {each.name: each for each in found.contestants}
    assert list(by_name) == ["ours", "flat", "twin", "absent"]
    assert (by_name["absent"].figures, by_name["absent"].note) == ({}, "catboost is not installed")
    assert by_name["flat"].figures["auc"].value == 0.5
    gain = by_name["flat"].difference["auc"]
    assert gain.value == pytest.approx(by_name["ours"].figures["auc"].value - 0.5)
    assert gain.low > 0, "the cases were drawn from our probabilities"
    twin = by_name["twin"].difference["brier"]
    assert (twin.value, twin.low, twin.high) == (0, 0, 0)
    assert found.as_dict()["contestants"][1]["note"] == "same for all"


def test_the_table_reads_in_markdown_and_in_plain_text():
    later, ours = judged()
    found = compared("late(5)", later, ours, {"absent": "not installed"}, notes={})
    lines = found.markdown().splitlines()
    assert len({line.count("|") for line in lines}) == 1, "every row has as many cells"
    assert "| absent |" in lines[3]
    assert len(found.text().splitlines()) == 3
