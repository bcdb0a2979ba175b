"""Reasons name what really raised the score, in words from the controlled list."""

import math
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from features.catalogue import GROUPS
from features.feature_sets import DEFAULT, DISTRESS, FEATURES, LATE
from scoring.calibration import Calibrator
from scoring.canary import sing
from scoring.learner import Learner
from scoring.manifest import BundleError
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.quantity import Quantity
from scoring.reason_texts import GROUP_SENTENCES, sentences
from scoring.reasons import LEAST, reasons, side_of_risk

# What a model reads may become a reason; what only the store keeps speaks, if ever, for its group.
SPOKEN = sorted({*LATE.names, *DEFAULT.names, *DISTRESS.names})

# Overdue items, oldest overdue days, share late, tenure: NaN where not known.
BAD_PAYER = np.array([3.0, 41.0, 0.6, 2500.0])


class Spec:
    """A model whose contributions a test states itself."""

    def __init__(self, base: ModelSpec, **features: tuple[str, float]) -> None:
        self.spec = base.model_copy(
            update={
                "feature_names": tuple(features),
                "monotone": (0,) * len(features),
                "groups": {name: group for name, (group, _) in features.items()},
                "baseline": {name: mean for name, (_, mean) in features.items()},
            }
        )


def one(model, row, contributions, **kwargs):
    return reasons(model, np.array(row, dtype=float), np.array(contributions, dtype=float), **kwargs)


class TestWorkedExample:
    """Two groups, sums written out."""

    @pytest.fixture
    def fake(self, model):
        return Spec(
            model.spec,
            overdue_count=("open_items", 0.1),
            oldest_overdue_days=("open_items", -0.2),
            tenure_days=("tenure", 0.05),
        )

    def test_groups_are_summed_against_their_mean(self, fake):
        # open items: (0.4 - 0.1) + (0.2 - -0.2) = 0.7; tenure: 0.01 - 0.05 = -0.04, not adverse
        found = one(fake, [3, 41, 900], [0.4, 0.2, 0.01, -3.0])
        assert [(r.group, round(r.contribution, 9)) for r in found] == [("open_items", 0.7)]
        assert found[0].feature == "oldest_overdue_days"
        assert found[0].value == 41
        assert found[0].code == "R-OPEN-01"
        assert found[0].sentence == "3 items are overdue, the oldest by 41 days."

    def test_what_lowers_the_score_is_no_reason(self, fake):
        assert one(fake, [3, 41, 900], [-0.4, -0.2, -0.3, 3.0]) == []

    def test_less_than_usual_is_no_reason_even_when_positive(self, fake):
        assert one(fake, [3, 41, 900], [0.05, -0.2, 0.04, 0.0]) == []

    def test_the_expected_value_is_no_reason(self, fake):
        assert one(fake, [3, 41, 900], [0.1, -0.2, 0.05, 99.0]) == []

    @pytest.mark.parametrize(("excess", "count"), [(LEAST + 1e-6, 1), (LEAST - 1e-6, 0)], ids=["over", "under"])
    def test_next_to_nothing_is_no_reason(self, fake, excess, count):
        assert len(one(fake, [3, 41, 900], [0.1, -0.2, 0.05 + excess, 0.0])) == count

    def test_a_value_that_is_not_known_is_said_to_be(self, fake):
        found = one(fake, [3, 41, np.nan], [0.1, -0.2, 0.5, 0.0])[0]
        assert found.value is None
        assert found.code == "R-TEN-01-MISSING"
        assert found.sentence == "No earlier invoice is known."

    def test_a_companion_that_is_not_known_is_left_out(self, fake):
        found = one(fake, [3, np.nan, 900], [0.9, 0.0, 0.05, 0.0])[0]
        assert found.sentence == "3 items are overdue."

    def test_shapes_other_than_the_models_are_refused(self, fake):
        with pytest.raises(ValueError, match=r"reasons need shapes \(3,\) and \(4,\), got \(3,\) and \(3,\)"):
            one(fake, [3, 41, 900], [0.1, 0.2, 0.3])


