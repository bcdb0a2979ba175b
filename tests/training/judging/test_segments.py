"""Parts of the cases: every division is complete, small parts stay and say so, figures match plain arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from training.cases.about import LARGE, PERSON
from training.cases.dataset import Dataset
from training.judging.rates import rate_interval
from training.judging.segments import TOO_FEW, divisions, segment, segments


def cases(n=400, customers=100, **about):
    rng = np.random.default_rng(3)
    stated = rng.uniform(0.01, 0.6, n)
    made = Dataset(
        case_ids=np.array([f"I{place}" for place in range(n)], dtype=object),
        customer_ids=np.array([f"C{place % customers}" for place in range(n)], dtype=object),
        at=np.datetime64("2024-05-20", "us") + np.arange(n) * np.timedelta64(4, "h"),
        columns={
            "settled_count_365d": np.where(np.arange(n) % 5 == 0, np.nan, np.arange(n) % 5),
            "tenure_days": np.where(np.arange(n) % 7 == 0, np.nan, np.arange(n) % 365.0),
        },
        bad=rng.uniform(size=n) < stated,
        matures_on=np.full(n, np.datetime64("2024-12-31", "D")),
        about={name: np.asarray(values) for name, values in about.items()},
    )
    return made, stated


def texts(values, n=400):
    return np.array([values[place % len(values)] for place in range(n)], dtype=object)


def marks(values, n=400):
    return np.array([values[place % len(values)] for place in range(n)], dtype=np.float64)


def full(customers=100):
    return cases(
        customers=customers,
        size_class=texts(["SMALL", "LARGE", "SMALL", None]),
        industry=texts(["Steel", "Paper", None]),
        **{PERSON: marks([0, 0, 0, 0, 1, np.nan]), LARGE: marks([0] * 9 + [1])},
    )


def test_every_division_parts_all_cases_once():
    made = divisions(full()[0])
    assert list(made) == ["month", "history", "size", "industry", "tenure", "record", "invoice", "person"]
    for name, parts in made.items():
        assert (np.sum(list(parts.values()), axis=0) == 1).all(), name


def test_a_part_without_cases_stays_and_says_too_few():
    medium = next(part for part in segments(*full()) if part.value == "MEDIUM")
    assert (medium.n, medium.bad, medium.note, medium.auc) == (0, 0, TOO_FEW, None)
    assert (medium.mean_probability, medium.rate, medium.calibration_ratio) == (None, None, None)
    assert (medium.rate_low, medium.rate_high) == (0.0, 1.0), "nothing was seen, so nothing is known"


def test_new_customers_and_thin_files_are_those_below_the_bounds_and_those_without_a_figure():
    made, _ = full()
    found = divisions(made)
    new, thin = found["tenure"]["new: below 180 days"], found["record"]["thin file: below 3 settled in 365 days"]
    tenure, settled = made.columns["tenure_days"], made.columns["settled_count_365d"]
    assert new.tolist() == [bool(np.isnan(t) or t < 180) for t in tenure]
    assert thin.tolist() == [bool(np.isnan(s) or s < 3) for s in settled]


def test_figures_of_a_part_by_plain_arithmetic():
    made, stated = full(customers=200)
    part = made.about["size_class"] == "SMALL"
    found = segment("size", "SMALL", made, stated, part)
    pairs = [(g, b) for g in stated[part & ~made.bad] for b in stated[part & made.bad]]
    assert found.auc == pytest.approx(np.mean([(b > g) + 0.5 * (b == g) for g, b in pairs]))
    assert found.auc_low < found.auc < found.auc_high
    assert found.calibration_ratio == pytest.approx(made.bad[part].mean() / stated[part].mean())
    assert found.rate_low < found.rate < found.rate_high
    assert found.bad_customers == len({c for c, b, p in zip(made.customer_ids, made.bad, part, strict=True) if b and p})


def test_nine_bad_customers_are_too_few_and_ten_are_enough():
    made, stated = cases(customers=400)
    everyone = np.ones(400, bool)
    for struck, note in ((9, TOO_FEW), (10, "")):
        found = segment("x", "y", replace(made, bad=np.arange(400) < struck), stated, everyone)
        assert (found.note, found.auc is None) == (note, note == TOO_FEW)
        assert found.n == 400


def test_bad_cases_of_one_customer_say_less_than_those_of_many():
    one, many = rate_interval(100, 10, 1), rate_interval(100, 10, 10)
    assert one[0] < many[0] < 0.1 < many[1] < one[1]


def test_revenue_bands_stand_in_where_no_size_is_stated():
    made, _ = cases(size_class=texts([None]))
    revenue = np.resize([np.nan, 1e6, 2e6, 10e6, 60e6], 400)
    found = divisions(replace(made, columns={**made.columns, "revenue_12m": revenue}))["size"]
    assert {name: int(part.sum()) for name, part in found.items()} == {
        "revenue below 2 M": 80,
        "revenue 2 to 10 M": 80,
        "revenue 10 to 50 M": 80,
        "revenue 50 M or more": 80,
        "not known": 80,
    }


def test_what_the_cases_do_not_tell_is_no_division():
    assert set(divisions(cases()[0])) == {"month", "history", "tenure", "record"}
