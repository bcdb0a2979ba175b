"""From two trainings to a promotion, its refusals and its undoing: a simulated book, a real registry, real releases."""

import csv
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import SecretStr
from scipy import stats

from cli.app import main
from cli.errors import Exit
from cli.ledger import end_of, take_in, the_book, write_portfolio
from cli.releasing import limit_policy
from cli.weighing import decision_impact, recommendations, released, weigher
from data.settings import Settings
from features.build import as_of_now
from features.feature_sets import LIMIT_INPUTS
from policy.released import ReleasedPolicy
from scoring.grades import load_scale
from scoring.rating import scale_of
from scoring.releases import current
from scoring.signature import new_keys
from serving.default_score import needed
from serving.desk import Desk
from serving.release import Live, Release, Source
from serving.schemas import LimitRequest
from tests.servers import free_port
from training.cases.facts import from_book
from training.default_model import Default, default_cases
from training.default_model import task as default_task
from training.fitting.fit import Recipe, fit
from training.fitting.learn import learn, silent
from training.judging.evaluate import evaluate
from training.late_model import late_cases
from training.late_model import task as late_task
from training.lifecycle.challenger import challenge
from training.lifecycle.compare import compare, opponents, usual_cases
from training.lifecycle.evaluated import evaluate_version
from training.lifecycle.gates import GATES
from training.lifecycle.history import chain, history
from training.lifecycle.monotone import probed
from training.lifecycle.promote import PromotionRefusedError, promote
from training.lifecycle.rebuilt import NothingMaturedError, Period
from training.lifecycle.register import register
from training.lifecycle.registry import open_registry
from training.lifecycle.rollback import NothingBeforeError, rollback
from training.lifecycle.stored import stored
from training.lifecycle.versions import alias_of

LATE = "late-payment"
LEARNT, END = date(2024, 1, 1), date(2024, 12, 31)
LATER = Period(LEARNT, date(2024, 6, 30))
GOOD = Recipe(
    trees=60, learning_rate=0.08, leaves=7, smallest_leaf=20, feature_share=0.5, case_share=0.8, ridge=1.0, seeds=(1,)
)
WEAK = replace(GOOD, trees=1, leaves=2)
AT = datetime(2025, 1, 2, 9, 0, tzinfo=UTC)
WHO = {"by": "A. Risk", "reason": "a test"}