class TestOrder:
    FEATURES = (
        ("amount", "order_size"),
        ("open_count", "open_items"),
        ("tenure_days", "tenure"),
        ("terms_days", "terms"),
        ("employees", "financials"),
        ("order_count_90d", "activity"),
    )

    def found(self, model, sizes, order=slice(None)):
        features = self.FEATURES[order]
        fake = Spec(model.spec, **{name: (group, 0.0) for name, group in features})
        return one(fake, [1.0] * len(features), [sizes[name] for name, _ in features] + [0.0])

    def test_at_most_four_and_the_weightiest_first(self, model):
        sizes = {"amount": 0.3, "open_count": 0.6, "tenure_days": 0.1, "terms_days": 0.5, "employees": 0.2}
        found = self.found(model, {**sizes, "order_count_90d": 0.4})
        assert [r.group for r in found] == ["open_items", "terms", "activity", "order_size"]

    @pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["as is", "reversed"])
    def test_equals_go_by_group_name_whatever_the_column_order(self, model, order):
        noise = {name: 0.3 + i * 1e-12 for i, (name, _) in enumerate(self.FEATURES)}
        found = self.found(model, noise, order)
        assert [r.group for r in found] == ["activity", "financials", "open_items", "order_size"]


class TestRealModel:
    def explained(self, model, rows):
        return [reasons(model, row, shap) for row, shap in zip(rows, model.contributions(rows), strict=True)]

    def test_a_bad_payer_is_told_what_is_bad(self, model):
        found = self.explained(model, BAD_PAYER[None])[0]
        assert {r.group for r in found} >= {"open_items", "payment_behaviour"}
        texts = [r.sentence for r in found]
        assert "3 items are overdue, the oldest by 41 days." in texts
        assert "60 % of the invoices settled in the last 365 days were paid 5 or more days late." in texts

    def test_a_good_payer_is_told_nothing_about_open_items(self, model):
        found = self.explained(model, np.array([[0.0, 0.0, 0.02, 2500.0]]))[0]
        assert "open_items" not in {r.group for r in found}

    def test_removing_a_reason_lowers_the_score(self, model, rows):
        """The first reason, put to its value at a customer of no concern, makes the log-odds fall."""
        calm = np.array([0.0, 0.0, 0.02, 2500.0])
        risky = rows[np.argsort(-model.log_odds(rows))[:100]]
        for row, found in zip(risky, self.explained(model, risky), strict=True):
            better = row.copy()
            members = [i for i, n in enumerate(model.spec.feature_names) if model.spec.groups[n] == found[0].group]
            better[members] = calm[members]
            assert model.log_odds(better[None])[0] < model.log_odds(row[None])[0]

    def test_the_order_of_the_batch_makes_no_difference(self, model, rows):
        assert self.explained(model, rows[:50])[::-1] == self.explained(model, rows[:50][::-1])

    def test_with_the_groups_that_are_no_reason_they_account_for_the_score(self, model, rows):
        """Reasons and the other groups lead from the population's mean log-odds to the customer's."""
        for row, shap, found in zip(
            rows[:50], model.contributions(rows[:50]), self.explained(model, rows[:50]), strict=True
        ):
            adverse = {reason.group: reason.contribution for reason in found}
            others = sum(
                contribution - model.spec.baseline[name]
                for name, contribution in zip(model.spec.feature_names, shap[:-1], strict=True)
                if model.spec.groups[name] not in adverse
            )
            expected = model.log_odds(row[None])[0]
            assert model.spec.baseline_log_odds + sum(adverse.values()) + others == pytest.approx(expected, abs=1e-9)

    def test_the_calibrator_changes_no_reason(self, model):
        plain = ReleasedModel(model.spec, model.learner, Calibrator("identity"))
        assert self.explained(plain, BAD_PAYER[None]) == self.explained(model, BAD_PAYER[None])


