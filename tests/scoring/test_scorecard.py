"""A scorecard: one sum written out, its laws, and what it refuses; released, it is a model like any other."""

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scoring.bundle import BundleError, load, verify, write_bundle
from scoring.calibration import Calibrator
from scoring.canary import sing
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.model_files import ModelFiles
from scoring.points import PointsScale
from scoring.reasons import reasons
from scoring.scorecard import Characteristic, Scorecard

OVERDUE = Characteristic(
    feature="overdue_count",
    edges=(0.0, 2.0),
    cases=(70, 20, 10, 0),
    bad=(1, 4, 5, 0),
    woe=(1.6, -0.8, -2.1, 0.0),
    coefficient=0.9,
)
TENURE = Characteristic(
    feature="tenure_days", edges=(365.0,), cases=(30, 60, 10), bad=(6, 3, 1), woe=(-0.9, 0.8, 0.1), coefficient=0.5
)
CARD = Scorecard(intercept=-2.0, characteristics=(OVERDUE, TENURE))
NAN = np.nan


def test_the_sum_written_out():
    rows = np.array([[0.0, 400.0], [2.0, 365.0], [2.5, 366.0], [NAN, NAN]])
    by_hand = [
        -2.0 - 0.9 * 1.6 - 0.5 * 0.8,  # nothing overdue, over a year
        -2.0 + 0.9 * 0.8 + 0.5 * 0.9,  # both at an edge: the bin below it
        -2.0 + 0.9 * 2.1 - 0.5 * 0.8,  # above both edges
        -2.0 + 0.9 * 0.0 - 0.5 * 0.1,  # nothing known
    ]
    np.testing.assert_allclose(CARD.log_odds(rows), by_hand, rtol=1e-15)
    np.testing.assert_allclose(CARD.contributions(rows)[1], [0.72, 0.45, -2.0], rtol=1e-15)


def test_a_changed_copy_scores_as_changed():
    row = np.array([[9.0, 100.0]])
    before = CARD.log_odds(row)
    milder = OVERDUE.model_copy(update={"coefficient": 0.1})
    assert CARD.model_copy(update={"characteristics": (milder, TENURE)}).log_odds(row) < before


def test_the_points_of_one_bin_of_each_feature_sum_to_the_score():
    scale = PointsScale()
    table = {(row.feature, row.bin): row for row in CARD.table(scale)}
    chosen = table["overdue_count", "over 0 up to 2"], table["tenure_days", "over 365"]
    score = scale.of_log_odds(CARD.log_odds(np.array([[1.0, 900.0]])))[0]
    assert sum(row.points for row in chosen) == pytest.approx(score, abs=1e-9)
    assert (chosen[0].share, chosen[0].bad_rate, chosen[0].woe) == (0.2, 0.2, -0.8)
    assert table["overdue_count", "not known"].bad_rate is None
    assert len(table) == 4 + 3


finite = st.floats(-5, 5)


@st.composite
def scorecards(draw):
    def characteristic(name):
        edges = tuple(sorted(draw(st.sets(st.floats(-1e6, 1e6), max_size=5))))
        bins = len(edges) + 2
        cases = draw(st.lists(st.integers(0, 99), min_size=bins, max_size=bins))
        return Characteristic(
            feature=name,
            edges=edges,
            cases=tuple(cases),
            bad=tuple(draw(st.integers(0, n)) for n in cases),
            woe=tuple(draw(st.lists(finite, min_size=bins, max_size=bins))),
            coefficient=draw(st.floats(1e-6, 10)),
        )

    names = [f"f{place}" for place in range(draw(st.integers(1, 10)))]
    return Scorecard(intercept=draw(finite), characteristics=tuple(map(characteristic, names)))


def rows_of(card, data, n=6):
    edges = [edge for found in card.characteristics for edge in found.edges]
    value = st.one_of(st.just(NAN), st.floats(-1e7, 1e7), st.sampled_from(edges or [0.0]))
    k = len(card.characteristics)
    return np.array(data.draw(st.lists(value, min_size=n * k, max_size=n * k))).reshape(n, k)


