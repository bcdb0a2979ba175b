"""Registering with a real MLflow on SQLite: what is written, that it is text only, that it comes back equal."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from training.lifecycle.code import commit
from training.lifecycle.nested import PARENT
from training.lifecycle.register import UnexpectedArtifactError, _require_text_only, register
from training.lifecycle.registry import MODEL, UnknownModelError, open_registry
from training.lifecycle.stored import ChangedFilesError, contents, fitted_from, stored


@pytest.fixture(scope="module")
def client(home):
    return open_registry(home)


@pytest.fixture(scope="module")
def registered(home, client, fitted):
    return register(fitted, home, code_version="1.2.3")


def test_first_version(registered):
    assert (registered.name, registered.version, registered.created) == ("late-payment", 1, True)


def test_tags_say_where_it_comes_from(client, registered):
    tags = client.get_model_version("late-payment", "1").tags
    assert tags["data_version"] == "a1b2c3d4e5f6"
    assert tags["code_version"] == "1.2.3"
    assert (tags["feature_set"], tags["feature_set_version"], tags["feature_set_hash"]) == (
        "toy",
        "1",
        "0123456789abcdef",
    )
    assert (tags["trained_as_of"], tags["known_on"]) == ("2024-03-31", "2024-04-30")


def test_figures_are_metrics_with_both_ends(client, registered):
    run = client.get_run(registered.run_id)
    assert [run.data.metrics[name] for name in ("auc", "auc_low", "auc_high")] == [0.82, 0.79, 0.85]
    assert run.data.metrics["bad"] == 200
    assert run.data.params["lightgbm.num_leaves"] == "4"
    assert run.info.status == "FINISHED"


def test_only_text_and_json_are_written(home, registered):
    files = [path for path in home.artifacts.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "MLmodel", "model.lgb", "conda.yaml", "python_env.yaml", "requirements.txt", "model.json", "calibrator.json",
        "evaluation.json", "sketches.json", "training.json", "model_0.txt", "model_1.txt",
        "late-payment-v1.md", "late-payment-v1.html",
    }  # fmt: skip
    for path in files:
        path.read_bytes().decode("utf-8")


def test_a_pickle_is_refused(tmp_path, fitted):
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(UnexpectedArtifactError, match=r"model\.pkl would have been written too"):
        _require_text_only(tmp_path, {})


def test_it_comes_back_equal(client, registered, fitted):
    assert contents(stored(client, "late-payment").fitted) == contents(fitted)


def test_contents_round_trip(fitted):
    assert fitted_from(contents(fitted)) == replace(fitted, sketches=dict(fitted.sketches))


def test_the_same_model_again_changes_nothing(home, client, registered, fitted):
    again = register(fitted, home, code_version="1.2.3")
    assert (again.version, again.run_id, again.created) == (1, registered.run_id, False)
    assert len(client.search_model_versions("name = 'late-payment'")) == 1


def test_another_model_is_another_version(home, client, registered, default_model, fitted):
    changed = replace(fitted, data_version="ffffffffffff")
    assert register(changed, home, code_version="1.2.3").version == 2
    assert register(default_model, home, code_version="1.2.3").version == 1
    assert stored(client, "late-payment").fitted.data_version == "ffffffffffff"
    assert stored(client, "late-payment", 1).fitted.data_version == "a1b2c3d4e5f6"


def test_mlflow_itself_can_load_it_with_pickle_forbidden(client, home, registered, fitted, monkeypatch):
    import mlflow
    from mlflow.lightgbm import load_model

    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.registry_uri)
    booster = load_model(client.get_run(registered.run_id).info.artifact_uri + f"/{MODEL}")
    assert mlflow.environment_variables.MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get() is False
    assert booster.num_trees() == fitted.model_texts[0].count("\nTree=")
    assert np.isfinite(booster.predict(np.zeros((1, 3)))).all()


def test_signature_names_every_feature_in_order(client, registered, tmp_path):
    from mlflow.models import Model

    folder = client.download_artifacts(registered.run_id, MODEL, str(tmp_path))
    signature = Model.load(folder).signature
    assert signature.inputs.input_names() == ["overdue_count", "tenure_days", "open_amount"]
    assert signature.outputs.input_names() == ["late_prob_5d"]


def test_unknown_model_names_what_there_is(client, registered):
    with pytest.raises(UnknownModelError, match=r"holds no model churn; it holds .*late-payment"):
        stored(client, "churn")
    with pytest.raises(UnknownModelError, match="late-payment version 99"):
        stored(client, "late-payment", 99)


def test_readers_and_a_writer_work_at_once(home, registered):
    with closing(sqlite3.connect(home.home / "mlflow" / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_telemetry_is_off(client):
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_nothing_is_written_to_the_working_directory(tmp_path, monkeypatch, home, client, fitted):
    monkeypatch.chdir(tmp_path)
    register(replace(fitted, data_version="eeeeeeeeeeee"), home)
    assert list(tmp_path.iterdir()) == []


def test_files_changed_in_the_registry_are_not_parsed(home, client, fitted):
    """A damaged model text can end the process that parses it, so the sum is checked first."""
    run_id = register(replace(fitted, data_version="dddddddddddd"), home).run_id
    number = max(int(found.version) for found in client.search_model_versions("name = 'late-payment'"))
    text = next(path for path in home.artifacts.rglob("model_1.txt") if run_id in path.parts)
    text.write_text(text.read_text()[:-40])
    with pytest.raises(ChangedFilesError, match=f"files of late-payment version {number} were changed after"):
        stored(client, "late-payment", number)


def test_tags_state_label_split_and_the_commit(home, client, fitted):
    number = register(replace(fitted, data_version="cccccccccccc"), home).version
    tags = client.get_model_version("late-payment", str(number)).tags
    assert json.loads(tags["label"]) == {"kind": "late", "grace_days": 5}
    assert (tags["trained_as_of"], tags["known_on"]) == ("2024-03-31", "2024-04-30")
    assert (tags["evaluation_period"], tags["evaluation_known_on"]) == ("2024-05-01..2024-06-30", "2024-07-31")
    assert tags.get("code_commit") == commit()


def test_folds_and_months_are_runs_below_the_training(home, client, fitted):
    folds = [{"period": "2024-02", "n": 90, "auc": {"value": 0.8}, "how": "walk forward"}, {"n": 80, "auc": None}]
    model = replace(fitted, training={**fitted.training, "walk_forward": folds})
    parent = client.get_run(register(model, home).run_id)
    below = client.search_runs(
        [parent.info.experiment_id], f"tags.`{PARENT}` = '{parent.info.run_id}'", order_by=["attributes.run_name ASC"]
    )
    found = {run.info.run_name: run.data for run in below}
    assert list(found) == [
        "judged 2024-05",
        "judged 2024-06",
        "judged 2024-07",
        "walk forward 2",
        "walk forward 2024-02",
    ]
    assert (found["walk forward 2024-02"].metrics, found["walk forward 2024-02"].params) == (
        {"n": 90, "auc.value": 0.8},
        {"period": "2024-02", "how": "walk forward"},
    )
    assert found["walk forward 2"].metrics == {"n": 80}, "what is missing is not zero"
    assert found["judged 2024-05"].metrics == {"cases": 500, "bad": 90, "mean_probability": 0.19, "auc": 0.81}
    assert "auc" not in found["judged 2024-07"].metrics
