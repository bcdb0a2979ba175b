"""Gates: each figure worked out by hand, bounds, and what is missing."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from training.judging.evaluation import Bin, Interval, Segment
from training.judging.rates import rate_interval
from training.judging.reliability import calibration_slope, perfect_ece
from training.lifecycle.gates import (
    NOT_COMPARED,
    Beside,
    Gate,
    Gates,
    NoGatesError,
    brier_skill,
    check,
    failed,
    figures_of,
    load_gates,
)
from training.lifecycle.measures import Measures
from training.lifecycle.monotone import monotone_violations, probed
from training.lifecycle.segments import segment_figures


def table(*rows):
    return [Bin(low=p, high=p, n=n, bad=bad, mean_probability=p) for n, bad, p in rows]


@pytest.fixture(scope="module")
def gates():
    return load_gates()


def test_a_good_model_passes_every_gate(fitted, gates):
    results = check(fitted, 1, gates, beside=Beside(None))
    assert [result.gate for result in failed(results)] == []
    assert len(results) == 19  # 22 gates, of which three are for default models and two for distress models


def test_figures_worked_by_hand(fitted):
    figures = figures_of(fitted)
    assert figures["brier_skill"] == pytest.approx(1 - 0.13 / (0.2 * 0.8))
    assert figures["rate_low_to_stated"] == pytest.approx(0.17 / 0.2)
    assert figures["stated_to_rate_high"] == pytest.approx(0.2 / 0.23)
    assert figures["calibration_slope"] == pytest.approx(1.0)  # 50 of 500 at 10 %, 150 of 500 at 30 %
    assert figures["monotone_violations"] == 0


def test_the_slope_of_the_cases_goes_before_that_of_the_bins(fitted, gates, with_figures):
    timid = with_figures(fitted, calibration_slope=Interval(1.7, 1.6, 1.8))
    assert figures_of(timid)["calibration_slope"] == 1.7
    assert [result.gate for result in failed(check(timid, 1, gates, beside=Beside(None)))] == [
        "spread of probabilities, upper"
    ]


@pytest.mark.parametrize(
    ("figure", "changed"),
    [
        pytest.param("auc_low", {"auc": Interval(0.76, 0.74, 0.78)}, id="ranking: the lower end is below 0.75"),
        pytest.param("brier_skill", {"brier": Interval(0.16, 0.15, 0.17)}, id="no better than the base rate"),
        pytest.param("rate_low_to_stated", {"mean_probability": Interval(0.15, 0.14, 0.16)}, id="0.17 / 0.15 > 1.1"),
        pytest.param("stated_to_rate_high", {"mean_probability": Interval(0.29, 0.28, 0.3)}, id="0.29 / 0.23 > 1.25"),
        pytest.param("ece_beyond_perfect", {"ece": Interval(0.06, 0.05, 0.07)}, id="calibration error"),
        pytest.param("auc_low", {"auc": None}, id="a missing figure fails"),
        pytest.param("brier_skill", {"rate": None}, id="a figure that rests on a missing one fails"),
    ],
)
def test_each_figure_can_fail(fitted, gates, with_figures, figure, changed):
    assert figure in [result.figure for result in failed(check(with_figures(fitted, **changed), 1, gates))]


def test_every_gate_fails_without_figures(fitted, gates, with_figures):
    bare = with_figures(fitted, **dict.fromkeys(fitted.evaluation.metrics))
    bare = replace(bare, evaluation=replace(bare.evaluation, n=0, bad=0, reliability=(), segments=()), sketches={})
    left = [result.figure for result in check(bare, 1, gates) if result.passed]
    assert left == ["train_bad"]


def test_a_model_grown_against_its_directions_is_found(wrong_way):
    assert monotone_violations(wrong_way) > 50


def test_its_refusal_names_the_count_the_share_and_where_to_look(wrong_way, gates):
    (result,) = [found for found in failed(check(wrong_way, 7, gates)) if found.figure == "monotone_violations"]
    count = f"{monotone_violations(wrong_way):,.0f}"
    assert result.sentence == (
        f"late-payment v7: direction of risk: monotone_violations is {count}, wanted at most 0. A worse payment fact "
        f"must never lower the stated risk. ({probed(wrong_way).told})"
    )
    assert re.search(
        rf"\({count} of 3,840 probes \(\d+\.\d\d %\) broke .*; worst: tenure_days {count}", result.sentence
    )


def test_a_model_that_keeps_its_directions_says_of_how_many_probes(fitted, gates):
    (result,) = [found for found in check(fitted, 1, gates) if found.figure == "monotone_violations"]
    assert result.passed
    assert result.sentence.endswith("stated risk. (0 of 3,840 probes broke a declared direction)")


@pytest.mark.parametrize(
    ("figure", "changed", "why"),
    [
        pytest.param(
            "auc_low",
            {"evaluation": {"metrics": {}, "n": 12, "bad": 0}},
            "all of the 12 cases of 2024-05-01..2024-06-30 came out good, and it takes both kinds; judge it by",
            id="nobody paid late",
        ),
        pytest.param(
            "calibration_slope",
            {"evaluation": {"metrics": {}, "reliability": (), "n": 12, "bad": 12}},
            "all of the 12 cases of 2024-05-01..2024-06-30 came out bad",
            id="everybody did",
        ),
        pytest.param(
            "worst_segment_auc",
            {"evaluation": {"segments": (Segment("size", "large", 199, 90, 0.2, 0.8),)}},
            "no part of the 1,000 cases of 2024-05-01..2024-06-30 has 200 cases, with 20 bad and 20 good ones",
            id="no large part",
        ),
        pytest.param(
            "worst_segment_auc",
            {"evaluation": {"segments": (Segment("size", "large", 500, 90, 0.2, None),)}},
            "size large, 500 cases of 2024-05-01..2024-06-30, has no ranking figure",
            id="a large part without its figure",
        ),
        pytest.param(
            "segment_understated",
            {"evaluation": {"segments": ()}},
            "no part of the 1,000 cases of 2024-05-01..2024-06-30 has 200 cases; judge it by a longer period",
            id="nor for rates",
        ),
        pytest.param(
            "monotone_violations",
            {"spec": {"monotone": (0, 0, 0)}},
            "no direction is declared of any of its features, so that none could be probed; train it anew",
            id="a version of old, whose recipe took the directions away",
        ),
        pytest.param("monotone_violations", {"sketches": {}}, "the sketches of its features, from", id="no sketches"),
        pytest.param("ece_beyond_perfect", {"evaluation": {"metrics": {}}}, "holds no such figure", id="not recorded"),
    ],
)
def test_a_missing_figure_says_why(fitted, gates, figure, changed, why):
    other = {
        "evaluation": replace(fitted.evaluation, **changed.get("evaluation", {})),
        "spec": fitted.spec.model_copy(update=changed.get("spec", {})),
        "sketches": changed.get("sketches", fitted.sketches),
    }
    (result, *_) = [found for found in failed(check(replace(fitted, **other), 1, gates)) if found.figure == figure]
    assert f"{figure} is missing, wanted " in result.sentence
    assert why in result.note
    assert result.sentence.endswith(f"({result.note})")


def test_directions_unprobed_is_missing_not_zero(fitted):
    assert monotone_violations(replace(fitted, sketches={})) is None


def test_a_default_model_has_its_own_gates(default_model, gates):
    names = [result.gate for result in check(default_model, 1, gates)]
    assert "enough defaults" in names
    assert "enough late cases" not in names


def test_no_gate_for_a_kind_is_an_error_not_a_pass(fitted):
    only = Gates(
        description="d", owner="o", gates=(Gate(name="n", figure="cases", at_least=1, kind="default", why="w"),)
    )
    with pytest.raises(NoGatesError, match=r"No gate applies to late-payment \(label kind late\)"):
        check(fitted, 1, only)


@pytest.mark.parametrize("bounds", [{}, {"at_least": 1, "at_most": 2}], ids=["no bound", "two bounds"])
def test_a_gate_has_one_bound(bounds):
    with pytest.raises(ValidationError, match="needs exactly one of at_least and at_most"):
        Gate(name="n", figure="f", why="w", **bounds)


def test_a_misspelt_gate_file_is_refused(tmp_path):
    path = tmp_path / "gates.yaml"
    path.write_text("description: d\nowner: o\ngates:\n  - {name: n, figure: f, atleast: 3, why: w}\n")
    with pytest.raises(ValidationError, match="atleast"):
        load_gates(path)


def test_brier_skill_of_a_book_with_one_outcome_does_not_exist():
    assert brier_skill({"brier": 0.0, "rate": 0.0}) is None


@pytest.mark.parametrize(
    ("rows", "slope"),
    [
        # Log-odds of 0.1 and 0.5 are -2.1972 and 0; of the outcomes 0.25 and 0.5, -1.0986 and 0: half the spread.
        pytest.param([(100, 25, 0.1), (100, 50, 0.5)], 0.5, id="stated twice too extreme"),
        pytest.param([(100, 10, 0.25), (100, 50, 0.5)], 2.0, id="stated twice too timid"),
        pytest.param([(100, 0, 0.1), (100, 0, 0.5)], None, id="one outcome only"),
        pytest.param([(100, 10, 0.2), (100, 30, 0.2)], None, id="one probability only"),
        pytest.param([(100, 0, 0.1), (100, 100, 0.5)], None, id="perfectly separated: no finite slope"),
        pytest.param([], None, id="no table"),
    ],
)
def test_calibration_slope(rows, slope):
    found = calibration_slope(table(*rows))
    assert found == (None if slope is None else pytest.approx(slope))


def test_perfect_ece_against_the_normal_law():
    # One bin: |rate - p| exceeds 1.96 * sqrt(p (1 - p) / n) = 1.96 * sqrt(0.16 / 400) = 0.0392 in one of 20 samples.
    assert perfect_ece(table((400, 80, 0.2))) == pytest.approx(0.0392, abs=0.003)


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
def test_rate_interval_holds_the_rate(n, share):
    row = Bin(low=0, high=1, n=n, bad=round(n * share), mean_probability=0.5)
    low, high = rate_interval(row.n, row.bad)
    assert 0 <= low <= row.rate <= high <= 1


@given(value=st.floats(allow_nan=True, allow_infinity=True), bound=st.floats(-1e6, 1e6))
def test_a_gate_passes_on_one_side_only(value, bound):
    at_least = Gate(name="n", figure="f", at_least=bound, why="w").passes(value)
    at_most = Gate(name="n", figure="f", at_most=bound, why="w").passes(value)
    assert (at_least and at_most) == (value == bound)
    assert (at_least or at_most) == (not np.isnan(value))


GAIN = Gate(name="as good", figure="auc_gain_low", against="champion", at_least=-0.01, why="w")


@pytest.mark.parametrize(
    ("beside", "passed", "note"),
    [
        pytest.param(Beside(None), True, "no champion yet", id="no champion yet"),
        pytest.param(Beside(1), True, "this version is the champion", id="the champion itself"),
        pytest.param(Beside(2, {"auc_gain_low": -0.01}), True, "", id="at the bound"),
        pytest.param(Beside(2, {"auc_gain_low": -0.02}), False, "", id="worse"),
        pytest.param(Beside(2, {"auc_gain_low": None}), False, NOT_COMPARED, id="a missing figure fails"),
        pytest.param(
            Beside(2, note="nothing had matured"), False, "nothing had matured", id="missing: the reason is said"
        ),
        pytest.param(None, False, "", id="nobody looked"),
    ],
)
def test_a_gate_against_the_champion(fitted, beside, passed, note):
    only = Gates(description="d", owner="o", gates=(GAIN,))
    (result,) = check(fitted, 1, only, beside=beside)
    assert (result.passed, result.note) == (passed, note)
    assert note in result.sentence


def part(n, bad, stated, auc, note=""):
    return Segment("size", "large", n, bad, stated, auc, note=note)


@pytest.mark.parametrize(
    ("segments", "worst"),
    [
        pytest.param([part(500, 90, 0.2, 0.8), part(500, 90, 0.2, 0.55)], 0.55, id="the worst counts"),
        pytest.param([part(500, 90, 0.2, 0.8), part(199, 90, 0.2, 0.5)], 0.8, id="a small one does not"),
        pytest.param([part(500, 90, 0.2, 0.8), part(500, 19, 0.2, 0.5)], 0.8, id="nor one with few bad cases"),
        pytest.param([part(500, 90, 0.2, 0.8), part(500, 90, 0.2, None)], None, id="a large one without AUC: missing"),
        pytest.param(
            [part(500, 90, 0.2, 0.8), part(500, 90, 0.2, None, "too few")], 0.8, id="nor one of few customers"
        ),
        pytest.param([part(100, 50, 0.2, 0.8)], None, id="none is large enough: missing"),
        pytest.param([], None, id="no segments: missing"),
    ],
)
def test_worst_segment(segments, worst):
    assert segment_figures(segments, Measures())["worst_segment_auc"] == worst


def test_segments_that_are_off_are_found_and_noise_is_not():
    # 200 of 1000 happened: Jeffreys at 97.5 % (two segments, jointly 95 %) is about 0.173 to 0.230.
    found = segment_figures([part(1000, 200, 0.1, 0.8), part(1000, 200, 0.2, 0.8)], Measures())
    assert found["segment_understated"] == pytest.approx(1.73, abs=0.01)
    assert found["segment_overstated"] == pytest.approx(0.2 / 0.23, abs=0.01)
    fine = segment_figures([part(1000, 200, 0.2, 0.8)], Measures())
    assert max(fine["segment_understated"], fine["segment_overstated"]) < 1
