"""Grade, points, intervals and the next better grade in the service's answers, and what is said where they lack."""

import numpy as np
import pytest

from scoring.calibration import Calibrator
from scoring.grade_records import GradeRecord, GradeRecords
from scoring.grades import load_scale
from scoring.model import ReleasedModel
from scoring.pd_interval import FileBand, PdInterval
from scoring.scorecard import Characteristic, Scorecard
from serving.answers import DefaultScoreAnswer
from serving.rating import BEST, NOTHING_SUFFICES

from .conftest import (
    DEFAULT_FEATURES,
    VALUES,
    YESTERDAY,
    FakeModel,
    FakeStore,
    client_of,
    desk_with,
    late,
    release,
    spec,
)

SCORE, LIMIT, LATE = "/v1/scores/default", "/v1/limits", "/v1/scores/late-payment"
FULL = {"settled_count_365d": 20.0, "tenure_days": 900.0}
LABEL = {"kind": "default", "dpd": 90}


def log_odds(p):
    return float(np.log(p / (1 - p)))


def interval(low, high, thin_low=None, thin_high=None):
    """Around 2 %; wider for thin files where that is said."""
    bands = (
        FileBand(name="thin", settled=0, tenure_days=0, customers=(12.0,),
                 low=(log_odds(thin_low or low),), high=(log_odds(thin_high or high),)),
        FileBand(name="full", settled=12, tenure_days=365, customers=(300.0,),
                 low=(log_odds(low),), high=(log_odds(high),)),
    )  # fmt: skip
    return PdInterval(level=0.9, knots=(log_odds(0.02),), bands=bands)


def records(rate):
    rows = load_scale().rows
    return GradeRecords(confidence=0.9, grades=tuple(
        GradeRecord(grade=row.name, starts=row.starts, customers=50, bad=0, pooled_to=row.name, pooled_customers=50,
                    rate=rate, bound=0.9) for row in rows))  # fmt: skip


