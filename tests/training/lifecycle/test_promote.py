"""Promotion with a real registry: gates, alias, bundle from the registry alone, record; refusal changes nothing."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from scoring.bundle import current, load
from training.judging.evaluation import Interval
from training.lifecycle.promote import FeaturesChangedError, PromotionRefusedError, UnnamedPromotionError, promote
from training.lifecycle.register import register
from training.lifecycle.registry import CHAMPION, UnknownModelError, open_registry

AT = datetime(2024, 7, 31, 10, 0, tzinfo=UTC)
POLICY = {"description": "limits", "values": {"2024-01-01": {"budget": Decimal("0.010")}}}
HASHES = {"toy": "0123456789abcdef"}
BOTH = ("late-payment", "default")


def release(home, names=BOTH, **changes):
    arguments = {"by": "A. Person", "reason": "first release", "at": AT, "policy": POLICY, "feature_hashes": HASHES}
    return promote(home, names, **{**arguments, **changes})


@pytest.fixture(scope="module")
def client(home):
    return open_registry(home)


@pytest.fixture(scope="module")
def promoted(home, client, fitted, default_model):
    register(fitted, home)
    register(default_model, home)
    return release(home)


def test_the_release_is_in_force(home, promoted):
    assert current(home.releases) == promoted.folder
    assert promoted.versions == {"late-payment": 1, "default": 1}


def test_the_bundle_is_the_registered_model(promoted, fitted):
    bundle = load(promoted.folder, feature_hashes=HASHES)
    files = promoted.folder / "models" / "late-payment"
    assert tuple((files / f"model_{place}.txt").read_text() for place in (0, 1)) == fitted.model_texts
    assert bundle.models["late-payment"].spec == fitted.spec
    assert bundle.models["late-payment"].calibrator == fitted.calibrator
    assert set(bundle.sketches["default"]) == {"overdue_count", "tenure_days", "open_amount", "pd_180d"}
    assert bundle.policy["values"]["2024-01-01"]["budget"] == "0.010"
    assert bundle.manifest.data_version == "a1b2c3d4e5f6"


def test_the_alias_and_tags_name_it(client, promoted):
    champion = client.get_model_version_by_alias("late-payment", CHAMPION)
    assert (int(champion.version), champion.tags["promoted_by"]) == (1, "A. Person")
    assert champion.tags["promotion_reason"] == "first release"
    assert champion.tags["release"] == promoted.release_id
    assert json.loads(champion.tags["gates"])["ranks late invoices"] == 0.79


def test_the_record_says_who_why_and_what(promoted):
    record = json.loads(promoted.record.read_text())
    assert promoted.record.name == f"20240731T100000Z-{promoted.release_id}.json"
    assert (record["by"], record["reason"], record["at"]) == ("A. Person", "first release", "2024-07-31T10:00:00+00:00")
    assert record["models"] == {"late-payment": 1, "default": 1}
    assert all(gate["passed"] for gate in record["gates"])
    assert len(record["gates"]) == 38


def test_the_card_carries_the_approval(home, promoted):
    card = (home.reports / "cards" / "late-payment-v1.md").read_text()
    assert f"Promoted by A. Person on 2024-07-31T10:00:00+00:00 in release `{promoted.release_id}`" in card


def test_a_refusal_lists_the_gates_and_changes_nothing(home, client, promoted, fitted, with_figures):
    weak = with_figures(fitted, auc=Interval(0.7, 0.66, 0.74), ks=None, brier=None)
    number = register(weak, home).version
    before = sorted(path.name for path in home.releases.iterdir())
    with pytest.raises(PromotionRefusedError, match="so nothing was promoted") as refusal:
        release(home)
    message = str(refusal.value)
    assert f"late-payment v{number}: ranks late invoices: auc_low is 0.66, wanted at least 0.75." in message
    assert "better than the base rate: brier_skill is missing, wanted at least 0.02." in message
    assert len(refusal.value.results) == 38
    assert sorted(path.name for path in home.releases.iterdir()) == before
    assert int(client.get_model_version_by_alias("late-payment", CHAMPION).version) == 1
    assert current(home.releases) == promoted.folder


def test_an_older_version_can_be_named_and_is_the_same_release_again(home, promoted):
    again = release(home, versions={"late-payment": 1}, at=AT + timedelta(days=1))
    assert (again.versions["late-payment"], again.release_id) == (1, promoted.release_id)
    assert again.record != promoted.record


def test_a_model_of_other_feature_definitions_is_refused(home, promoted):
    wanted = "late-payment was trained on toy version 1 with hash 0123456789abcdef, this code defines it as another"
    with pytest.raises(FeaturesChangedError, match=wanted):
        release(home, versions={"late-payment": 1}, feature_hashes={"toy": "another"})
    with pytest.raises(FeaturesChangedError, match="this code does not define it"):
        release(home, versions={"late-payment": 1}, feature_hashes={})
    assert current(home.releases) == promoted.folder


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        pytest.param({"by": "  "}, "the name of a person", id="nobody"),
        pytest.param({"reason": ""}, "a reason", id="no reason"),
        pytest.param({"by": "", "reason": ""}, "the name of a person and a reason", id="neither"),
        pytest.param({"names": ()}, "at least one model", id="no model"),
        pytest.param({"at": AT.replace(tzinfo=None)}, "a time in UTC", id="no zone"),
        pytest.param({"at": AT.astimezone(timezone(timedelta(hours=2)))}, "a time in UTC", id="another zone"),
    ],
)
def test_a_promotion_needs(home, changes, lacking):
    with pytest.raises(UnnamedPromotionError, match=f"A promotion needs {lacking}:"):
        release(home, **changes)


def test_an_unknown_model_is_named(home, promoted):
    with pytest.raises(UnknownModelError, match="holds no model churn"):
        release(home, ("churn",))
