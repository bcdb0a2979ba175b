"""Intervals learnt from past customers: by hand, customers and not rows, and how often they hold the truth."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from scoring.calibration import sigmoid
from training.cases.dataset import Dataset
from training.judging.pd_interval import THICKER_COUNTS, pd_interval

THIN, SHORT, FULL = (1, 90), (5, 400), (20, 900)


def cases(customers, bad, file=FULL):
    """One case per entry: whose it is, whether it turned out bad, and how thick the file is."""
    n = len(customers)
    files = [file] * n if isinstance(file, tuple) else file
    return Dataset(
        case_ids=np.array([f"{place}" for place in range(n)], dtype=object),
        customer_ids=np.array(customers, dtype=object),
        at=np.zeros(n, dtype="datetime64[us]"),
        columns={
            "settled_count_365d": np.array([one[0] for one in files], dtype=float),
            "tenure_days": np.array([one[1] for one in files], dtype=float),
        },
        bad=np.array(bad, dtype=bool),
        matures_on=np.zeros(n, dtype="datetime64[D]"),
    )


def ends(made, probability, file):
    low, high = made.ends([probability], [file[0]], [file[1]])
    return float(low[0]), float(high[0])


def jeffreys(bad, n, level=0.9):
    return beta.ppf([(1 - level) / 2, (1 + level) / 2], bad + 0.5, n - bad + 0.5)


class TestByHand:
    def test_forty_customers_of_whom_one_defaulted(self):
        made = pd_interval(cases([f"C{n}" for n in range(40)], [True] + [False] * 39), np.full(40, 0.025))
        assert ends(made, 0.025, FULL) == pytest.approx(tuple(jeffreys(1, 40)), rel=1e-4)
        assert made.customers([0.025], [FULL[0]], [FULL[1]]).tolist() == [40.0]

    def test_a_customer_seen_on_twenty_dates_counts_once(self):
        once = pd_interval(cases([f"C{n}" for n in range(40)], [n < 4 for n in range(40)]), np.full(40, 0.1))
        often = pd_interval(
            cases([f"C{n}" for n in range(40)] * 20, [n < 4 for n in range(40)] * 20), np.full(800, 0.1)
        )
        assert ends(often, 0.1, FULL) == pytest.approx(ends(once, 0.1, FULL))

    def test_no_default_among_few_customers_does_not_make_near_zero_sure(self):
        _, high = ends(pd_interval(cases(list("ABC"), [False] * 3), np.full(3, 0.001)), 0.001, FULL)
        assert high == pytest.approx(jeffreys(0, 3)[1], rel=1e-4)
        assert high > 0.4

    def test_a_customer_with_a_thicker_file_counts_a_tenth_for_a_thin_one(self):
        files = [THIN] * 10 + [FULL] * 90
        made = pd_interval(cases([f"C{n}" for n in range(100)], [False] * 100, files), np.full(100, 0.01))
        assert made.customers([0.01] * 2, [1, 20], [90, 900]).tolist() == [10 + THICKER_COUNTS * 90, 100.0]
        assert ends(made, 0.01, THIN)[1] == pytest.approx(jeffreys(0, 19)[1], rel=1e-4)
        assert ends(made, 0.01, FULL)[1] == pytest.approx(jeffreys(0, 100)[1], rel=1e-4)

    def test_a_customer_whose_file_grew_thick_is_one_customer_still(self):
        grown = cases(["A", "A", "B"], [False] * 3, [THIN, FULL, FULL])
        made = pd_interval(grown, np.full(3, 0.01))
        assert made.customers([0.01] * 2, [1, 20], [90, 900]).tolist() == [1.1, 2.0]

    def test_customers_with_more_than_double_the_odds_say_nothing(self):
        alike, worse = np.full(40, 0.01), np.full(40, 0.05)
        both = cases([f"C{n}" for n in range(80)], [False] * 40 + [True] * 40)
        made = pd_interval(both, np.concatenate([alike, worse]))
        assert ends(made, 0.01, FULL)[1] == pytest.approx(jeffreys(0, 40)[1], rel=1e-3)

    def test_comparable_customers_count_by_their_distance_from_what_was_stated_of_them(self):
        # Around 1 % lie 40 customers at 1 % and 40 at 1.8 %: 4 of 80 defaulted where 1.4 % was stated on average.
        both = cases([f"C{n}" for n in range(80)], [n % 20 == 0 for n in range(80)])
        _, high = ends(pd_interval(both, np.repeat([0.01, 0.018], 40)), 0.01, FULL)
        odds = {p: p / (1 - p) for p in (jeffreys(4, 80)[1], 0.01, 0.014)}
        shifted = odds[jeffreys(4, 80)[1]] * odds[0.01] / odds[0.014]
        assert high == pytest.approx(shifted / (1 + shifted), rel=1e-3)

    def test_a_model_that_states_half_of_what_comes_is_not_called_sure(self):
        stated, bad = np.full(400, 0.05), [n < 40 for n in range(400)]
        low, high = ends(pd_interval(cases([f"C{n}" for n in range(400)], bad), stated), 0.05, FULL)
        assert (low, high) == pytest.approx((0.05, jeffreys(40, 400)[1]), rel=1e-4)


def test_without_cases_or_without_the_thickness_of_files_there_is_none():
    some = cases(list("AB"), [False, True])
    assert pd_interval(some.take(np.zeros(2, dtype=bool)), np.empty(0)) is None
    assert pd_interval(replace(some, columns={"tenure_days": np.ones(2)}), np.full(2, 0.1)) is None


def portfolio(seed, *, factor=1.0, customers=500, months=24):
    """Customers with a known chance of default, seen month by month until they default or the book ends.

    Their outcomes within six months overlap, as those of a real book do. What is stated is the chance divided by
    ``factor``.
    """
    random = np.random.default_rng(seed)
    stated = sigmoid(random.normal(-4, 1.3, customers))
    truth = sigmoid(np.log(stated / (1 - stated)) + math.log(factor))
    defaults = random.geometric(1 - (1 - truth) ** (1 / 6))
    first = random.integers(0, months - 1, customers)
    seen = [(who, month) for who in range(customers) for month in range(min(months - first[who], defaults[who]))]
    who, month = (np.array(column) for column in zip(*seen, strict=True))
    files = list(zip(np.minimum(month, 12).tolist(), (30 * month).tolist(), strict=True))
    return cases([f"C{one}" for one in who], defaults[who] - month <= 6, files), stated[who]


STATED = np.array([0.003, 0.01, 0.03, 0.1])


@pytest.fixture(scope="module", params=[1.0, 2.0, 0.5], ids=["right", "half of the truth", "double the truth"])
def learnt(request):
    made = [pd_interval(*portfolio(seed, factor=request.param)) for seed in range(40)]
    return made, sigmoid(np.log(STATED / (1 - STATED)) + math.log(request.param))


@pytest.mark.parametrize("file", [THIN, SHORT, FULL], ids=["thin", "short", "full"])
def test_it_holds_the_true_rate_at_least_as_often_as_it_says(learnt, file):
    made, truth = learnt
    held = [(low <= truth) & (truth <= high) for low, high in
            (one.ends(STATED, [file[0]] * 4, [file[1]] * 4) for one in made)]  # fmt: skip
    assert np.mean(held) >= 0.9
    assert np.mean(held, axis=0).min() >= 0.85


def test_on_a_real_spread_of_customers_thin_files_are_visibly_less_sure(learnt):
    made, _ = learnt
    width = {file: np.mean([math.log(high / low) for one in made for low, high in [ends(one, 0.03, file)]])
             for file in (THIN, SHORT, FULL)}  # fmt: skip
    assert width[THIN] > 1.05 * width[FULL]
    assert width[THIN] >= width[SHORT] >= width[FULL]


def test_fewer_customers_make_it_wider():
    few, many = (pd_interval(*portfolio(3, customers=n)) for n in (60, 2000))
    widths = [math.log(high / low) for low, high in (ends(one, 0.02, FULL) for one in (few, many))]
    assert widths[0] > 1.5 * widths[1]


def test_ends_rise_with_the_probability(learnt):
    for one in learnt[0]:
        for file in (THIN, FULL):
            found = one.ends(np.linspace(0.0005, 0.9, 200), [file[0]] * 200, [file[1]] * 200)
            assert all((np.diff(end) >= -1e-12).all() for end in found)


def test_the_order_of_the_cases_makes_no_difference():
    seen, stated = portfolio(5)
    order = np.random.default_rng(1).permutation(len(seen))
    assert pd_interval(seen.take(order), stated[order]) == pd_interval(seen, stated)