class TestLaws:
    @given(scorecards())
    def test_json_gives_back_the_same_bits(self, card):
        again = Scorecard.from_json(card.to_json())
        assert again == card
        assert again.to_json() == card.to_json()

    @given(scorecards(), st.data())
    def test_a_row_alone_and_in_a_batch_gives_equal_bits(self, card, data):
        rows = rows_of(card, data)
        batch, explained = card.log_odds(rows), card.contributions(rows)
        for i in range(len(rows)):
            assert card.log_odds(rows[i : i + 1])[0] == batch[i]
            np.testing.assert_array_equal(card.contributions(rows[i : i + 1])[0], explained[i])

    @given(scorecards(), st.data())
    def test_contributions_sum_to_the_log_odds(self, card, data):
        rows = rows_of(card, data)
        explained = card.contributions(rows)
        assert explained.shape == (len(rows), len(card.characteristics) + 1)
        assert np.all(explained[:, -1] == card.intercept)
        np.testing.assert_allclose(explained.sum(axis=1), card.log_odds(rows), atol=1e-9)

    @given(scorecards(), st.data())
    def test_every_value_is_in_exactly_the_bin_its_edges_say(self, card, data):
        rows = rows_of(card, data)
        for place, found in enumerate(card.characteristics):
            for value, seen in zip(rows[:, place], found.places(rows[:, place]), strict=True):
                by_hand = len(found.edges) + 1 if np.isnan(value) else sum(value > edge for edge in found.edges)
                assert seen == by_hand


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            pytest.param({"edges": (2.0, 0.0)}, "must rise", id="falling edges"),
            pytest.param({"edges": (0.0, 0.0)}, "must rise", id="equal edges"),
            pytest.param({"edges": (0.0, NAN)}, "finite", id="edge that is no number"),
            pytest.param({"woe": (1.0, 2.0, 3.0)}, "3 bins and one for a missing value", id="no bin for missing"),
            pytest.param({"woe": (1.0, 2.0, 3.0, float("inf"))}, "finite", id="infinite evidence"),
            pytest.param({"coefficient": 0.0}, "greater than 0", id="feature that says nothing"),
            pytest.param({"coefficient": -0.5}, "greater than 0", id="feature turned round"),
            pytest.param({"coefficient": "0.9"}, "valid number", id="number as text"),
            pytest.param({"bad": (71, 4, 5, 0)}, "0 <= bad <= cases", id="more bad than all"),
            pytest.param({"weight": 1.0}, "Extra inputs", id="unknown field"),
        ],
    )
    def test_a_characteristic(self, change, says):
        with pytest.raises(ValidationError, match=says):
            Characteristic(**{**OVERDUE.model_dump(), **change})

    def test_a_feature_twice(self):
        with pytest.raises(ValidationError, match="names each feature once"):
            Scorecard(intercept=0.0, characteristics=(OVERDUE, OVERDUE))

    def test_no_feature(self):
        with pytest.raises(ValidationError, match="at least 1 item"):
            Scorecard(intercept=0.0, characteristics=())

    def test_a_matrix_of_another_width(self):
        with pytest.raises(ValueError, match=r"takes a matrix \(n, 2\), got shape \(1, 3\)"):
            CARD.log_odds(np.zeros((1, 3)))


@pytest.fixture(scope="module")
def files(model_files) -> ModelFiles:
    values = model_files.spec.model_dump() | {
        "form": "scorecard",
        "feature_names": CARD.feature_names,
        "monotone": (1, -1),
        "groups": {"overdue_count": "open_items", "tenure_days": "tenure"},
        "baseline": dict.fromkeys(CARD.feature_names, 0.0),
        "parameters": {},
        "seeds": (),
        "lightgbm_version": "",
    }
    calibrator = Calibrator("platt", {"a": 0.9, "b": 0.1})
    bare = ReleasedModel(ModelSpec(**values), CARD, calibrator)
    rows = np.array([[0.0, 900.0]] * 7 + [[1.0, 100.0]] * 3)
    baseline, log_odds = baseline_of(CARD.feature_names, bare.contributions(rows))
    spec = ModelSpec(**{**values, "baseline": baseline, "baseline_log_odds": log_odds})
    return ModelFiles(spec, (), calibrator, version="4", scorecard=CARD)