@dataclass
class Installation:
    settings: Settings
    book: object
    parts: object
    good: object

    def learnt(self, recipe):
        how = {"as_of": LEARNT, "known_on": END, "threads": 1, "data_version": "a1b2c3d4e5f6", "say": silent}
        return learn(replace(late_task(), recipe=recipe), self.parts, **how)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """200 simulated customers in a lake; version 1 of the late-payment model is weak, version 2 good."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), threads=1)
    extract = settings.home / "extract"
    assert write_portfolio(extract, customers=200, seed=3).end_on == END
    take_in(settings, extract, "contract", received_at=end_of(END))
    book = the_book(settings)
    parts = late_cases(book, from_book(book), LEARNT, (LATER.first, LATER.last), END, grace=5)
    made = Installation(settings, book, parts, None)
    register(made.learnt(WEAK), settings)
    made.good = made.learnt(GOOD)
    register(made.good, settings)
    return made


@pytest.fixture(scope="module")
def client(here):
    return open_registry(here.settings)


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    """The shipped gates that say something of a comparison, a direction or a missing figure; few cases suffice."""
    plain = yaml.safe_load(GATES.read_text())
    kept = {"monotone_violations", "auc_low"}
    plain["gates"] = [gate for gate in plain["gates"] if gate["figure"] in kept or gate.get("against")]
    for gate in plain["gates"]:
        if gate["figure"] == "auc_low":
            gate["at_least"] = 0.4
    path = tmp_path_factory.mktemp("gates") / "gates.yaml"
    path.write_text(yaml.safe_dump(plain))
    return path


@pytest.fixture(scope="module")
def release(here, gates):
    def go(version, minutes=0, settings=None, **changes):
        policy = limit_policy(here.book, END)
        weigh = weigher(here.settings, here.book, policy, END)
        arguments = {**WHO, "at": AT + timedelta(minutes=minutes), "policy": policy, "weigh": weigh, "gates": gates}
        return promote(settings or here.settings, [LATE], versions={LATE: version}, **{**arguments, **changes})

    return go


def run(monkeypatch, here, *arguments):
    monkeypatch.setenv("O2C_RISK_HOME", str(here.settings.home))
    monkeypatch.setenv("O2C_RISK_THREADS", "1")
    monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def told(monkeypatch, capsys, here, *arguments):
    assert run(monkeypatch, here, *arguments, "--json") == Exit.DONE
    return json.loads(capsys.readouterr().out)


def test_rebuilt_cases_are_those_of_the_training(here, client):
    found = evaluate_version(here.book, stored(client, LATE, 2), LATER, END)
    assert found.evaluation == here.good.evaluation
    assert {part.name for part in found.evaluation.segments} >= {"month", "invoice"}
    assert found.warnings == ()
    assert found.rows["case_id"].to_pylist() == here.parts.later.case_ids.tolist()


def test_the_better_challenger_is_better_and_the_worse_one_worse(here, client):
    weak, good = opponents(client, LATE, champion=1, challenger=2)
    period, known_on = usual_cases(weak, good)
    assert (period.first, known_on) == (LEARNT, END)
    better, worse = compare(here.book, weak, good, period, known_on), compare(here.book, good, weak, period, known_on)
    assert better.gains["auc"].low > 0
    assert "better in auc" in better.verdict
    assert worse.difference["auc"].value == pytest.approx(-better.difference["auc"].value)
    assert worse.gains["auc"].high < 0
    same = compare(here.book, good, good, period, known_on)
    assert {(d.value, d.low, d.high) for d in same.difference.values()} == {(0.0, 0.0, 0.0)}
    assert same.verdict.startswith("No difference that chance could not make")


def test_promotions_refusals_and_the_way_back(here, client, release):
    """One story, in the order in which a risk team would live it."""
    settings = here.settings
    first = release(1)
    notes = {result.gate: result.note for result in first.results if result.note}
    assert notes["ranks late invoices as well as the champion"] == "no champion yet"

    challenge(settings, {LATE: 2}, **WHO, at=AT + timedelta(minutes=1))
    assert (alias_of(client, LATE, "champion"), alias_of(client, LATE, "challenger")) == (1, 2)
    assert opponents(client, LATE)[1].version == 2
    assert current(settings.releases) == first.folder, "a challenger changes nothing that is in force"

    second = release(2, 2)
    assert current(settings.releases).name == second.release_id != first.release_id
    assert (alias_of(client, LATE, "champion"), alias_of(client, LATE, "challenger")) == (2, None)
    values = {result.figure: result.value for result in second.results}
    assert values["auc_gain_low"] > 0
    assert values["compared_cases"] > 1_000
    assert values["limit_moved_share"] == 0, "no limit rests on the late-payment model"
    record = json.loads(second.record.read_text())
    assert record["before"] == first.release_id
    assert record["beside"][LATE]["comparison"]["champion"]["version"] == 1

    with pytest.raises(PromotionRefusedError, match="ranks late invoices as well as the champion: auc_gain_low is -"):
        release(1, 3)
    _refuse_the_unfit(here, release)
    assert current(settings.releases) == second.folder
    assert alias_of(client, LATE, "champion") == 2

    back = rollback(settings, **WHO, at=AT + timedelta(minutes=9))
    assert (back.release_id, back.before, back.versions) == (first.release_id, second.release_id, {LATE: 1})
    assert current(settings.releases) == first.folder
    assert alias_of(client, LATE, "champion") == 1
    assert client.get_model_version(LATE, "2").tags["rolled_back_by"] == "A. Risk"
    assert [entry.kind.value for entry in history(settings)] == ["promotion", "challenger", "promotion", "rollback"]
    assert chain(history(settings)) == [first.release_id]
    with pytest.raises(NothingBeforeError, match="no release before the one in force"):
        rollback(settings, **WHO, at=AT + timedelta(minutes=10))
    again = rollback(settings, **WHO, at=AT + timedelta(minutes=11), to=second.release_id)
    assert (again.release_id, alias_of(client, LATE, "champion")) == (second.release_id, 2)


def _refuse_the_unfit(here, release):
    """A missing figure, and trees that were grown without the directions that they are said to have."""
    bare = {name: figure for name, figure in here.good.evaluation.metrics.items() if name != "auc"}
    silent_model = replace(here.good, evaluation=replace(here.good.evaluation, metrics=bare))
    with pytest.raises(PromotionRefusedError, match="ranks late invoices: auc_low is missing"):
        release(register(silent_model, here.settings).version, 4)
    names = here.good.spec.feature_names
    free = fit(here.parts.train, names, (0,) * len(names), GOOD, threads=1)
    with pytest.raises(
        PromotionRefusedError, match=r"direction of risk: monotone_violations is [\d,]+, wanted at most 0"
    ):
        release(register(replace(here.good, model_texts=free), here.settings).version, 5)


def test_against_a_champion_nobody_looked_at_it_fails(here, release):
    if alias_of(open_registry(here.settings), LATE, "champion") is None:
        release(2, 20)
    with pytest.raises(PromotionRefusedError, match=r"auc_gain_low is missing.*\(nobody compared them\)"):
        release(1, 21, weigh=None)


def test_a_dead_registry_does_not_keep_a_service_from_being_mended(here, release, tmp_path):
    """The release goes back at once; the aliases are said to lag behind."""
    settings = here.settings.model_copy(update={"home": tmp_path, "registry": SecretStr(here.settings.registry_uri)})
    one, two = (release(2, 30 + step, settings, keep=False, code_version=f"{step}") for step in (0, 1))
    dead = settings.model_copy(update={"registry": SecretStr(f"http://127.0.0.1:{free_port()}")})
    back = rollback(dead, **WHO, at=AT + timedelta(minutes=40))
    assert (back.release_id, back.before, back.aliases_moved) == (one.release_id, two.release_id, False)
    assert "cannot be reached" in back.trouble
    assert current(settings.releases) == one.folder


def test_where_releases_must_be_signed_an_unsigned_one_never_comes_into_force(here, release, tmp_path):
    private, public = new_keys(tmp_path / "keys")
    asks = here.settings.model_copy(
        update={"home": tmp_path, "registry": SecretStr(here.settings.registry_uri), "verify_key": public}
    )
    with pytest.raises(Exception, match=r"manifest\.sig: is missing"):
        release(2, 50, asks)
    assert history(asks) == []
    signs = asks.model_copy(update={"signing_key": private})
    signed = release(2, 51, signs)
    assert current(asks.releases) == signed.folder


def test_models_lists_versions_with_figures_aliases_and_history(monkeypatch, capsys, here, client):
    client.set_registered_model_alias(LATE, "champion", "2")
    found = {entry["version"]: entry for entry in told(monkeypatch, capsys, here, "models", LATE)}
    assert "champion" in found[2]["aliases"]
    assert found[2]["figures"]["auc"]["value"] == pytest.approx(here.good.evaluation.metrics["auc"].value)
    assert found[2]["origin"]["data_version"] == "a1b2c3d4e5f6"
    assert run(monkeypatch, here, "models") == Exit.DONE
    assert "late-payment v2" in capsys.readouterr().out
    assert run(monkeypatch, here, "models", "churn") == Exit.REFUSED
    assert "holds no model churn" in capsys.readouterr().err


def test_compare_on_the_command_line_draws_and_states_intervals(monkeypatch, capsys, here, tmp_path):
    plot = tmp_path / "compare.png"
    arguments = ("compare", LATE, "--champion", 1, "--challenger", 2, "--plot", plot)
    found = told(monkeypatch, capsys, here, *arguments)
    assert found["difference"]["auc"]["low"] > 0
    assert found["champion"]["n"] == found["challenger"]["n"]
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert run(monkeypatch, here, *arguments) == Exit.DONE
    assert "better in auc" in capsys.readouterr().out


def test_evaluate_writes_one_scored_row_per_case(monkeypatch, capsys, here, tmp_path):
    period = ("--from", "2024-02-01", "--to", "2024-03-31", "--known-on", "2024-12-31")
    found = told(monkeypatch, capsys, here, "evaluate", LATE, "--version", 2, *period, "--out", tmp_path)
    rows = pq.read_table(found["rows"]).to_pydict()
    days = here.parts.later.at.astype("datetime64[D]")
    wanted = here.parts.later.take((days >= np.datetime64("2024-02-01")) & (days <= np.datetime64("2024-03-31")))
    assert rows["case_id"] == wanted.case_ids.tolist()
    assert rows["bad"] == wanted.bad.tolist()
    assert set(rows["version"]) == {2}
    assert len(rows["case_id"]) == found["evaluation"]["n"]
    assert 0 < min(rows["raw_probability"]) < max(rows["probability"]) < 1
    assert found["warnings"] == []
    assert json.loads((tmp_path / found["figures"].split("/")[-1]).read_text())["evaluation"] == found["evaluation"]
    as_csv = told(monkeypatch, capsys, here, "evaluate", LATE, "--version", 2, *period, "--out", tmp_path, "--csv")
    with open(as_csv["rows"], encoding="utf-8") as file:
        assert [row["case_id"] for row in csv.DictReader(file)] == rows["case_id"]


def test_evaluate_judges_the_grades_by_the_cases_of_its_own_period(monkeypatch, capsys, here, default_models, tmp_path):
    model = default_models[1]
    trained = model.fitted.training["grades"]
    on_the_card = evaluate_version(here.book, model, LATER, END)
    assert on_the_card.grades.as_dict() == trained, "the same cases, counted the same way"
    asked = ("evaluate", "default", "--version", model.version, "--from", "2023-09-01", "--to", "2024-05-31")
    asked = (*asked, "--known-on", END, "--out", tmp_path)
    found = told(monkeypatch, capsys, here, *asked)
    grades = found["grades"]
    assert grades != trained
    assert json.loads((tmp_path / found["figures"].split("/")[-1]).read_text())["grades"] == grades
    _grades_by_hand(pq.read_table(found["rows"]).to_pandas(), grades)
    assert run(monkeypatch, here, *asked) == Exit.DONE
    shown = capsys.readouterr().out
    worst = [grade for grade in grades["grades"] if grade["n"]][-1]
    (line,) = [line for line in shown.splitlines() if line.startswith(f"│{worst['grade']} ")]
    assert f"{100 * worst['stated']:.2f} %" in line
    assert f"{100 * worst['rate']:.2f} %" in line
    assert f"{worst['p_adjusted']:.4f}" in line
    assert ("no grade states too little" in shown) == grades["passed"]


def _grades_by_hand(rows, verdict):
    """Six rows of a bad customer are one default: every count is divided by the bad rows to a bad customer."""
    bad = rows[rows["bad"]]
    weight = bad["customer_id"].nunique() / len(bad)
    assert weight < 1
    assert sum(grade["n"] for grade in verdict["grades"]) == pytest.approx(weight * len(rows))
    starts = [row.low for row in scale_of("pd_180d", load_scale()).grades]
    place = np.searchsorted(starts, rows["probability"], side="right") - 1
    for number, grade in enumerate(verdict["grades"]):
        own = rows[place == number]
        assert (grade["n"], grade["bad"]) == pytest.approx((weight * len(own), weight * own["bad"].sum()))
        if len(own):
            assert grade["stated"] == pytest.approx(own["probability"].mean())
            a, b = grade["bad"] + 0.5, grade["n"] - grade["bad"] + 0.5
            assert grade["p_value"] == pytest.approx(stats.beta.cdf(grade["stated"], a, b))
    assert verdict["passed"] == (min(grade["p_adjusted"] or 1 for grade in verdict["grades"]) > 0.05)


def test_a_model_that_states_lateness_has_no_grades(monkeypatch, capsys, here, tmp_path):
    asked = ("evaluate", LATE, "--version", 2, "--from", "2024-02-01", "--to", "2024-03-31", "--known-on", END)
    assert told(monkeypatch, capsys, here, *asked, "--out", tmp_path)["grades"] is None
    assert run(monkeypatch, here, *asked, "--out", tmp_path) == Exit.DONE
    assert "Grades" not in capsys.readouterr().out


def test_a_period_of_the_training_is_judged_under_a_warning(monkeypatch, capsys, here):
    period = ("--from", "2023-06-01", "--to", "2023-07-31", "--known-on", "2024-12-31")
    assert run(monkeypatch, here, "evaluate", LATE, "--version", 2, *period) == Exit.DONE
    assert "WARNING IN SAMPLE: late-payment version 2 was trained on cases up to" in capsys.readouterr().out


def test_knowledge_decides_what_had_matured(here, client):
    model = stored(client, LATE, 2)
    june = Period(date(2024, 6, 1), date(2024, 6, 30))
    early, late = (evaluate_version(here.book, model, june, day).evaluation.n for day in (date(2024, 7, 15), END))
    assert 0 < early < late
    with pytest.raises(NothingMaturedError, match=r"of 2024-06-01\.\.2024-06-30; none of them had matured"):
        evaluate_version(here.book, model, june, date(2024, 6, 3))


def test_a_period_that_ends_before_it_begins_is_refused(monkeypatch, capsys, here):
    period = ("--from", "2024-03-01", "--to", "2024-02-01")
    assert run(monkeypatch, here, "evaluate", LATE, "--version", 2, *period) == Exit.REFUSED
    assert "ends before it begins" in capsys.readouterr().err


@pytest.fixture(scope="module")
def default_models(here):
    """Two default models, one of which hardly dares to leave the mean."""
    what = Default(materiality=here.settings.materiality)
    parts = default_cases(here.book, from_book(here.book), what, LEARNT, (LEARNT, date(2024, 6, 30)), END)
    how = {"as_of": LEARNT, "known_on": END, "threads": 1, "data_version": "a1b2c3d4e5f6", "say": silent}
    made = [learn(replace(default_task(what), recipe=recipe), parts, **how) for recipe in (WEAK, GOOD)]
    versions = [register(fitted, here.settings).version for fitted in made]
    return [stored(open_registry(here.settings), "default", version) for version in versions]


def test_the_impact_is_what_the_service_would_answer(here, default_models):
    policy = ReleasedPolicy.from_json(limit_policy(here.book, END))
    found = decision_impact(here.book, policy, *default_models, as_of=END, move=0.0)
    served = [_served(here, policy, model, [c.customer_id for c in found.largest]) for model in default_models]
    assert found.customers > 150
    assert len(found.largest) >= 5
    for change, before, after in zip(found.largest, *served, strict=True):
        assert (change.before, change.after) == (before, after)
    assert 0 < found.figures["limit_moved_share"] <= 1
    assert found.money_raised + found.money_cut > 0
    none = decision_impact(here.book, policy, default_models[1], default_models[1], as_of=END, move=0.0)
    assert none.figures == {"limit_moved_share": 0.0, "outcome_changed_share": 0.0}


def test_limits_follow_the_probability_that_is_asked_about(here, default_models):
    policy, model = ReleasedPolicy.from_json(limit_policy(here.book, END)), released(default_models[1])
    names = [*needed(model), *LIMIT_INPUTS.names, "limit_amount"]
    facts = as_of_now(here.book, END, features=list(dict.fromkeys(names)))
    stated = model.probability(model.matrix({name: facts[name].to_numpy() for name in model.spec.feature_names}))
    plain = [limit.amount for limit in recommendations(facts, model, policy, END)]
    same, doubled = (
        [limit.amount for limit in recommendations(facts, model, policy, END, stated=chance)]
        for chance in (stated, np.minimum(2 * stated, 1))
    )
    assert same == plain
    pairs = [(one, two) for one, two in zip(plain, doubled, strict=True) if one is not None]
    assert len(pairs) > 100
    assert all(two <= one for one, two in pairs)
    assert any(two < one for one, two in pairs)


def _served(here, policy, model, customers):
    """The limits that the service's own desk recommends."""
    rows = {row["customer_id"]: row for row in as_of_now(here.book, END).to_pylist()}

    class Facts:
        def read_online(self, customer_ids, names):
            return [
                SimpleNamespace(
                    customer_id=one,
                    values={name: None if rows[one][name] is None else float(rows[one][name]) for name in names},
                    as_of=END,
                    computed_at=AT,
                )
                for one in customer_ids
            ]

    made = Release("x", {"default": released(model)}, policy, Facts(), {"models": {}}, AT)
    live = Live(Source(pointed=lambda: here.settings.home, opened=lambda _: made))
    live.refresh()
    desk = Desk(live, lambda: END, 7)
    limits = [rows[one]["limit_amount"] for one in customers]
    asked = [
        LimitRequest(customer_id=one, as_of=END, limit_in_force=None if limit is None else str(limit))
        for one, limit in zip(customers, limits, strict=True)
    ]
    amounts = [desk.limit(one)["recommended_limit"] for one in asked]
    return [None if amount is None else Decimal(amount) for amount in amounts]