class TestControlledList:
    def test_every_feature_of_a_model_has_a_sentence_and_every_group_a_general_one(self):
        assert sorted(set(SPOKEN) - sentences().keys()) == []
        assert set(GROUP_SENTENCES) == set(GROUPS)

    def test_a_sentence_for_a_feature_that_is_gone_is_gone(self):
        stems = {name.removesuffix(f"_{name.rsplit('_', 1)[-1]}") for name in FEATURES}
        assert [name for name in sentences() if name not in FEATURES and name.rsplit("_", 1)[0] not in stems] == []

    def test_a_code_means_one_thing(self):
        """Within a group, features of one number differ in their window alone, or share their fullest sentence."""
        meanings: dict[tuple[str, str], set[str]] = {}
        for name in SPOKEN:
            feature, sentence = FEATURES[name], sentences()[name]
            text = sentence.known[0]
            for window in ("30", "90", "180", "365"):
                text = text.replace(f"_{window}d", "").replace(f"in the last {window} days", "so far")
            meanings.setdefault((feature.group, sentence.number), set()).add(text.replace("_ever", ""))
        assert {code: texts for code, texts in meanings.items() if len(texts) > 1} == {}

    @pytest.mark.parametrize("name", SPOKEN)
    def test_a_missing_value_is_said_to_be_not_known_without_a_number(self, name):
        unknown = sentences()[name].unknown
        assert "known" in unknown
        assert "{" not in unknown

    @pytest.mark.parametrize("name", SPOKEN)
    @pytest.mark.parametrize("value", [0.0, 1.0, 2.5, 41.0])
    def test_every_sentence_can_be_filled(self, model, name, value):
        fake = Spec(model.spec, **{name: (FEATURES[name].group, 0.0)})
        sentence = one(fake, [value], [1.0, 0.0], currency="EUR")[0].sentence
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "  " not in sentence

    def test_a_feature_without_a_sentence_speaks_for_its_group(self, model):
        found = one(Spec(model.spec, unheard_of=("open_items", 0.0)), [5.0], [1.0, 0.0])[0]
        assert (found.code, found.sentence) == ("R-OPEN-00", "The open items weigh against the customer.")


@pytest.mark.parametrize(
    ("value", "wanted", "text"),
    [
        (0, "count item is|items are", "no items are"),
        (1, "count item is|items are", "1 item is"),
        (3, "count item is|items are", "3 items are"),
        (1, "days", "1 day"),
        (0, "days", "0 days"),
        (3.46, "days", "3.5 days"),
        (-3, "late", "3 days before the due date"),
        (0, "late", "on the due date"),
        (0.01, "late", "on the due date"),
        (12, "late", "12 days after the due date"),
        (2.5, "later", "later by 2.5 days"),
        (-1, "later", "earlier by 1 day"),
        (5, "longer", "5 days longer than"),
        (0, "longer", "as long as"),
        (48000.4, "money", "48,000 EUR"),
        (-12.5, "money", "-12 EUR"),
        (0.354, "share", "35.4 %"),
        (1, "share", "100 %"),
        (4.99, "percent", "4.99 %"),
        (2.04, "times", "2 times"),
        (0.25, "times", "0.25 times"),
        (0.2, "more", "20 % higher"),
        (-0.2, "more", "20 % lower"),
        (0, "more", "unchanged"),
        (10, "number", "10"),
        (4, "weekday", "Friday"),
        (2, "size", "medium-sized"),
    ],
)
def test_a_value_in_words(value, wanted, text):
    assert format(Quantity(value, "EUR"), wanted) == text


def test_money_without_a_currency_is_a_bare_number():
    assert f"{Quantity(48000):money}" == "48,000"


@given(st.lists(st.floats(-2, 2), min_size=5, max_size=5), st.lists(st.booleans(), min_size=4, max_size=4))
def test_reasons_are_adverse_few_and_ranked(model, contributions, gone):
    row = np.where(gone, np.nan, BAD_PAYER)
    found = one(model, row, contributions)
    ranks = [-round(r.contribution, 6) for r in found]
    assert len(found) <= 4
    assert len({r.group for r in found}) == len(found)
    assert ranks == sorted(ranks)
    assert all(r.contribution > LEAST for r in found)


