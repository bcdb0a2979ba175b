"""A whole book is scored by the lines that score one customer."""

import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from policy.horizon import twelve_months_from_180_days
from scoring.batch import SCORES, BookScorer, NoSuchModelError, opened
from scoring.bundle import load
from scoring.grades import load_scale
from scoring.manifest import BundleError
from scoring.model import MissingFeaturesError
from scoring.pd_interval import THICKNESS
from scoring.points import PointsScale
from scoring.reason_codes import ReasonCodes
from scoring.reasons import reasons
from serving.rating import Stated, rated
from tests.scoring.book_release import DAY, NAMES, facts, made_up, release

N = 250


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return release(tmp_path_factory.mktemp("releases"), made_up(1500, seed=1))


@pytest.fixture(scope="module")
def bundle(folder):
    return load(folder)


@pytest.fixture(scope="module")
def people():
    return made_up(N)


@pytest.fixture(scope="module")
def scores(bundle, people):
    return BookScorer(bundle).scores(facts(people))


def of(scores, model):
    return [row for row in scores.to_pylist() if row["model"] == model]


class TestScores:
    def test_one_row_per_customer_and_model_in_order(self, scores):
        assert scores.schema == SCORES
        pairs = list(zip(scores["customer_id"].to_pylist(), scores["model"].to_pylist(), strict=True))
        assert pairs == [(f"C{n:06}", model) for n in range(N) for model in ("default", "default-60")]
        assert set(scores["as_of"].to_pylist()) == {DAY}

    @pytest.mark.parametrize("name", ["default", "default-60"])
    def test_probability_grade_and_points_are_those_of_one_customer(self, bundle, people, scores, name):
        model, scale = bundle.models[name], load_scale()
        for row, told in zip(people, of(scores, name), strict=True):
            alone = model.probability(row[None])[0]
            year = float(twelve_months_from_180_days(Decimal(repr(float(alone)))).pd_12m)
            assert told["probability"] == alone
            assert told["pd_12m"] == year
            assert told["grade"] == scale.grade(year).name
            assert told["points"] == PointsScale().points([alone])[0]

    @pytest.mark.parametrize("name", ["default", "default-60"])
    def test_reasons_are_those_of_one_customer(self, bundle, people, scores, name):
        model = bundle.models[name]
        for row, told in zip(people, of(scores, name), strict=True):
            alone = reasons(model, row, model.contributions(row[None])[0])
            codes = [told[f"reason_{place}"] for place in (1, 2, 3, 4)]
            added = [told[f"reason_{place}_log_odds"] for place in (1, 2, 3, 4)]
            nothing = [None] * (4 - len(alone))
            assert codes == [reason.code for reason in alone] + nothing
            assert added[: len(alone)] == pytest.approx([reason.contribution for reason in alone], abs=1e-12)
            assert added[len(alone) :] == nothing

    def test_every_kind_of_code_occurs(self, scores):
        codes = {code for place in (1, 2, 3, 4) for code in scores[f"reason_{place}"].to_pylist()}
        assert None in codes
        assert {code.endswith("-MISSING") for code in codes - {None}} == {True, False}
        assert any(code.endswith("-00") for code in codes - {None})
        assert len(codes) > 20

    def test_batches_make_no_difference(self, bundle, people, scores):
        scorer, batch = BookScorer(bundle), facts(people)
        parts = [batch.slice(0, 1), batch.slice(1, 170), batch.slice(171)]
        assert pa.Table.from_batches(scorer.all_scores(parts)).equals(pa.Table.from_batches([scores]))

    def test_no_customers(self, bundle, people):
        none = BookScorer(bundle).scores(facts(people).slice(0, 0))
        assert (none.num_rows, none.schema) == (0, SCORES)

    @pytest.mark.parametrize("name", ["default", "default-60"])
    def test_intervals_and_the_worth_of_the_grade_are_those_of_the_service(self, bundle, people, scores, name):
        spec = bundle.models[name].spec
        file = {fact: people[:, NAMES.index(fact)] for fact in THICKNESS}
        for place, told in enumerate(of(scores, name)):
            columns = {fact: values[place : place + 1] for fact, values in file.items()}
            pd_12m = Decimal(repr(told["pd_12m"]))
            alone = rated(Stated(spec, told["probability"]), None, pd_12m, columns)
            assert told["grade_pd"] == alone.grade_pd
            if spec.interval is None:
                assert (told["probability_low"], told["pd_12m_high"], alone.spans) == (None, None, {})
                continue
            spans = alone.spans[spec.probability_name], alone.spans["pd_12m"]
            assert (told["probability_low"], told["probability_high"]) == (spans[0].low, spans[0].high)
            assert (told["pd_12m_low"], told["pd_12m_high"]) == (spans[1].low, spans[1].high)
            assert round(told["comparable_customers"], 1) == spans[0].comparable_customers
            assert told["pd_12m_low"] <= told["pd_12m"] <= told["pd_12m_high"]

    def test_a_model_of_companies_alone_says_which_customers_are_persons(self, folder, bundle, people):
        model = bundle.models["default"]
        companies = replace(
            model, spec=model.spec.model_copy(update={"label": {**model.spec.label, "natural_persons": "left out"}})
        )
        scorer = BookScorer(replace(bundle, models={"default": companies}))
        batch = facts(people[:3])
        with pytest.raises(MissingFeaturesError, match="is_natural_person"):
            scorer.scores(batch)
        persons = batch.append_column("is_natural_person", pa.array([1.0, 0.0, None]))
        told = [doubt == "natural_person" for doubt in scorer.scores(persons)["doubt"].to_pylist()]
        assert told == [True, False, False]

    def test_a_customer_the_model_does_not_speak_of_is_said(self, bundle):
        people = made_up(4)
        people[:, NAMES.index("oldest_overdue_days")] = [75.0, 100.0, np.nan, 0.0]
        people[:, NAMES.index("invoice_count_365d")] = [3.0, 0.0, np.nan, 0.0]
        scores = BookScorer(bundle).scores(facts(people))
        assert [row["doubt"] for row in of(scores, "default")] == [None, "in_default", None, "no_invoice_365d"]
        assert [row["doubt"] for row in of(scores, "default-60")][:2] == ["in_default", "in_default"]


