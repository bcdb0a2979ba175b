"""The interval of a probability: it holds it, stays in [0, 1], and is never narrower for a thinner file."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scoring.model import ModelSpec
from scoring.pd_interval import FileBand, PdInterval

NAN = math.nan


def band(name, settled, days, low, high, customers=(9.0,)):
    return FileBand(name=name, settled=settled, tenure_days=days, low=low, high=high, customers=customers)


def logit(p):
    return math.log(p / (1 - p))


# At a probability of 2 %: 1 to 10 % for a thin file, 1.5 to 3 % for a full one.
ONE_KNOT = PdInterval(
    level=0.9,
    knots=(logit(0.02),),
    bands=(
        band("thin", 0, 0, (logit(0.01),), (logit(0.1),), (12.0,)),
        band("full", 12, 365, (logit(0.015),), (logit(0.03),), (300.0,)),
    ),
)


@st.composite
def intervals(draw):
    """Intervals of one to three bands at one to five knots, as training could have made them."""
    knots = np.cumsum([draw(st.floats(-9, 0)), *draw(st.lists(st.floats(0.05, 2), max_size=4))])
    count = draw(st.integers(1, 3))
    reach = st.lists(st.floats(0, 3), min_size=len(knots), max_size=len(knots))
    below, above = (np.cumsum([draw(reach) for _ in range(count)], axis=0)[::-1] for _ in range(2))
    bands = [
        band(str(n), 5.0 * n, 100.0 * n, tuple(knots - below[n]), tuple(knots + above[n]), (1.0,) * len(knots))
        for n in range(count)
    ]
    return PdInterval(level=0.9, knots=tuple(knots.tolist()), bands=tuple(bands))


PROBABILITIES = st.floats(0, 1)
COUNTS = st.one_of(st.just(NAN), st.floats(0, 400))


@given(intervals(), PROBABILITIES, COUNTS, COUNTS)
def test_it_holds_the_probability_and_lies_between_0_and_1(made, probability, settled, days):
    low, high = made.ends([probability], [settled], [days])
    assert 0 <= low[0] <= probability <= high[0] <= 1


@given(intervals(), PROBABILITIES, COUNTS, COUNTS, st.floats(0, 1), st.floats(0, 1))
def test_a_thinner_file_never_has_the_narrower_interval(made, probability, settled, days, less, younger):
    low, high = made.ends([probability] * 2, [settled * less, settled], [days * younger, days])
    assert low[0] <= low[1]
    assert high[0] >= high[1]


@given(intervals(), st.lists(PROBABILITIES, min_size=1, max_size=6), COUNTS, COUNTS)
def test_one_customer_has_the_interval_that_it_has_among_many(made, several, settled, days):
    files = [settled] * len(several), [days] * len(several)
    together = made.ends(several, *files)
    for place, probability in enumerate(several):
        alone = made.ends([probability], [settled], [days])
        assert (together[0][place], together[1][place]) == (alone[0][0], alone[1][0])


class TestWorkedExample:
    @pytest.mark.parametrize(
        ("settled", "days", "low", "high"),
        [
            pytest.param(12, 365, 0.015, 0.03, id="a full file"),
            pytest.param(11, 365, 0.01, 0.1, id="one invoice short of it"),
            pytest.param(12, 364, 0.01, 0.1, id="a day short of it"),
            pytest.param(NAN, 900, 0.01, 0.1, id="settled invoices not known"),
            pytest.param(90, NAN, 0.01, 0.1, id="no invoice yet"),
        ],
    )
    def test_the_band_of_a_file(self, settled, days, low, high):
        found = ONE_KNOT.ends([0.02], [settled], [days])
        assert [end[0] for end in found] == pytest.approx([low, high])

    def test_a_probability_lower_than_any_that_was_tested_is_not_known_to_be_safer(self):
        low, high = ONE_KNOT.ends([1e-6], [50], [900])
        assert high[0] == pytest.approx(0.03)
        assert low[0] < 1e-6

    def test_a_probability_higher_than_any_that_was_tested_is_not_known_to_be_riskier(self):
        low, high = ONE_KNOT.ends([0.9], [50], [900])
        assert low[0] == pytest.approx(0.015)
        assert 0.9 < high[0] < 1

    def test_customers_behind_it(self):
        assert ONE_KNOT.customers([0.02, 0.5], [50, 0], [900, 900]).tolist() == [300.0, 12.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"knots": (1.0, 1.0)}, "must rise", id="knots that stand still"),
        pytest.param({"bands": (band("short", 3, 0, (-1.0,), (1.0,)),)}, "must take every file", id="no band for some"),
        pytest.param({"bands": (band("any", 0, 0, (0.1,), (1.0,)),)}, "leaves out the probability", id="beside it"),
        pytest.param({"bands": (band("any", 0, 0, (-1.0,) * 2, (1.0,) * 2),)}, "at each of 1 knots", id="lengths"),
        pytest.param(
            {"bands": (band("thin", 0, 0, (-1.0,), (1.0,)), band("full", 9, 9, (-1.1,), (1.0,)))},
            "interval of thin files is narrower than that of full ones",
            id="a thin file surer than a full one",
        ),
        pytest.param(
            {
                "bands": (
                    band("a", 0, 0, (-1.0,), (1.0,)),
                    band("b", 9, 9, (-1.0,), (1.0,)),
                    band("c", 3, 9, (0,), (0,)),
                )
            },
            "c asks for less than b",
            id="bands out of order",
        ),
    ],
)
def test_a_file_that_breaks_a_law_is_refused(change, said):
    good = {"level": 0.9, "knots": (0.0,), "bands": (band("any", 0, 0, (-1.0,), (1.0,)),)}
    with pytest.raises(ValidationError, match=said):
        PdInterval(**{**good, **change})


class TestInASpec:
    def test_it_is_read_back_as_it_was_written(self, model):
        spec = model.spec.model_copy(update={"interval": ONE_KNOT})
        assert ModelSpec.from_json(spec.to_json()).interval == ONE_KNOT
        assert ModelSpec.from_json(spec.to_json()).to_json() == spec.to_json()

    def test_a_model_from_before_there_were_intervals_reads_and_writes_as_it_did(self, model):
        text = model.spec.to_json()
        assert b"interval" not in text
        assert b'"grades"' not in text
        old = ModelSpec.from_json(text)
        assert (old.interval, old.grades) == (None, None)
        assert old.to_json() == text
