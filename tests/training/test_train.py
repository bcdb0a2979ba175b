"""Training from a book to a model: the same twice, blind to the future, equal with and without the store."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from data.book import book_of
from features.build import build
from features.store.store import Store
from scoring.model import ModelSpec, ReleasedModel
from training.cases.facts import OtherDayError, facts_of, from_book, from_store
from training.cases.split import LeakError
from training.default_model import Default, NoInvoicesError, default_cases, train_default
from training.default_model import task as default_task
from training.fitting.fit import Recipe, fit, probability
from training.fitting.learn import out_of_fold
from training.fitting.run import Run
from training.judging.metrics import FIGURES
from training.late_model import late_cases, train_late
from training.late_model import task as late_task

PERIOD = {"as_of": date(2023, 7, 1), "evaluate_from": date(2023, 7, 1), "evaluate_to": date(2023, 10, 31)}
DEFAULTS = {"as_of": date(2023, 4, 1), "evaluate_from": date(2023, 4, 1), "evaluate_to": date(2023, 9, 1)}
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def fitted(small_portfolio):
    return train_late(small_portfolio, None, Run(**PERIOD, known_on=date(2024, 3, 1)))


def test_two_trainings_give_equal_text_calibrator_and_figures(small_portfolio, fitted):
    again = train_late(small_portfolio, None, Run(**PERIOD, known_on=date(2024, 3, 1)))
    assert again.model_texts == fitted.model_texts
    assert again.calibrator.to_json() == fitted.calibrator.to_json()
    assert again.spec.to_json() == fitted.spec.to_json()
    assert again.evaluation == fitted.evaluation
    assert again.sketches == fitted.sketches


def test_a_fitted_model_is_complete_and_says_what_it_is(fitted):
    spec, evaluation = fitted.spec, fitted.evaluation
    assert (spec.name, spec.target, spec.probability_name) == ("late-payment", "late(5)", "late_prob_5d")
    assert spec.known_at == date(2023, 7, 1)
    assert spec.trained_as_of < date(2023, 7, 1)
    assert (evaluation.n, evaluation.customers, evaluation.period) == (160, 40, "2023-07-01..2023-10-25")
    assert set(evaluation.metrics) == set(FIGURES)
    assert sum(part.n for part in evaluation.segments if part.name == "month") == 160
    assert set(fitted.sketches) == {*spec.feature_names, "score"}
    assert fitted.training["out_of_fold"]["how"] == "walk forward"
    ReleasedModel.from_text(spec, fitted.model_texts, fitted.calibrator)


def test_what_is_learnt_after_training_changes_no_tree_and_no_calibrator(small_portfolio, fitted):
    late_word = train_late(small_portfolio, None, Run(**PERIOD, known_on=date(2023, 12, 1)))
    assert late_word.model_texts == fitted.model_texts
    assert late_word.calibrator == fitted.calibrator
    assert late_word.spec.to_json() == fitted.spec.to_json()
    assert late_word.pay_time == fitted.pay_time


def test_the_store_gives_the_very_same_cases_as_the_book(small_portfolio, tmp_path):
    store = Store(tmp_path)
    store.apply()
    asked = (date(2023, 7, 1), (date(2023, 7, 1), date(2023, 7, 31)), date(2024, 3, 1))
    direct = late_cases(small_portfolio, from_book(small_portfolio), *asked, grace=5)
    stored = late_cases(small_portfolio, from_store(small_portfolio, store, computed_at=NOW), *asked, grace=5)
    assert stored.train.case_ids.tolist() == direct.train.case_ids.tolist()
    for name, values in direct.train.columns.items():
        np.testing.assert_array_equal(stored.train.columns[name], values, err_msg=name)


def test_the_store_must_hold_the_day_of_each_case(small_portfolio, tmp_path):
    class Forgetful(Store):
        def write_history(self, rows, *, computed_at):
            return super().write_history(rows.slice(5), computed_at=computed_at)

    store = Forgetful(tmp_path)
    store.apply()
    facts = from_store(small_portfolio, store, computed_at=NOW)
    with pytest.raises(OtherDayError, match="no facts of the day"):
        late_cases(
            small_portfolio, facts, date(2022, 3, 1), (date(2022, 3, 1), date(2022, 3, 31)), date(2022, 8, 1), grace=5
        )


def test_a_store_needs_the_instant_of_computation(small_portfolio, tmp_path):
    with pytest.raises(ValueError, match="computed_at is needed"):
        facts_of(small_portfolio, Store(tmp_path), None)


def test_a_period_that_begins_before_the_knowledge_is_refused(small_portfolio):
    with pytest.raises(LeakError, match="scored before 2023-07-01"):
        train_late(
            small_portfolio,
            None,
            Run(
                as_of=date(2023, 7, 1),
                evaluate_from=date(2023, 6, 1),
                evaluate_to=date(2023, 8, 31),
                known_on=date(2024, 3, 1),
            ),
        )


def test_default_model_of_a_small_book(small_portfolio):
    found = train_default(small_portfolio, None, Default(10, 90), Run(**DEFAULTS, known_on=date(2024, 3, 1)))
    assert (found.spec.name, found.spec.target, found.spec.probability_name) == (
        "default-10",
        "default(10, 90)",
        "pd_90d",
    )
    assert found.spec.label["cured_days"] == 90
    assert found.training["out_of_fold"]["how"] == "customers left out", "two horizons of past are no walk forward"
    assert found.training["out_of_fold"]["n"] == found.spec.train_rows
    assert 0 < found.evaluation.bad < found.evaluation.n


def test_an_empty_book_has_no_cohorts():
    with pytest.raises(NoInvoicesError, match="no invoice issued by 2023-09-01"):
        default_cases(
            book_of({}),
            from_book(book_of({})),
            Default(),
            date(2023, 4, 1),
            (date(2023, 4, 1), date(2023, 9, 1)),
            date(2024, 3, 1),
        )


def test_directions_hold_in_every_tree(small_portfolio):
    facts = from_book(small_portfolio)
    parts = late_cases(
        small_portfolio, facts, date(2023, 7, 1), (date(2023, 7, 1), date(2023, 10, 31)), date(2024, 3, 1), grace=5
    )
    names, texts = ["late5_share_ever", "tenure_days"], None
    recipe = Recipe(
        trees=40, learning_rate=0.1, leaves=7, smallest_leaf=10, feature_share=1, case_share=1, ridge=1, seeds=(1,)
    )
    texts = fit(parts.train, names, (1, -1), recipe, threads=1)
    grid = np.array([[share, 200.0] for share in np.linspace(0, 1, 50)])
    assert (np.diff(probability(texts, grid)) >= 0).all()
    assert np.ptp(probability(texts, grid)) > 0.05, "the feature matters, so that the direction says something"


def test_one_outcome_cannot_be_learnt(small_portfolio):
    facts = from_book(small_portfolio)
    parts = late_cases(
        small_portfolio, facts, date(2023, 7, 1), (date(2023, 7, 1), date(2023, 7, 31)), date(2024, 3, 1), grace=5
    )
    good = parts.train.take(~parts.train.bad)
    with pytest.raises(ValueError, match="one outcome only"):
        fit(good, ["tenure_days"], (0,), default_task(Default()).recipe, threads=1)


def test_features_of_a_case_are_those_of_the_day_before(small_portfolio):
    facts = from_book(small_portfolio)
    parts = late_cases(
        small_portfolio, facts, date(2023, 7, 1), (date(2023, 7, 1), date(2023, 7, 31)), date(2024, 3, 1), grace=5
    )
    case = parts.later.case_ids.tolist().index("I39-18")
    spine = small_portfolio.memtable(pa.table({"case_id": ["x"], "customer_id": ["C39"], "as_of": [date(2023, 7, 14)]}))
    row = build(small_portfolio, spine, features=["open_count", "invoice_count_30d"]).to_pyarrow().to_pylist()[0]
    assert parts.later.at[case] == np.datetime64("2023-07-15")
    assert parts.later.columns["open_count"][case] == row["open_count"]
    assert parts.later.columns["invoice_count_30d"][case] == row["invoice_count_30d"]


def test_a_trial_of_the_walk_forward_fits_on_what_had_matured(small_portfolio):
    facts = from_book(small_portfolio)
    asked = (date(2023, 7, 1), (date(2023, 7, 1), date(2023, 7, 31)), date(2024, 3, 1))
    parts = late_cases(small_portfolio, facts, *asked, grace=5)
    past = out_of_fold(late_task(), parts.train, date(2023, 7, 1), threads=1)
    for trial in past.trials():
        begins = past.cases.at[trial.judge_by].min()
        assert (past.cases.matures_on[trial.fit_on] <= begins).all()
        assert not (trial.fit_on & trial.judge_by).any()


@pytest.fixture(scope="module")
def default_with_horizon(small_portfolio):
    return train_default(small_portfolio, None, Default(10, 180), Run(**DEFAULTS, known_on=date(2024, 6, 1)))


def test_a_default_model_knows_how_sure_it_is_and_what_became_of_its_grades(default_with_horizon):
    spec = default_with_horizon.spec
    assert [band.name for band in spec.interval.bands] == ["thin", "short", "full"]
    assert max(spec.interval.bands[-1].customers) <= 40  # the book's customers, whatever the number of cases
    assert [record.grade for record in spec.grades.grades] == [str(place) for place in range(1, 13)]
    verdict = default_with_horizon.training["grades"]
    assert sum(grade["n"] for grade in verdict["grades"]) > 0
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_the_cases_that_judge_a_model_have_no_say_in_how_sure_it_is(small_portfolio, default_with_horizon):
    run = Run(**DEFAULTS | {"evaluate_to": date(2023, 6, 1)}, known_on=date(2024, 1, 1))
    sooner = train_default(small_portfolio, None, Default(10, 180), run)
    assert sooner.evaluation.n != default_with_horizon.evaluation.n
    assert sooner.spec.to_json() == default_with_horizon.spec.to_json()


def test_a_late_payment_model_has_no_grades(fitted):
    assert (fitted.spec.interval, fitted.spec.grades) == (None, None)
    assert "grades" not in fitted.training