class TestAdverseByItself:
    """Within a group the fact that is cited is on the side of risk of what is usual, if any is."""

    def fake(self, model, *, typical, tendency=None, monotone=(1, 1, 0)):
        made = Spec(
            model.spec,
            days_late_mean_365d=("payment_behaviour", 0.0),
            late5_share_365d=("payment_behaviour", 0.0),
            on_due_day_share_365d=("payment_behaviour", 0.0),
        )
        update = {"typical": typical, "tendency": tendency or {}, "monotone": monotone}
        made.spec = made.spec.model_copy(update=update)
        return made

    TYPICAL = MappingProxyType({"days_late_mean_365d": -1.0, "late5_share_365d": 0.05, "on_due_day_share_365d": 0.8})

    @pytest.mark.parametrize(
        ("row", "cited"),
        [
            pytest.param([4.0, 0.2, 0.9], "days_late_mean_365d", id="the weightiest is adverse"),
            pytest.param([0.0, 0.2, 0.9], "late5_share_365d", id="paid on the due date is no lateness"),
            pytest.param([-2.0, 0.2, 0.9], "late5_share_365d", id="earlier than usual is not adverse"),
            pytest.param([0.0, 0.05, 0.5], "on_due_day_share_365d", id="as usual is not adverse; another side unknown"),
            pytest.param([4.0, np.nan, np.nan], "days_late_mean_365d", id="what is known before what is missing"),
            pytest.param([0.0, np.nan, 0.9], "late5_share_365d", id="a missing fact before a harmless one"),
        ],
    )
    def test_which_fact_is_cited(self, model, row, cited):
        found = one(self.fake(model, typical=self.TYPICAL), row, [0.5, 0.3, 0.2, 0.0])
        assert [reason.feature for reason in found] == [cited]
        assert found[0].contribution == pytest.approx(1.0)

    def test_a_fact_that_hardly_weighs_is_not_cited_for_the_group(self, model):
        found = one(self.fake(model, typical=self.TYPICAL), [0.0, 0.2, 0.9], [0.5, LEAST / 2, 0.0, 0.0])
        assert found[0].code == "R-PAY-00"

    def test_the_side_that_the_model_sees_counts_where_none_is_declared(self, model):
        """Many invoices paid on the very due date are no reason where the model sees them on the good side."""
        made = self.fake(model, typical=self.TYPICAL, tendency={"on_due_day_share_365d": -1})
        assert one(made, [0.0, 0.0, 0.95], [0.1, 0.1, 0.5, 0.0])[0].sentence == GROUP_SENTENCES["payment_behaviour"][1]
        assert one(made, [0.0, 0.0, 0.3], [0.1, 0.1, 0.5, 0.0])[0].feature == "on_due_day_share_365d"

    def test_when_no_fact_is_adverse_by_itself_the_group_speaks(self, model):
        made = self.fake(model, typical=self.TYPICAL, monotone=(1, 1, 1))
        found = one(made, [0.0, 0.01, 0.2], [0.5, 0.3, 0.2, 0.0])[0]
        assert (found.code, found.feature) == ("R-PAY-00", "days_late_mean_365d")

    def test_a_spec_without_medians_cites_the_weightiest_that_could_be_adverse(self, model):
        found = one(self.fake(model, typical={}), [0.0, 0.01, 0.2], [0.5, 0.3, 0.2, 0.0])
        assert found[0].feature == "late5_share_365d"

    @pytest.mark.parametrize(
        ("tendency", "cited"),
        [
            pytest.param({"days_late_mean_365d": 1, "late5_share_365d": 1}, "R-PAY-01", id="it follows by itself"),
            pytest.param({"days_late_mean_365d": -1, "late5_share_365d": 1}, "R-PAY-02", id="it sees the contrary"),
            pytest.param({"late5_share_365d": 1}, "R-PAY-02", id="it is not clear about it"),
            pytest.param({}, "R-PAY-00", id="about nothing: the group speaks"),
        ],
    )
    def test_a_model_that_was_not_held_cites_only_sides_that_it_follows(self, model, tendency, cited):
        row, shap = [4.0, 0.2, 0.9], [0.5, 0.3, LEAST / 2, 0.0]
        made = self.fake(model, typical=self.TYPICAL, tendency=tendency)
        numbers = {"R-PAY-01": "days_late_mean_365d", "R-PAY-02": "late5_share_365d"}
        assert one(made, row, shap)[0].feature == "days_late_mean_365d", "held to them, it cites the weightiest"
        made.spec = made.spec.model_copy(update={"held": False})
        found = one(made, row, shap)[0]
        assert found.code == "R-PAY-00" if cited == "R-PAY-00" else found.feature == numbers[cited]

    def test_nothing_overdue_is_no_reason_of_a_model_that_was_not_held_either(self, model):
        made = self.fake(model, typical=self.TYPICAL, tendency={"late5_share_365d": -1})
        made.spec = made.spec.model_copy(update={"held": False})
        assert side_of_risk(made.spec, "late5_share_365d", 0.0) == -1
        assert side_of_risk(made.spec, "late5_share_365d", 0.9) == -1
        assert side_of_risk(made.spec, "late5_share_365d", math.nan) == 0

    def test_on_real_trees_no_harmless_fact_is_cited(self, model, rows):
        medians = dict(zip(model.spec.feature_names, np.nanmedian(rows, axis=0).tolist(), strict=True))
        told = replace(model, spec=model.spec.model_copy(update={"typical": medians}))
        found = [
            reason
            for row, shap in zip(rows, told.contributions(rows), strict=True)
            for reason in reasons(told, row, shap)
        ]
        assert len(found) > 500
        harmless = [
            reason
            for reason in found
            if not reason.code.endswith("-00")
            and reason.value is not None
            and (reason.value >= medians["tenure_days"] if reason.feature == "tenure_days" else reason.value <= 0)
        ]
        assert harmless == []


