"""Scoring a book on Spark: every worker process loads the release once and scores batches as ``scoring.batch`` does."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from scoring.batch import AS_OF, CUSTOMER_ID, SCORES, BookScorer, opened
from scoring.manifest import BundleError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def scored(facts: "DataFrame", folder: Path, release_id: str, models: Sequence[str] = ()) -> "DataFrame":
    """The scores of every customer of a Spark data frame.

    Nothing is computed before the answer is asked for. Then each worker process verifies the bundle and loads it once.

    Args:
        facts: One row per customer: ``customer_id``, ``as_of`` and the features, null where not known.
        folder: The bundle, at a path that every worker can read.
        release_id: The release it must hold.
        models: Models of default to score by; all that the release holds unless given.

    Returns:
        Schema ``scoring.batch.SCORES``, in order of customer and model. Given equal facts, the scores are those of
        ``BookScorer`` in this process, bit for bit. A worker that finds another release or a damaged one ends the job.
    """
    from pyspark.sql.pandas.types import from_arrow_schema  # late: who scores without Spark need not have it

    work = partial(_scores, str(folder.absolute()), release_id, tuple(models))
    return facts.mapInArrow(work, from_arrow_schema(SCORES)).orderBy(CUSTOMER_ID, "model", AS_OF)


def write_parts(scores: "DataFrame", folder: Path) -> list[Path]:
    """Compute scores into Parquet files of a folder, which every worker can write to.

    Args:
        scores: As ``scored`` gives them.
        folder: Must not exist.

    Returns:
        The files, in the order of their rows.

    Raises:
        BundleError: A worker refused the release; the text is the worker's.
    """
    from pyspark.errors import PythonException

    try:
        scores.write.parquet(folder.absolute().as_uri())
    except PythonException as problem:
        refused = re.search(r"BundleError: (.*)", str(problem))
        if refused is None:
            raise
        raise BundleError(f"a worker refused the release: {refused[1].strip()}", then="") from problem
    return sorted(folder.glob("part-*.parquet"))


def _scores(
    folder: str, release_id: str, models: tuple[str, ...], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    return _scorer(folder, release_id, models).all_scores(batches)


@cache
def _scorer(folder: str, release_id: str, models: tuple[str, ...]) -> BookScorer:
    """The scorer of this worker process."""
    return opened(Path(folder), release_id, models)
