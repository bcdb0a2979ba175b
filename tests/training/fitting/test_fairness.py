"""Natural persons apart; proxies off by default, tried for research, and never released. On a simulated portfolio."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from data.book import book_of
from data.simulation.shape import Shape
from data.simulation.simulator import simulate
from features.feature_sets import BY_NAME, DEFAULT, LATE
from training.cases.about import PERSON, PROXIES
from training.cases.cohort import invoice_cases
from training.cases.facts import folded, from_book
from training.cases.proxy_check import features_reading
from training.default_model import Default, train_default
from training.default_model import task as default_task
from training.fitting.fairness import fairness
from training.fitting.fit import Recipe
from training.fitting.proxies import NoProxiesError, chosen, is_proxy, with_proxies
from training.fitting.run import Run
from training.late_model import late_cases, task

AS_OF, KNOWN = date(2023, 9, 1), date(2024, 6, 1)
PERIOD = (date(2023, 9, 1), date(2023, 12, 31))
TINY = Recipe(
    trees=20, learning_rate=0.1, leaves=5, smallest_leaf=30, feature_share=0.5, case_share=1, ridge=5, seeds=(1,)
)


@pytest.fixture(scope="module")
def simulated():
    return simulate(Shape(customers=250, end_on=date(2024, 6, 1)))


@pytest.fixture(scope="module")
def book(simulated):
    return book_of(simulated.tables)


@pytest.fixture(scope="module")
def parts(book):
    return late_cases(book, from_book(book), AS_OF, PERIOD, KNOWN, grace=5)


@pytest.fixture(scope="module")
def job():
    return replace(task(), recipe=TINY)


@pytest.fixture(scope="module")
def report(job, parts):
    return fairness(job, parts, as_of=AS_OF, known_on=KNOWN, threads=1, reads=())


def test_no_feature_of_a_model_reads_a_proxy(book):
    cases = invoice_cases(folded(book), issued_from=date(2023, 11, 1), issued_to=date(2023, 11, 5)).to_pyarrow()
    names = list(dict.fromkeys([*LATE.names, *DEFAULT.names]))
    assert features_reading(book, cases, names) == ()
    assert features_reading(book, cases, names, ["size_class"]) == ("size_class_rank",), "the check finds what reads"


def test_by_default_nothing_is_added_and_nobody_left_out(job, parts):
    assert chosen(job, parts) == (job, parts)
    assert not [name for feature_set in BY_NAME.values() for name in feature_set.names if is_proxy(name)]


def test_proxies_come_under_a_name_of_their_own_and_look_at_no_outcome(job, parts):
    wide, found = with_proxies(job, parts)
    assert (wide.name, wide.features.name) == ("late-payment-with-proxies", "late-with-proxies")
    added = [name for name in wide.names if name not in job.names]
    assert added
    assert all(is_proxy(name) for name in added)
    turned = replace(parts, train=replace(parts.train, bad=~parts.train.bad))
    _, again = with_proxies(job, turned)
    for name in added:
        np.testing.assert_array_equal(found.train.columns[name], again.train.columns[name])


def test_a_code_is_the_place_of_the_text_and_unknown_where_it_is_new(job, parts):
    _, found = with_proxies(job, parts)
    texts, codes = parts.train.about["area_code"], found.train.columns["proxy_area_code"]
    seen = sorted({text for text in texts if text is not None})
    places = [np.nan if text is None else float(seen.index(text)) for text in texts]
    np.testing.assert_array_equal(codes, places)
    strange = np.array(["no such area"] * len(parts.later), dtype=object)
    _, new = with_proxies(job, replace(parts, later=parts.later.beside({"area_code": strange})))
    assert np.isnan(new.later.columns["proxy_area_code"]).all()
    assert np.isnan(new.later.columns["proxy_area_code_1"]).all()


def test_without_any_such_text_there_is_nothing_to_try(job, parts):
    nothing = dict.fromkeys(PROXIES, np.full(len(parts.train), None, dtype=object))
    with pytest.raises(NoProxiesError, match="nothing that --with-proxies could add"):
        with_proxies(job, replace(parts, train=parts.train.beside(nothing)))


def test_without_natural_persons_both_parts_hold_companies_alone(job, parts):
    narrow, found = chosen(job, parts, natural_persons=False)
    assert narrow.label["natural_persons"] == "left out"
    for before, after in ((parts.train, found.train), (parts.later, found.later)):
        assert 0 < len(after) == int((before.about[PERSON] == 0).sum()) < len(before)


def test_the_report_compares_on_the_same_cases(report, parts):
    assert report.clean
    by = {(change.what, change.cases): change for change in report.changes}
    everyone, firms = by["proxies added", "all"], by["learnt without natural persons", "companies"]
    assert (everyone.n, everyone.bad) == (len(parts.later), int(parts.later.bad.sum()))
    assert firms.n == int((parts.later.about[PERSON] == 0).sum())
    gain = everyone.difference["auc"]
    assert gain.low <= gain.value <= gain.high
    assert {part.value for part in report.persons} >= {"natural person", "company"}
    assert sum(part.n for part in report.persons) == len(parts.later)


def test_a_proxy_that_says_everything_is_seen_to_buy_something(job, parts):
    """Planted: the area code is the outcome itself."""
    told = replace(
        parts,
        train=parts.train.beside({"area_code": np.where(parts.train.bad, "X", "Y").astype(object)}),
        later=parts.later.beside({"area_code": np.where(parts.later.bad, "X", "Y").astype(object)}),
    )
    report = fairness(job, told, as_of=AS_OF, known_on=KNOWN, threads=1, reads=("planted",))
    everyone = next(change for change in report.changes if change.cases == "all")
    assert (everyone.verdict("auc"), everyone.verdict("brier")) == ("better", "better")
    assert everyone.difference["auc"].low > 0.05
    assert not report.clean


def test_a_model_of_twelve_months_states_pd_12m(book):
    year = default_task(Default(90, 365))
    assert (year.name, year.target, year.probability_name) == ("default-12m", "default(90, 365)", "pd_12m")
    run = Run(date(2023, 2, 1), date(2023, 2, 1), date(2023, 5, 1), KNOWN, natural_persons=False)
    fitted = train_default(book, None, Default(30, 365), run)
    spec = fitted.spec
    assert (spec.name, spec.probability_name, spec.label["horizon_days"]) == ("default-30-12m", "pd_12m", 365)
    assert spec.label["natural_persons"] == "left out"
    assert 0 < fitted.evaluation.bad < fitted.evaluation.n
