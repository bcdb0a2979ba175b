"""Reading the files: what is kept, what is refused, and what the real ones hold."""

import numpy as np
import pytest
from pydantic import ValidationError

from features.feature_sets import DISTRESS, FEATURES
from tests.training.distress.files import NAMES, line, written
from training.distress.attributes import Attribute, known_attributes
from training.distress.sample import SampleError, read_sample


def test_equal_lines_are_kept_once_and_counted(tmp_path):
    lines = [line(True, Attr1=1), line(False, Attr1=1), line(True, Attr1=1), line(True, Attr1=2)]
    found = read_sample(written(tmp_path, lines))
    assert (len(found), found.duplicates) == (3, 1)
    assert found.columns["Attr1"].tolist() == [1.0, 1.0, 2.0]
    assert found.bad.tolist() == [True, False, True]


def test_missing_stays_missing(tmp_path):
    found = read_sample(written(tmp_path, [line(True, Attr21="?")]))
    assert np.isnan(found.columns["Attr21"]).all()
    assert np.isnan(found.features()["revenue_growth"]).all()
    assert found.columns["Attr20"].tolist() == [0.5]


def test_the_features_are_the_matched_attributes(tmp_path):
    found = read_sample(written(tmp_path, [line(True, Attr4=1.5, Attr21=1.2, Attr23=-0.1)])).features()
    assert set(found) == set(DISTRESS.names)
    assert found["current_ratio"].tolist() == [1.5]
    assert found["net_margin"].tolist() == [-0.1]
    assert found["revenue_growth"].tolist() == [pytest.approx(0.2)]  # 1.2 of the year before: grew by a fifth


@pytest.mark.parametrize(
    ("lines", "names", "says"),
    [
        pytest.param([line(True)], NAMES[:-1], "declares 64 attributes", id="one attribute too few"),
        pytest.param([], NAMES, "it holds no company", id="no data"),
        pytest.param(["1,2,1"], NAMES, "a line has 3 values", id="a short line"),
        pytest.param([line(True)[:-1] + "2"], NAMES, "ends in '2'", id="an outcome that is none"),
        pytest.param([line(True, Attr3="a lot")], NAMES, "a value is no number", id="a word"),
        pytest.param([line(True, Attr3="inf")], NAMES, "a value is no number: inf", id="infinite"),
    ],
)
def test_another_form_is_refused(tmp_path, lines, names, says):
    with pytest.raises(SampleError, match=says):
        read_sample(written(tmp_path, lines, names=names))


def test_a_file_that_is_not_there_is_named_with_those_that_may_be(tmp_path):
    with pytest.raises(SampleError, match=r"6year\.arff: there is no such file.*5year\.arff"):
        read_sample(tmp_path, "6year.arff")


def test_every_attribute_is_matched_later_or_has_a_reason():
    table = known_attributes()
    assert list(table.attributes) == NAMES
    assert sorted(table.matched) == sorted(DISTRESS.names)
    assert set(table.matched) <= FEATURES.keys()
    assert (len(table.matched), len(table.later)) == (6, 21)


def test_an_attribute_says_exactly_one_thing():
    with pytest.raises(ValidationError, match="exactly one of feature, later and because"):
        Attribute(meaning="sales / assets", feature="net_margin", because="it differs")


def test_the_real_file(polish):
    found = read_sample(polish)
    assert (len(found), int(found.bad.sum()), found.duplicates, found.horizon_years) == (5850, 408, 60, 1)


def test_the_real_file_states_ebit_as_profit_after_interest(polish):
    """Why Altman's Z'' is no match: what it calls EBIT is, in all but one company, the gross profit of Attr18."""
    columns = read_sample(polish).columns
    both = ~np.isnan(columns["Attr7"]) & ~np.isnan(columns["Attr18"])
    equal = np.isclose(columns["Attr7"][both], columns["Attr18"][both], rtol=1e-3, atol=1e-4)
    assert equal.mean() > 0.999


def test_the_matched_attributes_agree_with_one_another(polish):
    """Return on assets is net margin times sales over assets; the quick ratio leaves inventories out."""
    a = read_sample(polish).columns
    with np.errstate(divide="ignore", invalid="ignore"):
        sales = 365 * a["Attr51"] / a["Attr62"]
        for one, other in ((a["Attr1"], a["Attr23"] * sales), (a["Attr46"], a["Attr4"] - a["Attr20"] / a["Attr62"])):
            known = np.isfinite(one) & np.isfinite(other)
            assert np.isclose(one[known], other[known], rtol=0.02, atol=0.002).mean() > 0.95
