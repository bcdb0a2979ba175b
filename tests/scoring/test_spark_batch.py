"""A book scored on Spark: what this process would score, bit for bit, and the same refusals."""

import shutil

import pyarrow as pa
import pytest

from scoring.batch import SCORES, opened
from scoring.manifest import BundleError
from tests.scoring.book_release import facts, made_up, release

# Given equal facts there is nothing that could differ: the workers run the same lines on the same release.
PARTITIONS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return release(tmp_path_factory.mktemp("releases"), made_up(1000, seed=1))


@pytest.fixture(scope="module")
def batch():
    return facts(made_up(400))


@pytest.fixture(scope="module")
def frame(spark, batch):
    """The facts as a data frame of several partitions, their rows in no order."""
    from data.spark import spark_engine

    engine = spark_engine(options=spark)
    yield engine.frame(engine.create_table("facts", pa.Table.from_batches([batch]), temp=True)).repartition(PARTITIONS)
    engine.disconnect()


def test_the_scores_are_those_of_this_process(frame, batch, folder):
    from scoring.spark_batch import scored

    found = scored(frame, folder, folder.name).toArrow().cast(SCORES)
    here = pa.Table.from_batches([opened(folder, folder.name).scores(batch)])
    assert found.num_rows == 2 * batch.num_rows
    assert found.equals(here)


def test_a_model_by_name(frame, folder):
    from scoring.spark_batch import scored

    assert set(scored(frame, folder, folder.name, ["default-60"]).toArrow()["model"].to_pylist()) == {"default-60"}


def test_workers_load_the_release_once_a_process(frame, folder, tmp_path):
    """A second job of the same workers scores on, though the folder is gone by then."""
    from scoring.spark_batch import scored

    moved = shutil.copytree(folder, tmp_path / folder.name)
    job = scored(frame.coalesce(1), moved, folder.name)
    first = job.toArrow()
    shutil.rmtree(moved)
    assert job.toArrow().equals(first)


@pytest.mark.parametrize(
    ("harm", "release_id", "says"),
    [
        pytest.param(lambda text: text.replace("num_leaves=7", "num_leaves=6", 1), None, "SHA-256", id="changed model"),
        pytest.param(lambda text: text, "0123456789ab", "not 0123456789ab", id="another release"),
    ],
)
def test_a_worker_refuses(frame, folder, tmp_path, harm, release_id, says):
    from scoring.spark_batch import scored, write_parts

    changed = shutil.copytree(folder, tmp_path / folder.name)
    text = changed / "models" / "default" / "model_0.txt"
    text.write_text(harm(text.read_text()))
    job = scored(frame, changed, release_id or folder.name)
    with pytest.raises(BundleError, match=f"a worker refused the release: .*{says}"):
        write_parts(job, tmp_path / "parts")
