"""Calibration slope and intercept: by hand, against a whole fit of every resample, on a bend that is known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scoring.calibration import bounded, sigmoid
from training.judging.bootstrap import customer_weights, intervals
from training.judging.metrics import measured
from training.judging.recalibration import recalibration


def cases(*parts):
    """Stated probability and outcomes of parts, each ``(stated, good, bad)``."""
    stated = np.concatenate([np.full(good + bad, p) for p, good, bad in parts])
    return np.concatenate([np.repeat([0.0, 1.0], [good, bad]) for _, good, bad in parts]), stated


def book(customers=200, each=10, *, slope=1.0, shift=0.0, seed=0):
    """Cases of customers that share a level; the truth is the stated log-odds, bent."""
    random = np.random.default_rng(seed)
    stated = np.repeat(random.normal(-2.5, 1.2, customers), each) + random.normal(0, 0.4, customers * each)
    bad = random.random(len(stated)) < sigmoid(shift + slope * stated)
    return bad, sigmoid(stated), np.repeat(np.arange(customers), each)


@pytest.mark.parametrize(
    ("parts", "slope", "intercept"),
    [
        pytest.param([(0.1, 90, 10), (0.5, 50, 50)], 1, 0, id="right"),
        # Log-odds of 0.1 and 0.5 are -2.1972 and 0; of the outcomes 0.25 and 0.5, -1.0986 and 0: half the spread.
        pytest.param([(0.1, 75, 25), (0.5, 50, 50)], 0.5, None, id="twice too extreme"),
        pytest.param([(0.25, 90, 10), (0.5, 50, 50)], 2, None, id="twice too timid"),
        # Odds of 1 to 9 and 1 to 1 came out as 1 to 3 and 3 to 1: three times the odds everywhere, ln 3 in log-odds.
        pytest.param([(0.1, 75, 25), (0.5, 25, 75)], 1, np.log(3), id="three times the odds"),
        pytest.param([(0.2, 30, 10)], np.nan, np.log((10 / 30) / (0.2 / 0.8)), id="one probability only"),
        pytest.param([(0.1, 100, 0), (0.5, 100, 0)], np.nan, np.nan, id="one outcome only"),
        pytest.param([(0.1, 100, 0), (0.5, 0, 100)], np.nan, None, id="parted perfectly: no finite slope"),
    ],
)
def test_by_hand(parts, slope, intercept):
    found = recalibration(*cases(*parts))
    assert found.slope == pytest.approx(slope, nan_ok=True)
    if intercept is not None:
        assert found.intercept == pytest.approx(intercept, nan_ok=True, abs=1e-9)


def test_it_is_the_regression_of_another_library():
    bad, stated, _ = book(slope=0.7, shift=0.4)
    inputs = np.log(stated / (1 - stated))[:, None]
    theirs = LogisticRegression(C=1e12, solver="newton-cholesky", tol=1e-12).fit(inputs, bad)
    assert measured(bad, stated)["calibration_slope"] == pytest.approx(theirs.coef_[0, 0], abs=1e-6)


def test_it_comes_from_the_cases_and_not_from_the_bins():
    """Within each of ten bins the order is turned round: bins cannot see it, cases can."""
    bad, stated, _ = book(customers=2_000)
    order = np.argsort(stated)
    turned = stated.copy()
    for part in np.array_split(order, 10):
        turned[part] = stated[part[::-1]]
    assert measured(bad, turned)["calibration_slope"] < measured(bad, stated)["calibration_slope"] - 0.05


def test_the_step_of_a_resample_is_close_to_a_whole_fit_of_it():
    bad, stated, customers = book(customers=120, slope=0.7, shift=0.4)
    found = recalibration(bad.astype(float), stated)
    weights = np.vstack(list(customer_weights(customers, resamples=200, seed=2)))
    stepped = found.figures(weights)
    whole = [_again(bad, stated, row) for row in weights]
    for name, figures in zip(("calibration_slope", "calibration_intercept"), zip(*whole, strict=True), strict=True):
        assert np.corrcoef(stepped[name], figures)[0, 1] > 0.99, name
        assert np.abs(stepped[name] - figures).max() < 0.25 * np.std(figures) + 0.02, name


def _again(bad, stated, weights):
    drawn = np.repeat(np.arange(len(bad)), weights.astype(int))
    found = recalibration(bad[drawn].astype(float), stated[drawn])
    return found.slope, found.intercept


def test_the_interval_covers_the_truth():
    """80 books stated rightly: of 80 intervals at 95 %, fewer than 70 cover with odds of 1 in 1,000."""
    hits = {"calibration_slope": 0, "calibration_intercept": 0}
    for seed in range(80):
        bad, stated, customers = book(customers=150, each=5, seed=seed)
        found = intervals(bad, stated, customers, resamples=200, seed=seed)
        hits["calibration_slope"] += found["calibration_slope"].low <= 1 <= found["calibration_slope"].high
        hits["calibration_intercept"] += found["calibration_intercept"].low <= 0 <= found["calibration_intercept"].high
    assert min(hits.values()) >= 70, hits


def test_a_bent_model_is_seen():
    bad, stated, customers = book(customers=400, slope=0.6, shift=0.5)
    found = intervals(bad, stated, customers, resamples=200)
    assert found["calibration_slope"].low < 0.6 < found["calibration_slope"].high < 1
    assert found["calibration_intercept"].low > 0


def test_a_step_that_leaps_over_the_top_is_shortened():
    # Certain statements, some of them wrong: Newton's whole step leaves the top behind and never comes back.
    twelfths = [2, 6, 1, 2, 3, 8, 0, 1, 4, 1, 1, 1, 6, 6, 8, 9, 10, 11, 11, 0, 4, 6, 6, 12, 12, 4, 6, 6, 2, 2, 9, 9]
    outcomes = "00100000011111011100000001110001"
    stated, bad = np.array(twelfths) / 12, np.array([float(outcome) for outcome in outcomes])
    log_odds = np.log(bounded(stated)) - np.log1p(-bounded(stated))
    whole = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(log_odds[:, None], bad)
    assert recalibration(bad, stated).slope == pytest.approx(whole.coef_[0, 0], abs=1e-6)