def test_a_model_that_is_not_named_stays_as_it_is(here, default_models, gates, release):
    before = current(here.settings.releases)
    policy = limit_policy(here.book, END)
    both = promote(
        here.settings, ["default"], **WHO, at=AT + timedelta(hours=2), policy=policy, gates=gates,
        versions={"default": default_models[1].version},
    )  # fmt: skip
    assert both.kept == (LATE,)
    for name in ("model.json", "model_0.txt", "calibrator.json"):
        part = f"models/{LATE}/{name}"
        assert (both.folder / part).read_bytes() == (before / part).read_bytes()


def _refusal(monkeypatch, capsys, here, version):
    arguments = ("--by", "A. Risk", "--reason", "ranks better", "--as-of", END)
    assert run(monkeypatch, here, "promote", LATE, "--version", f"{LATE}={version}", *arguments) == Exit.REFUSED
    return capsys.readouterr().err


def test_a_model_that_breaks_a_direction_is_refused_by_command_with_the_true_figure(monkeypatch, capsys, here):
    """The recipe freed the trees, as its file may; what the catalogue declares is asked all the same."""
    before = history(here.settings)
    free = here.learnt(replace(GOOD, directions=False))
    assert free.spec.monotone == here.good.spec.monotone
    probes = probed(free)
    assert (probes.asked, probes.violations > 0, probed(here.good).broken) == (probed(here.good).asked, True, {})
    registered = register(free, here.settings)
    said = " ".join(_refusal(monkeypatch, capsys, here, registered.version).split())
    name = f"{LATE} v{registered.version}: direction of risk"
    assert f"{name}: monotone_violations is {probes.violations:,}, wanted at most 0. A worse payment fact" in said
    assert f"stated risk. ({probes.violations:,} of {probes.asked:,} probes (" in said
    assert f"broke a declared direction; worst: {next(iter(probes.broken))} " in said
    assert history(here.settings) == before, "nothing was promoted"
    card = registered.card.read_text()
    assert "The model was not held to the declared directions while it was made" in card
    assert probes.told in card


