"""A study of recipes: the same again, the same after an interruption, blind to the future, never mixed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss

from cli.app import main
from cli.errors import Exit
from cli.ledger import end_of, take_in, write_portfolio
from data.lock import LockedError, one_at_a_time
from data.settings import Settings
from features.feature_sets import LATE, FeatureSet
from training.cases.about import PERSON
from training.cases.facts import from_book
from training.cases.persons import PersonsNotToldError
from training.default_model import Default
from training.default_model import task as default_task
from training.fitting.aim import Aim, aim_of
from training.fitting.calibrate import platt
from training.fitting.companies import companies_alone
from training.fitting.fit import Recipe
from training.fitting.learn import folds_of, out_of_fold
from training.fitting.past_judge import NothingToTuneByError, judge_of
from training.fitting.recipe_space import SPACE, point_of, recipe_at
from training.fitting.run import Run
from training.fitting.study import OtherStudyError, UnknownStudyError, tune
from training.fitting.tuned import (
    BadRecipeError,
    RecipeOfAnotherTaskError,
    RecipeOfOtherPersonsError,
    Tuned,
    TunedOnLaterKnowledgeError,
    read_tuned,
    with_tuned,
)
from training.late_model import labelled_late, train_late
from training.late_model import task as late_task
from training.lifecycle.register import tags_of

AS_OF = date(2023, 7, 1)
OWN = Recipe(trees=60, learning_rate=0.1, leaves=4, smallest_leaf=15, feature_share=0.5, case_share=0.8, ridge=1.0)
FEW = FeatureSet("few", 1, LATE.features[:10])
TRIALS = 10
"""More than are drawn at random, so that some proposals follow from the trials before them."""


@pytest.fixture(scope="module")
def task():
    return replace(late_task(), features=FEW, recipe=OWN)


@pytest.fixture(scope="module")
def labelled(small_portfolio):
    return labelled_late(small_portfolio, from_book(small_portfolio), date(2023, 12, 31), grace=5)


@pytest.fixture(scope="module")
def aim(task, labelled):
    return aim_of(task, labelled, AS_OF, 1)


def tuned(aim, folder, trials=TRIALS, **how):
    return tune(aim, folder, trials=trials, threads=1, data_version="a1b2c3d4e5f6", **how)


@pytest.fixture(scope="module")
def found(aim, tmp_path_factory):
    return tuned(aim, tmp_path_factory.mktemp("studies"))


def test_the_recipes_of_the_product_lie_in_the_space():
    for task in (late_task(), default_task(Default()), default_task(Default(60)), default_task(Default(horizon=365))):
        point = point_of(task.recipe)
        assert recipe_at(point, task.recipe) == task.recipe
        assert all(SPACE[name]._contains(SPACE[name].to_internal_repr(value)) for name, value in point.items())


def test_a_study_says_what_it_was_and_is_never_below_the_products_recipe(found, aim):
    assert (found.model, found.target, found.known_on, found.trials) == ("late-payment", "late(5)", AS_OF, TRIALS)
    assert found.how == "walk forward"
    assert found.loss <= found.product_loss
    assert found.loss < found.product_loss, "ten trials find something better here"
    assert found.gain.low <= found.gain.value <= found.gain.high
    assert found.study == aim.study


def test_the_loss_is_the_mean_over_the_folds_of_cases_their_model_had_not_seen(aim):
    past = out_of_fold(aim.task, aim.past, AS_OF, threads=1)
    by_hand = []
    for block in np.unique(past.blocks):
        here = past.blocks == block
        known = (past.blocks < block) & (past.cases.matures_on <= past.cases.at[here].min().astype("datetime64[D]"))
        bend = platt(past.cases.bad[known], past.probability[known], past.cases.customer_ids[known])
        by_hand.append(log_loss(past.cases.bad[here], bend.apply(past.probability[here]), labels=[False, True]))
    losses = judge_of(aim, threads=1).losses(OWN)
    assert [part.mean() for part in losses] == pytest.approx(by_hand)
    raw = log_loss(past.cases.bad[past.blocks == 0], past.probability[past.blocks == 0], labels=[False, True])
    assert losses[0].mean() == pytest.approx(raw), "nothing had matured before the first fold"


def test_every_fold_learns_from_what_had_matured_before_it_is_judged(aim):
    splits, how = folds_of(aim.task, aim.past, AS_OF)
    assert how == "walk forward"
    for parts in splits:
        assert parts.train.matures_on.max() <= parts.later.at.min().astype("datetime64[D]")
        assert parts.later.matures_on.max() <= np.datetime64(AS_OF)


def test_the_same_again_and_after_an_interruption(found, aim, tmp_path):
    """Stopped after three trials, gone on to nine, then to ten: the very recipe of the study left in peace."""
    for trials in (3, 9, TRIALS):
        last = tuned(aim, tmp_path, trials)
    assert last.to_json() == found.to_json()
    seen = []
    assert tuned(aim, tmp_path, 3, advance=seen.append).trials == 3, "of a longer study the first count"
    assert seen == [3], "and none is done again"


def test_another_seed_is_another_study(found, aim, tmp_path):
    other = tuned(replace(aim, seed=2), tmp_path, 3)
    assert other.study != found.study
    assert other.product_loss == found.product_loss


def test_what_comes_out_after_the_day_changes_nothing(clerk, task, tmp_path):
    """Two books that are one up to the day: afterwards in one of them everybody pays, in the other nobody."""
    losses = {}
    for kind, paid in (("everybody", True), ("nobody", False)):
        book = _book(type(clerk)(), paid)
        aim = aim_of(task, labelled_late(book, from_book(book), date(2023, 6, 30), grace=5), date(2023, 4, 1), 1)
        losses[kind] = tuned(aim, tmp_path / kind, 3).to_json()
    assert losses["everybody"] == losses["nobody"]


def _book(clerk, paid_later):
    for number in range(30):
        for month in range(16):
            issued = date(2022 + month // 12, month % 12 + 1, 1 + number % 25)
            due = date.fromordinal(issued.toordinal() + 20)
            late = (number * 7 + month * 3) % 20 < number // 3
            paid = date.fromordinal(due.toordinal() + (12 if late else 0))
            told = paid.isoformat() if paid < date(2023, 4, 1) or paid_later else None
            clerk.invoice(
                f"I{number}-{month}",
                customer=f"C{number:02}",
                issued=issued.isoformat(),
                due=due.isoformat(),
                paid=told,
            )
    return clerk.book()


def test_other_data_are_another_study_and_never_mixed_into_this_one(aim, task, labelled, tmp_path):
    first = tuned(aim, tmp_path, 1)
    flipped = aim.past.bad.copy()
    flipped[0] = not flipped[0]
    others = {
        "cases": Aim(task, replace(aim.past, bad=flipped), AS_OF, 1),
        "feature_set": replace(aim, task=replace(task, features=replace(FEW, version=2))),
        "as_of": replace(aim, as_of=date(2023, 7, 2)),
        "recipe": replace(aim, task=replace(task, recipe=replace(OWN, trees=70))),
    }
    assert len({first.study, *(other.study for other in others.values())}) == 1 + len(others)
    for what, other in others.items():
        with pytest.raises(OtherStudyError, match=rf"{first.study} is not of this: .*{what} was") as refusal:
            tuned(other, tmp_path, 1, study=first.study)
        assert set(refusal.value.differs) == {what}
    with pytest.raises(UnknownStudyError, match=f"no study mine; there are {first.study}"):
        tuned(aim, tmp_path, 1, study="mine")
    assert tuned(aim, tmp_path, 1, study=first.study).to_json() == first.to_json()


@pytest.fixture(scope="module")
def marked(aim):
    """The past, with every fifth customer a natural person."""
    marks = np.array([float(int(customer[1:]) % 5 == 0) for customer in aim.past.customer_ids])
    return replace(aim.past, about={PERSON: marks})


def test_a_study_of_companies_alone_never_looks_at_a_person(task, marked, tmp_path):
    persons = marked.about[PERSON] == 1
    assert 0 < marked.bad[persons].sum() < persons.sum()
    paid = replace(marked, bad=marked.bad & ~persons)
    told = [
        tuned(aim_of(*companies_alone(task, lambda _, cases=cases: cases), AS_OF, 1), tmp_path / name, 3)
        for name, cases in (("as they were", marked), ("as if all persons had paid", paid))
    ]
    assert told[0].to_json() == told[1].to_json()
    assert told[0].natural_persons == "left out"
    everyone = tuned(Aim(task, marked, AS_OF, 1), tmp_path / "everyone", 1)
    assert told[0].product_loss != everyone.product_loss
    assert everyone.natural_persons == "among the cases"


def test_without_persons_is_another_study_even_where_nobody_is_one(aim, tmp_path):
    nobody = replace(aim.past, about={PERSON: np.zeros(len(aim.past))})
    alone = aim_of(*companies_alone(aim.task, lambda _: nobody), AS_OF, 1)
    assert alone.facts["cases"] == aim.facts["cases"]
    assert alone.study != aim.study
    tuned(aim, tmp_path, 1)
    with pytest.raises(OtherStudyError, match="natural_persons was among the cases, is left out"):
        tuned(alone, tmp_path, 1, study=aim.study)
    tuned(alone, tmp_path, 1)
    with pytest.raises(OtherStudyError, match="natural_persons was left out, is among the cases") as refusal:
        tuned(aim, tmp_path, 1, study=alone.study)
    assert set(refusal.value.differs) == {"natural_persons"}


def test_cases_that_do_not_tell_persons_are_refused(aim):
    with pytest.raises(PersonsNotToldError):
        aim_of(*companies_alone(aim.task, lambda _: replace(aim.past, about={})), AS_OF, 1)


def test_a_recipe_of_other_persons_is_refused_both_ways(found, task):
    alone = found.model_copy(update={"natural_persons": "left out"})
    assert with_tuned(task, alone, AS_OF, natural_persons=False).recipe == found.recipe
    with pytest.raises(
        RecipeOfOtherPersonsError,
        match=r"natural persons left out; .* are among the cases: .*tune late-payment --as-of DAY; or train with --wit",
    ):
        with_tuned(task, alone, AS_OF)
    with pytest.raises(
        RecipeOfOtherPersonsError,
        match=r"among the cases; .* left out: .*DAY --without-natural-persons; or train without --without-natural",
    ):
        with_tuned(task, found, AS_OF, natural_persons=False)


def test_a_recipe_from_before_there_was_the_choice_had_persons_among_its_cases(found, tmp_path):
    plain = {name: value for name, value in json.loads(found.to_json()).items() if name != "natural_persons"}
    (tmp_path / "recipe.json").write_text(json.dumps(plain), encoding="utf-8")
    assert read_tuned(tmp_path / "recipe.json") == found


def test_one_process_at_a_time_works_on_a_study(aim, tmp_path):
    lock = tmp_path / f"{aim.study}.lock"
    with one_at_a_time(lock, what="a test", wait_seconds=0), pytest.raises(LockedError, match=f"study {aim.study}"):
        tuned(aim, tmp_path, 1)


def test_a_past_of_one_outcome_is_refused(aim, tmp_path):
    with pytest.raises(NothingToTuneByError, match="0 bad: too few"):
        tuned(replace(aim, past=aim.past.take(~aim.past.bad)), tmp_path, 1)


def test_the_database_holds_numbers_and_text_and_json_alone(aim, tmp_path):
    tuned(aim, tmp_path, 2)
    with closing(sqlite3.connect(tmp_path / "studies.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "trials" in tables
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):
                assert not any(isinstance(cell, bytes) for cell in row), table
        columns = "SELECT value_json FROM study_user_attributes UNION SELECT value_json FROM trial_user_attributes"
        values = [json.loads(text) for (text,) in database.execute(columns)]
    assert len(values) > 5


def test_a_recipe_file_comes_back_equal_and_a_broken_one_says_why(found, tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text(found.to_json(), encoding="utf-8")
    assert read_tuned(file) == found
    plain = json.loads(found.to_json())
    file.write_text(json.dumps({**plain, "recipe": {**plain["recipe"], "directions": False}}), encoding="utf-8")
    assert read_tuned(file).recipe == replace(found.recipe, directions=False)
    for broken, why in (
        ({**plain, "recipe": {**plain["recipe"], "colour": 1}}, "recipe: .*has no colour"),
        ({name: value for name, value in plain.items() if name != "known_on"}, "known_on: Field required"),
        ({**plain, "format": 2}, "format: "),
    ):
        file.write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(BadRecipeError, match=f"holds no recipe: {why}"):
            read_tuned(file)
    with pytest.raises(BadRecipeError, match="No such file"):
        read_tuned(tmp_path / "none.json")


def test_a_recipe_of_later_knowledge_or_of_another_model_is_refused(found, task):
    assert with_tuned(task, found, AS_OF).recipe == found.recipe
    assert with_tuned(task, found, date(2023, 7, 2)).tuned["study"] == found.study
    free = found.model_copy(update={"recipe": replace(found.recipe, directions=False)})
    assert with_tuned(task, free, AS_OF).monotone == task.monotone, "a recipe takes no declared direction away"
    with pytest.raises(TunedOnLaterKnowledgeError, match=r"known on 2023-07-01; .* ends on 2023-06-30"):
        with_tuned(task, found, date(2023, 6, 30))
    for other, what in ((late_task(), "feature set"), (replace(task, name="default"), "model")):
        with pytest.raises(RecipeOfAnotherTaskError, match=f"its {what} is"):
            with_tuned(other, found, AS_OF)


def test_training_takes_the_recipe_and_its_version_says_so(small_portfolio, found):
    for_all = found.model_copy(update={"feature_set": LATE.name, "feature_set_hash": LATE.hash})
    asked = {"as_of": AS_OF, "evaluate_from": AS_OF, "evaluate_to": date(2023, 8, 31), "known_on": date(2024, 3, 1)}
    fitted = train_late(small_portfolio, None, Run(**asked, tuned=for_all))
    assert fitted.spec.parameters["num_leaves"] == found.recipe.leaves
    assert fitted.training["recipe"] == found.recipe.as_dict()
    assert fitted.training["tuned"]["known_on"] == "2023-07-01"
    tags = tags_of(fitted, "1.2.3", "content")
    assert (tags["tuned_study"], tags["tuned_trials"], tags["tuned_known_on"]) == (found.study, "10", "2023-07-01")
    with pytest.raises(TunedOnLaterKnowledgeError):
        train_late(small_portfolio, None, Run(**{**asked, "as_of": date(2023, 6, 1)}, tuned=for_all))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A simulated ledger in a lake."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), threads=1)
    write_portfolio(settings.home / "extract", customers=60, seed=5)
    take_in(settings, settings.home / "extract", "contract", received_at=end_of(date(2024, 12, 31)))
    return settings


def _finished(home):
    """Trials that a study has written so far."""
    file = home / "tuning" / "studies.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as database:
        try:
            return database.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0]
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0


def test_a_killed_run_goes_on_where_it_was(home, monkeypatch, capsys):
    command = ["tune", "default-60", "--as-of", "2024-01-01", "--json"]
    environment = {
        **os.environ,
        "O2C_RISK_HOME": str(home.home),
        "O2C_RISK_THREADS": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", "from cli.app import main; main()", *command, "--trials", "500"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while _finished(home.home) < 3 and time.monotonic() < until and child.poll() is None:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was at work when it was killed"
    done = _finished(home.home)
    assert 3 <= done < 500
    left_in_peace = _told(monkeypatch, capsys, home, command, done + 2)
    assert _finished(home.home) == done + 2, "two more, and none done again"
    (home.tuning / "studies.db").unlink()
    assert _told(monkeypatch, capsys, home, command, done + 2) == left_in_peace


def test_tuned_and_trained_without_natural_persons(home, monkeypatch, capsys):
    command = ["tune", "default-60", "--as-of", "2024-01-01", "--without-natural-persons"]
    told = _told(monkeypatch, capsys, home, [*command, "--json"], 2)
    everyone = _told(monkeypatch, capsys, home, ["tune", "default-60", "--as-of", "2024-01-01", "--json"], 1)
    assert (told["natural_persons"], everyone["natural_persons"]) == ("left out", "among the cases")
    assert told["study"] != everyone["study"]
    assert told["cases"] < everyone["cases"]
    assert not _run(monkeypatch, home, [*command, "--trials", "2"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "natural persons left out" in shown
    assert "train default-60 --as-of 2024-01-01 --without-natural-persons --recipe" in shown
    train = ["train", "default-60", "--as-of", "2024-01-01", "--known-on", "2024-12-31", "--recipe", told["file"]]
    assert _run(monkeypatch, home, train) == Exit.REFUSED
    assert "tuned with natural persons left out" in " ".join(capsys.readouterr().err.split())
    assert not _run(monkeypatch, home, [*train, "--without-natural-persons", "--without-challenger", "--json"])
    (trained,) = json.loads(capsys.readouterr().out)
    card = Path(trained["card"]).read_text(encoding="utf-8")
    assert "- natural persons: left out" in card
    assert told["study"] in card


def _told(monkeypatch, capsys, home, command, trials):
    assert not _run(monkeypatch, home, [*command, "--trials", str(trials)])
    told = json.loads(capsys.readouterr().out)
    assert Tuned.model_validate({name: value for name, value in told.items() if name != "file"}).trials == trials
    return told


def _run(monkeypatch, home, command):
    monkeypatch.setenv("O2C_RISK_HOME", str(home.home))
    monkeypatch.setenv("O2C_RISK_THREADS", "1")
    monkeypatch.setattr("sys.argv", ["o2c-risk", *command])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0
