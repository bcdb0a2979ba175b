"""Intervals: whole customers, the same draws for both models, honest width."""

import numpy as np

from training.judging.bootstrap import customer_weights, intervals, paired_difference


def book(customers=60, each=5, seed=0):
    """Cases of customers that share a level, with outcomes drawn from the stated probability."""
    random = np.random.default_rng(seed)
    level = np.repeat(random.beta(1, 4, customers), each)
    return random.random(len(level)) < level, level, np.repeat(np.arange(customers), each)


def test_every_resample_draws_as_many_customers_as_there_are():
    _, _, customers = book()
    drawn = np.vstack(list(customer_weights(customers, resamples=20, seed=3)))
    assert drawn.shape == (20, 300)
    assert (drawn[:, ::5].sum(axis=1) == 60).all()
    assert (drawn[:, ::5] == drawn[:, 4::5]).all(), "all cases of a customer come or go together"


def test_equal_seeds_give_equal_intervals_and_other_seeds_do_not():
    bad, stated, customers = book()
    assert intervals(bad, stated, customers, seed=1) == intervals(bad, stated, customers, seed=1)
    assert intervals(bad, stated, customers, seed=1) != intervals(bad, stated, customers, seed=2)


def test_customers_make_wider_intervals_than_cases_would():
    bad, stated, customers = book(customers=25, each=30)
    bad = np.repeat(np.random.default_rng(5).random(25) < 0.3, 30)  # the outcome is the customer's
    by_customer = intervals(bad, stated, customers)["rate"]
    by_case = intervals(bad, stated, np.arange(len(bad)))["rate"]
    assert by_customer.high - by_customer.low > 3 * (by_case.high - by_case.low)


def test_a_model_does_not_differ_from_itself():
    bad, stated, customers = book()
    for name, difference in paired_difference(bad, stated, stated, customers, resamples=50).items():
        assert (difference.value, difference.low, difference.high) == (0, 0, 0), name


def test_a_clearly_better_model_is_found_and_its_sign_is_ours_minus_theirs():
    bad, stated, customers = book(customers=200)
    noise = np.random.default_rng(1).random(len(bad))
    found = paired_difference(bad, stated, noise, customers, resamples=200)
    assert found["auc"].low > 0
    assert found["brier"].high < 0


def test_a_figure_that_does_not_exist_is_absent():
    _, stated, customers = book()
    assert "auc" not in intervals(np.zeros(300, dtype=bool), stated, customers, resamples=10)


def test_coverage_of_the_interval_of_a_rate():
    hits = 0
    for seed in range(60):
        bad, stated, customers = book(customers=80, each=3, seed=seed)
        found = intervals(bad, stated, customers, resamples=200, seed=seed)["rate"]
        hits += found.low <= 1 / 5 <= found.high  # Beta(1, 4) has mean 1/5
    assert 51 <= hits <= 60  # 95 % of 60 is 57; below 51 has odds of 1 in 400
