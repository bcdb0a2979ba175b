"""Trees grown on a Dask cluster: the same on one worker, of equal worth on several, and the same every time."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("distributed", reason="the extra dask is not installed")

import psutil

from training.cases.dataset import Dataset
from training.fitting.dask_fit import DaskMissingError, NoClusterError, OnDask, on_dask
from training.fitting.fit import HERE, Recipe, Sample, fit, log_odds, parameters
from training.judging.metrics import measured

RECIPE = Recipe(
    trees=60,
    learning_rate=0.05,
    leaves=7,
    smallest_leaf=30,
    feature_share=0.5,
    case_share=0.7,
    ridge=5.0,
    seeds=(1, 2),
)
FEATURES = 8
# Two workers draw other cases and cut features elsewhere. Measured: 0.009 apart on average, AUC within 0.003.
MEAN_GAP = 0.02
AUC_GAP = 0.01


def sample(n=5000, seed=1, weighted=False):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, FEATURES))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    known = np.nan_to_num(matrix)
    bad = known[:, 0] + known[:, 1] * known[:, 2] + random.normal(size=n) > 1.2
    weight = random.uniform(0.2, 1.0, n) if weighted else None
    return Sample(matrix, bad.astype(float), weight, tuple(f"f{place}" for place in range(FEATURES)))


def asked(recipe=RECIPE):
    directions = [1] + [0] * (FEATURES - 1)
    return [parameters(recipe, monotone=directions, threads=1, seed=seed) for seed in recipe.seeds]


def grown(engine, cases):
    return engine.grown(cases, RECIPE.trees, asked(), threads=1)


def probability(texts, cases):
    return 1 / (1 + np.exp(-log_odds(texts, cases.matrix)))


@pytest.fixture(scope="module")
def two():
    """Two workers on this machine."""
    with on_dask(None, workers=2) as engine:
        yield engine


@pytest.fixture(scope="module")
def one(two):
    """The first of them alone."""
    engine = OnDask(two._client)
    engine._addresses = engine._addresses[:1]
    return engine


@pytest.mark.parametrize("weighted", [False, True], ids=["equal weights", "weights"])
def test_one_worker_grows_the_very_trees_of_this_process(one, weighted):
    cases = sample(weighted=weighted)
    assert grown(one, cases) == grown(HERE, cases)
    assert one.told == {}


def test_a_fit_takes_it_for_an_engine(one):
    made = sample(n=600)
    days = np.datetime64("2024-01-01", "us") + np.arange(600) * np.timedelta64(1, "D")
    ids = np.array([f"I{place}" for place in range(600)], dtype=object)
    columns = dict(zip(made.names, made.matrix.T, strict=True))
    cases = Dataset(ids, ids, days, columns, made.bad.astype(bool), days.astype("datetime64[D]"))
    recipe = replace(RECIPE, half_life_days=200.0)
    texts = [fit(cases, made.names, [0] * FEATURES, recipe, threads=1, engine=engine) for engine in (one, HERE)]
    assert texts[0] == texts[1]


def test_two_workers_grow_trees_of_equal_worth(two):
    learnt, later = sample(), sample(seed=2)
    theirs, ours = (probability(grown(engine, learnt), later) for engine in (two, HERE))
    assert 0 < np.abs(theirs - ours).mean() < MEAN_GAP
    bad = later.bad.astype(bool)
    assert abs(measured(bad, theirs)["auc"] - measured(bad, ours)["auc"]) < AUC_GAP


def test_two_workers_grow_the_same_trees_every_time(two):
    texts = {grown(two, sample()) for _ in range(3)}
    assert len(texts) == 1
    assert all("[num_machines: 2]\n" in text and "[machines: ]\n" in text for text in texts.pop())


def test_a_direction_is_kept_across_workers(two):
    cases = sample()
    texts = grown(two, cases)
    worse = cases.matrix.copy()
    worse[:, 0] += 1.0
    known = ~np.isnan(cases.matrix[:, 0])
    assert (log_odds(texts, worse)[known] >= log_odds(texts, cases.matrix)[known]).all()


def test_how_it_was_grown_is_told(two):
    assert two.told == {"tree_learner": "data", "num_machines": 2}


def test_a_scheduler_elsewhere(two):
    with on_dask(two._client.scheduler.address, workers=1) as engine:
        assert engine.workers == 2
        assert grown(engine, sample()) == grown(two, sample())


def test_it_listens_on_this_machine_alone_and_shows_no_page(two):
    me = psutil.Process()
    open_ports = [port for process in (me, *me.children(recursive=True)) for port in process.net_connections("tcp")]
    # Another test's Spark may run in this process: its addresses are loopback's too, written as IPv6.
    listening = {port.laddr.ip.removeprefix("::ffff:") for port in open_ports if port.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(two._client.dashboard_link)


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr("training.fitting.dask_fit.CONNECT_SECONDS", 1)
    with (
        pytest.raises(NoClusterError, match=r"at tcp://127\.0\.0\.1:9 does not answer: start it"),
        on_dask("tcp://127.0.0.1:9", workers=1),
    ):
        pass


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DaskMissingError, match=r"pip install 'o2c-risk\[dask\]'"), on_dask(None, workers=1):
        pass


def test_nothing_but_the_answer_goes_to_stdout():
    """The command's stdout is for its JSON, and LightGBM would tell its ports there."""
    code = """
import json
from training.fitting.dask_fit import on_dask
from tests.training.fitting.test_dask_fit import grown, sample
if __name__ == "__main__":
    with on_dask(None, workers=2) as engine:
        print(json.dumps(len(grown(engine, sample(n=800)))))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 2