@pytest.fixture(scope="module")
def card_sketches(sketches):
    return {"default": {name: sketches["default"][name] for name in CARD.feature_names}}


class TestReleased:
    def test_it_scores_explains_and_gives_reasons(self, files):
        model = files.model()
        rows = model.matrix({"tenure_days": [900, 100], "overdue_count": [0, 3]})
        np.testing.assert_array_equal(model.log_odds(rows), CARD.log_odds(rows))
        found = reasons(model, rows[1], model.contributions(rows)[1])
        assert [reason.group for reason in found] == ["open_items", "tenure"]
        assert found[0].sentence == "3 items are overdue."
        assert reasons(model, rows[0], model.contributions(rows)[0]) == []

    def test_no_rows_give_no_scores(self, files):
        model = files.model()
        assert model.probability(np.empty((0, 2))).shape == (0,)
        assert model.contributions(np.empty((0, 2))).shape == (0, 3)

    def test_a_bundle_holds_it_beside_its_spec(self, files, card_sketches, tmp_path):
        policy, versions = {"round_to": Decimal(1000)}, {"data_version": "d", "code_version": "0"}
        write_bundle(tmp_path / "b", [files], policy, card_sketches, versions)
        assert sorted(path for path in verify(tmp_path / "b").files if path.startswith("models")) == [
            "models/default/calibrator.json", "models/default/model.json", "models/default/scorecard.json",
        ]  # fmt: skip
        bundle = load(tmp_path / "b", feature_hashes={"default": files.spec.feature_set_hash})
        rows = np.array([[1.0, 20.0], [NAN, 5000.0]])
        np.testing.assert_array_equal(bundle.models["default"].probability(rows), files.model().probability(rows))

    def test_a_damaged_scorecard_is_refused(self, files):
        contents = files.contents()
        plain = json.loads(contents["models/default/scorecard.json"])
        plain["characteristics"][0]["coefficient"] = -0.9
        contents["models/default/scorecard.json"] = json.dumps(plain).encode()
        with pytest.raises(BundleError, match=r"^models/default/scorecard\.json: cannot be read"):
            ModelFiles.read("default", files.entry(), contents)

    def test_a_scorecard_that_is_gone_is_refused(self, files):
        contents = files.contents()
        del contents["models/default/scorecard.json"]
        with pytest.raises(BundleError, match=r"^models/default/scorecard\.json: is missing"):
            ModelFiles.read("default", files.entry(), contents)

    def test_a_scorecard_for_other_features_is_refused(self, files):
        with pytest.raises(ValueError, match="the scorecard of model default read other features"):
            replace(files, scorecard=Scorecard(intercept=0.0, characteristics=(TENURE, OVERDUE))).model()

    def test_form_and_files_must_agree(self, files, model_files):
        with pytest.raises(ValueError, match=r"is said to be scorecard but has 0 model text.* no scorecard"):
            replace(files, scorecard=None)
        with pytest.raises(ValueError, match=r"is said to be trees but has 2 model text.* a scorecard"):
            replace(model_files, scorecard=CARD)


class Flipped(Scorecard):
    """A scorecard whose contributions have the wrong sign."""

    def contributions(self, rows, *, threads=1):
        return -super().contributions(rows)

    def log_odds(self, rows, *, threads=1):
        return CARD.log_odds(rows)


def test_a_model_whose_contributions_have_the_wrong_sign_is_never_loaded(files):
    flipped = Flipped(intercept=CARD.intercept, characteristics=CARD.characteristics)
    with pytest.raises(BundleError, match="contributions of model default do not sum to its score"):
        sing(ReleasedModel(files.spec, flipped, files.calibrator))
    assert len(sing(files.model())) == 3
