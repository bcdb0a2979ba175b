"""A champion of other feature definitions: told clearly, stood in for by its own recipe trained again, and recorded."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from data.book import book_of
from training.lifecycle.compare import compare
from training.lifecycle.gates import STANDS_IN, Beside
from training.lifecycle.promote import PromotionRefusedError, promote
from training.lifecycle.rebuilt import Period
from training.lifecycle.register import register
from training.lifecycle.registry import CHAMPION, open_registry
from training.lifecycle.same_features import FeaturesChangedError
from training.lifecycle.stand_in import NoStandInError, NotScorableError, require_stand_in
from training.lifecycle.stored import Stored, stored
from training.lifecycle.versions import alias_of

NAME = "late-payment"
AT = datetime(2024, 7, 31, 10, 0, tzinfo=UTC)
OLD, NEW = {"toy": "0123456789abcdef"}, {"toy": "fedcba9876543210"}
GOOD = {
    "compared_cases": 900.0,
    "auc_gain_low": 0.0,
    "brier_gain_low": 0.0,
    "limit_moved_share": 0.0,
    "outcome_changed_share": 0.0,
}


def with_spec(fitted, **changes):
    return replace(fitted, spec=fitted.spec.model_copy(update=changes), training={"recipe": {"trees": 12}})


@pytest.fixture(scope="module")
def home_of_four(home, fitted):
    """1: the champion, of the old definitions. 2: its recipe trained again. 3: a new model. 4: another recipe."""
    now = {"feature_set_hash": NEW["toy"], "feature_set_version": 2}
    again = with_spec(fitted, **now)
    made = [with_spec(fitted), again, replace(again, data_version="b" * 12), replace(again, training={"recipe": {}})]
    assert [register(model, home).version for model in made] == [1, 2, 3, 4]
    promoted(home, 1, feature_hashes=OLD)
    return home


def promoted(home, version, minutes=0, **changes):
    how = {"by": "A. Person", "reason": "a test", "at": AT + timedelta(minutes=minutes), "policy": {"description": "x"}}
    return promote(home, [NAME], versions={NAME: version}, **{**how, "feature_hashes": NEW, **changes})


def compared_with(seen):
    """Notes whom a version is compared with, and finds the two alike."""

    def weigh(champion, candidate):
        seen.append((champion.version, candidate.version))
        return Beside(champion.version, GOOD, {"comparison": "alike"})

    return weigh


def test_a_comparison_with_it_says_what_to_do(home_of_four):
    client = open_registry(home_of_four)
    old, new = stored(client, NAME, 1), stored(client, NAME, 3)
    period = Period(date(2024, 5, 1), date(2024, 6, 30))
    with pytest.raises(NotScorableError) as refusal:
        compare(book_of({}), old, new, period, date(2024, 7, 31), feature_hashes=NEW)
    said = str(refusal.value)
    assert isinstance(refusal.value, FeaturesChangedError)
    assert "version 1 was trained on toy version 1 (0123456789abcdef), which this code defines as fedcba" in said
    assert "o2c-risk train late-payment --as-of 2024-04-30." in said
    assert "promote late-payment --stand-in late-payment=V" in said


def test_its_recipe_trained_again_stands_in_for_it_and_the_record_says_so(home_of_four):
    with pytest.raises(PromotionRefusedError, match="nobody compared them"):
        promoted(home_of_four, 3, 1)
    seen = []
    done = promoted(home_of_four, 3, 2, weigh=compared_with(seen), stand_ins={NAME: 2})
    assert seen == [(2, 3)]
    record = json.loads(done.record.read_text())
    assert record["beside"][NAME] == {"champion": 1, "stand_in": 2, "comparison": "alike"}
    client = open_registry(home_of_four)
    assert alias_of(client, NAME, CHAMPION) == 3
    client.set_registered_model_alias(NAME, CHAMPION, "1")


def test_that_version_itself_may_take_its_place(home_of_four):
    done = promoted(home_of_four, 2, 3, stand_ins={NAME: 2})
    assert {result.note for result in done.results if result.value is None} == {STANDS_IN}
    assert json.loads(done.record.read_text())["beside"][NAME] == {"champion": 1, "stand_in": 2}
    open_registry(home_of_four).set_registered_model_alias(NAME, CHAMPION, "1")


def test_another_recipe_does_not_stand_in(home_of_four):
    with pytest.raises(NoStandInError, match=r"version 4 cannot .* version 1: its recipe is \{\}"):
        promoted(home_of_four, 3, 4, weigh=compared_with([]), stand_ins={NAME: 4})


@pytest.mark.parametrize(
    ("hashes", "changes", "why"),
    [
        pytest.param(OLD, {}, "this code can score that one itself", id="not needed"),
        pytest.param({"toy": "another"}, {}, "cannot score it either", id="of other definitions too"),
        pytest.param(NEW, {"known_at": date(2024, 5, 31)}, "its knowledge is 2024-05-31", id="it knew more"),
        pytest.param(NEW, {"label": {"kind": "late", "grace_days": 15}}, "its label is", id="another label"),
    ],
)
def test_what_does_not_stand_in(fitted, hashes, changes, why):
    champion = Stored(with_spec(fitted), 1, "run", {})
    candidate = Stored(with_spec(fitted, feature_set_hash=NEW["toy"], **changes), 2, "run", {})
    with pytest.raises(NoStandInError, match=why):
        require_stand_in(champion, candidate, hashes)


def test_without_a_champion_nothing_stands_in(fitted):
    with pytest.raises(NoStandInError, match="there is none"):
        require_stand_in(None, Stored(with_spec(fitted), 2, "run", {}), OLD)