class TestSmallChanges:
    def test_a_change_of_one_percent_leaves_the_groups_as_they_are_for_nearly_everyone(self, model, rows):
        moved = rows * (1 + np.random.default_rng(3).uniform(-0.01, 0.01, rows.shape))
        pairs = zip(rows, model.contributions(rows), moved, model.contributions(moved), strict=True)
        same = [
            {r.group for r in reasons(model, row, shap)} == {r.group for r in reasons(model, other, other_shap)}
            for row, shap, other, other_shap in pairs
        ]
        assert np.mean(same) > 0.95


@dataclass(frozen=True)
class Flipped:
    """A learner that scores like another and explains with the wrong sign."""

    right: Learner

    form = "trees"

    @property
    def feature_names(self):
        return self.right.feature_names

    def log_odds(self, rows, *, threads):
        return self.right.log_odds(rows, threads=threads)

    def contributions(self, rows, *, threads):
        return -self.right.contributions(rows, threads=threads)

    def cuts(self):
        return self.right.cuts()


def weight_goes_with_risk(model, rows):
    """Rank correlation of how much the reasons weigh together and the score."""
    explained = zip(rows, model.contributions(rows), strict=True)
    weight = [sum(reason.contribution for reason in reasons(model, row, shap)) for row, shap in explained]
    return spearmanr(weight, model.log_odds(rows)).statistic


def test_a_sign_flip_in_the_contributions_is_seen(model, rows):
    flipped = replace(model, learner=Flipped(model.learner))
    baseline, log_odds = baseline_of(model.spec.feature_names, flipped.contributions(rows))
    spec = model.spec.model_copy(update={"baseline": baseline, "baseline_log_odds": log_odds})
    assert weight_goes_with_risk(model, rows) > 0.9
    assert weight_goes_with_risk(replace(flipped, spec=spec), rows) < 0
    with pytest.raises(BundleError, match="do not sum to its score"):
        sing(flipped)