def test_a_model_judged_on_too_few_days_is_refused_by_command_for_what_is_missing(monkeypatch, capsys, here):
    day = here.parts.later.at.astype("datetime64[D]")
    calm = here.parts.later.take((day == day[0]) & ~here.parts.later.bad)
    model = here.good.model()
    short = replace(here.good, evaluation=evaluate(calm, model.probability(model.matrix(calm.columns)), END))
    said = " ".join(_refusal(monkeypatch, capsys, here, register(short, here.settings).version).split())
    cases = f"{len(calm):,} cases of {day[0]}..{day[0]}"
    assert "ranks late invoices: auc_low is missing, wanted at least 0.75. The lower end" in said
    assert f"(all of the {cases} came out good, and it takes both kinds; judge it by a longer period)" in said
    assert f"(no part of the {cases} has 200 cases, with 20 bad and 20 good ones among them" in said


def test_keys_are_made_on_the_command_line(monkeypatch, capsys, here, tmp_path):
    found = told(monkeypatch, capsys, here, "keys", "new", tmp_path / "keys")
    assert found["verify_key"].endswith("verify-key.pem")
    assert run(monkeypatch, here, "keys", "new", tmp_path / "keys") == Exit.REFUSED
    assert "is not overwritten" in capsys.readouterr().err


def test_a_dead_registry_is_told_on_the_command_line(monkeypatch, capsys, here):
    monkeypatch.setenv("O2C_RISK_REGISTRY", f"http://127.0.0.1:{free_port()}")
    assert run(monkeypatch, here, "models") == Exit.REFUSED
    assert "cannot be reached" in capsys.readouterr().err


def test_a_version_that_is_none_is_wrong(monkeypatch, capsys, here):
    arguments = ("promote", LATE, "--version", "late-payment:3", "--by", "A", "--reason", "r")
    assert run(monkeypatch, here, *arguments) == Exit.REFUSED
    assert "late-payment=3" in capsys.readouterr().err
