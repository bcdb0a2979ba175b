"""Parameters in force: the boundaries of a start date, then the file's two spellings."""

from datetime import date

import pytest
import yaml

from policy.terms import NoParametersInForceError, as_json, history_of, parameters_in_force

HISTORY = {date(2023, 1, 1): "first", date(2024, 7, 1): "second"}


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(date(2023, 1, 1), "first", id="first day"),
        pytest.param(date(2024, 6, 30), "first", id="last day of the old terms"),
        pytest.param(date(2024, 7, 1), "second", id="first day of the new terms"),
        pytest.param(date(2050, 1, 1), "second", id="until further notice"),
    ],
)
def test_the_latest_start_on_or_before_the_day_counts(as_of, expected):
    assert parameters_in_force(HISTORY, as_of=as_of) == expected


def test_a_day_before_the_first_start_is_refused_and_says_when_it_begins():
    with pytest.raises(NoParametersInForceError, match="on 2022-12-31; the first begin on 2023-01-01"):
        parameters_in_force(HISTORY, as_of=date(2022, 12, 31))


def test_an_empty_history_is_refused():
    with pytest.raises(NoParametersInForceError, match="the history is empty"):
        parameters_in_force({}, as_of=date(2024, 1, 1))


def test_yaml_and_json_spellings_of_a_file_are_one_history():
    source = yaml.safe_load("owner: Credit Committee\nvalues:\n  2024-01-01: {lgd: '0.45'}\n")
    assert history_of(source) == history_of(as_json(source)) == {date(2024, 1, 1): {"lgd": "0.45"}}