class TestRefused:
    def test_a_batch_without_a_column(self, bundle, people):
        batch = facts(people[:3]).drop_columns(["tenure_days"])
        with pytest.raises(MissingFeaturesError, match=r"needs 1 column\(s\) that were not given: tenure_days"):
            BookScorer(bundle).scores(batch)

    def test_a_model_that_the_release_lacks(self, bundle):
        with pytest.raises(NoSuchModelError, match="holds default, default-60, and distress was asked for"):
            BookScorer(bundle, ["distress"])

    def test_another_release_than_the_one_that_is_to_score(self, folder):
        with pytest.raises(BundleError, match=f"holds the release {folder.name}, not 0123456789ab"):
            opened(folder, "0123456789ab")

    def test_a_changed_model(self, folder, tmp_path):
        changed = shutil.copytree(folder, tmp_path / folder.name)
        text = changed / "models" / "default" / "model_0.txt"
        text.write_text(text.read_text().replace("num_leaves=7", "num_leaves=6", 1))
        with pytest.raises(BundleError, match=r"models/default/model_0.txt: has SHA-256"):
            opened(changed, folder.name)


def test_reasons_of_a_model_with_fewer_groups_than_four(model):
    """Three groups: the fourth place stays empty."""
    some = rows_of(model, 40)
    found = ReasonCodes(model.spec).of(some, model.contributions(some))
    assert found.codes.shape == found.log_odds.shape == (40, 4)
    assert all(code is None for code in found.codes[:, 3])
    for row, codes in zip(some, found.codes, strict=True):
        alone = [reason.code for reason in reasons(model, row, model.contributions(row[None])[0])]
        assert [code for code in codes if code] == alone


def test_reasons_of_a_model_that_was_not_held_to_its_directions(bundle, people):
    """One that follows a third of them, sees the contrary in a third and is not clear about the rest."""
    model = bundle.models["default"]
    sides = {name: side * (1, -1)[place % 3] for place, (name, side) in enumerate(_declared(model)) if place % 3 < 2}
    free = replace(model, spec=model.spec.model_copy(update={"held": False, "tendency": sides}))
    contributions = free.contributions(people)
    found = ReasonCodes(free.spec).of(people, contributions).codes
    alone = [
        [reason.code for reason in reasons(free, row, added)] for row, added in zip(people, contributions, strict=True)
    ]
    assert [[code for code in codes if code] for codes in found] == alone
    assert found.tolist() != ReasonCodes(model.spec).of(people, contributions).codes.tolist()


def _declared(model):
    return [pair for pair in zip(model.spec.feature_names, model.spec.monotone, strict=True) if pair[1]]


def rows_of(model, n):
    random = np.random.default_rng(2)
    people = random.gamma(1.0, 3.0, size=(n, len(model.spec.feature_names)))
    people[random.random(people.shape) < 0.2] = np.nan
    return people


def test_scoring_without_spark_does_not_import_it():
    code = "import sys, scoring.batch, scoring.spark_batch, cli.score_book; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