def half(**more):
    return FakeModel(spec("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES, label=LABEL, **more), 0.02)


def year(answer, **more):
    label = LABEL | {"horizon_days": 365}
    return FakeModel(spec("default-12m", "pd_12m", "default(90, 365)", DEFAULT_FEATURES, label=label, **more), answer)


def client_with(*models, **values):
    store = FakeStore({"C1": ({**VALUES, **FULL, **values}, YESTERDAY)})
    return client_of(desk_with(release(models={model.spec.name: model for model in models}, facts=store)))


def post(client, path, **body):
    response = client.post(path, json={"customer_id": "C1", **body})
    assert response.status_code == 200, response.text
    if path == SCORE:
        DefaultScoreAnswer.model_validate_json(response.content, strict=False)
    return response.json()


SURE = {"interval": interval(0.01, 0.03, 0.005, 0.1), "grades": records(0.03)}


def test_grade_points_and_intervals_of_the_model_and_of_twelve_months():
    answer = post(client_with(half(**SURE)), SCORE)
    assert (answer["pd_180d"], answer["pd_12m"], answer["grade"]) == (0.02, 0.040139, "9")
    assert answer["points"] == 599.4  # 600 at odds of 50:1; here 49:1
    spans = answer["pd_interval"]
    assert spans["pd_180d"] == {
        "low": pytest.approx(0.01),
        "high": pytest.approx(0.03),
        "level": 0.9,
        "comparable_customers": 300.0,
        "file": "full",
    }
    assert spans["pd_12m"]["low"] == pytest.approx(1 - 0.99 ** (365 / 180))
    assert spans["pd_12m"]["high"] == pytest.approx(1 - 0.97 ** (365 / 180))
    assert not [note for note in answer["notes"] if "how sure" in note]


def test_a_thin_file_has_the_wider_interval_at_the_same_probability():
    made = half(**SURE)
    thick, thin = (post(client_with(made, **file), SCORE) for file in ({}, {"settled_count_365d": 1.0}))
    assert thin["pd_180d"] == thick["pd_180d"]
    assert thin["pd_interval"]["pd_180d"]["file"] == "thin"
    for name in ("pd_180d", "pd_12m"):
        assert thin["pd_interval"][name]["low"] < thick["pd_interval"][name]["low"]
        assert thin["pd_interval"][name]["high"] > thick["pd_interval"][name]["high"]


def test_a_file_of_unknown_thickness_is_thin():
    answer = post(client_with(half(**SURE), tenure_days=None), SCORE)
    assert answer["pd_interval"]["pd_180d"]["file"] == "thin"


def test_the_grade_is_worth_what_its_past_supports():
    # 3 % over 180 days is 5.99 % within twelve months, more than the customer's own 4.01 %.
    assert post(client_with(half(**SURE)), SCORE)["grade_pd"] == pytest.approx(1 - 0.97 ** (365 / 180), abs=1e-6)
    assert post(client_with(half(**SURE | {"grades": records(0.001)})), SCORE)["grade_pd"] == 0.040139


def test_the_limit_rests_on_the_probability_and_not_on_the_grade():
    plain, graded = (post(client_with(model), LIMIT) for model in (half(), half(**SURE)))
    assert plain["recommended_limit"] == graded["recommended_limit"]
    assert plain["expected_loss"] == graded["expected_loss"]
    assert graded["risk"]["grade_pd"] > float(graded["expected_loss"]["pd_12m"]) == graded["risk"]["pd_12m"]


@pytest.mark.parametrize(
    ("stated", "pd_12m", "grade"),
    [pytest.param(0.07, 0.07, "9", id="the model of twelve months"), pytest.param(0.01, 0.02, "8", id="the other")],
)
def test_with_a_model_of_twelve_months_its_interval_stands_beside_pd_12m(stated, pd_12m, grade):
    longer = year(stated, interval=interval(0.004, 0.05), grades=records(0.03))
    answer = post(client_with(half(**SURE), longer), SCORE)
    assert (answer["pd_12m"], answer["grade"]) == (pd_12m, grade)
    span = answer["pd_interval"]["pd_12m"]
    assert span["low"] <= pd_12m <= span["high"]
    assert span["high"] >= answer["pd_interval"]["pd_180d"]["high"]
    assert answer["grade_pd"] == max(0.03, pd_12m)


def test_a_model_from_before_there_were_intervals_says_so():
    answer = post(client_with(half()), SCORE)
    assert (answer["grade"], answer["grade_pd"], answer["pd_interval"]) == ("9", None, None)
    assert any("The model default does not say how sure it is" in note for note in answer["notes"])


def test_a_horizon_that_is_not_converted_has_no_grade():
    other = FakeModel(spec("default", "pd_90d", "default(90, 90)", DEFAULT_FEATURES, label=LABEL, **SURE), 0.02)
    answer = post(client_with(other), SCORE, explain=True)
    assert (answer["grade"], answer["grade_pd"], answer["next_grade"]) == (None, None, None)
    assert set(answer["pd_interval"]) == {"pd_90d"}


def by_overdue_items():
    """A real scorecard: log-odds -3 and what the overdue items add; nothing overdue is log-odds -3.8."""
    base = spec(
        "default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES, label=LABEL, monotone=(1, 0), seeds=(),
        lightgbm_version="", form="scorecard", **SURE,
    )  # fmt: skip
    counts = {"cases": (1,) * 3, "bad": (0,) * 3}
    # Bins up to 0, above it, and of no value; the second feature says nothing.
    overdue = Characteristic(feature="overdue_count", edges=(0.0,), woe=(0.8, -0.5, 0.0), coefficient=1.0, **counts)
    silent = Characteristic(feature="late5_share_365d", edges=(0.1,), woe=(0.0,) * 3, coefficient=1.0, **counts)
    card = Scorecard(intercept=-3.0, characteristics=(overdue, silent))
    return ReleasedModel(base, card, Calibrator("identity"))


class TestNextGrade:
    @pytest.fixture
    def model(self):
        return by_overdue_items()

    def test_it_is_told_when_asked_for(self, model):
        answer = post(client_with(model), SCORE, explain=True)
        found = answer["next_grade"]
        assert [change["sentence"] for change in found["changes"]] == ["Nothing is overdue."]
        assert int(found["grade"]) < int(answer["grade"])
        assert found["pd_12m"] < answer["pd_12m"]
        assert "no promise of a decision" in found["note"]

    @pytest.mark.parametrize("asked", [{}, {"explain": False}])
    def test_it_is_left_out_unless_asked_for(self, model, asked):
        assert "next_grade" not in post(client_with(model), SCORE, **asked)

    def test_where_nothing_suffices_that_is_said(self, model):
        answer = post(client_with(model, overdue_count=0.0), SCORE, explain=True)
        assert answer["next_grade"] == {"grade": None, "pd_12m": None, "changes": [], "note": NOTHING_SUFFICES}

    def test_of_the_best_grade_that_is_said(self):
        calm = half(**SURE)
        calm.answer = 1e-6
        assert post(client_with(calm), SCORE, explain=True)["next_grade"]["note"] == BEST

    @pytest.mark.parametrize("wrong", ["yes", 1, None])
    def test_explain_is_true_or_false(self, model, wrong):
        response = client_with(model).post(SCORE, json={"customer_id": "C1", "explain": wrong})
        assert response.status_code == 422
        assert response.json()["errors"][0]["allowed"] == "true or false"


@pytest.mark.parametrize(("person", "doubted"), [(1.0, True), (0.0, False), (None, False)])
@pytest.mark.parametrize("path", [SCORE, LATE])
def test_a_natural_person_is_for_a_person_wherever_a_model_learnt_from_companies_alone(path, person, doubted):
    label = {"natural_persons": "left out"}
    models = {
        "default": FakeModel(
            spec("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES, label=LABEL | label), 0.02
        ),
        "late-payment": FakeModel(
            spec("late-payment", "late_prob_5d", "late(5)", DEFAULT_FEATURES, label=label | {"kind": "late"}), 0.3
        ),
    }
    store = FakeStore({"C1": ({**VALUES, "is_natural_person": person}, YESTERDAY)})
    client = client_of(desk_with(release(models=models, facts=store)))
    response = client.post(path, json={"customer_id": "C1"} if path == SCORE else late())
    answer = response.json()
    assert response.status_code == 200, response.text
    assert (answer["outcome"] == "REVIEW") == doubted
    assert any("learnt from companies alone" in doubt for doubt in answer["doubts"]) == doubted


def test_a_model_of_twelve_months_that_learnt_from_companies_alone_doubts_too():
    longer = year(0.07)
    longer.spec = longer.spec.model_copy(update={"label": longer.spec.label | {"natural_persons": "left out"}})
    answer = post(client_with(half(), longer, is_natural_person=1.0), SCORE)
    assert (answer["outcome"], len(answer["doubts"])) == ("REVIEW", 1)


def test_the_answer_is_described_field_by_field():
    described = client_with(half(**SURE)).get("/v1/openapi.json").json()
    said = described["paths"][SCORE]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    fields = described["components"]["schemas"][said["$ref"].rpartition("/")[2]]["properties"]
    answer = post(client_with(half(**SURE)), SCORE, explain=True)
    assert set(answer) == set(fields) - {"distress"}, "a release without a model of distress"
    assert described["components"]["schemas"]["DefaultScoreRequest"]["properties"]["explain"]["default"] is False
    refs = [text.split('"')[0] for text in str(described).replace("'", '"').split("#/components/schemas/")[1:]]
    assert set(refs) <= set(described["components"]["schemas"])
