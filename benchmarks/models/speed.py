"""How long our training and batch scoring take beside LightGBM alone, on the same matrix in the same run.

Run: python -m benchmarks.models --only speed          (20,000 customers are scored)
     python -m benchmarks.models.speed --score 1000000   (by itself)

The book is simulated. Three comparisons for the late-payment and the default model, each in ratios to bare LightGBM:

- one fit: ``training.fitting.fit.fit`` of one seed beside ``lgb.Dataset`` and ``lgb.train`` of the same parameters;
- the whole training: ``training.fitting.learn.learn``, with folds, calibration, explanation, evaluation and sketches,
  beside the sum of its fits, each done again bare;
- scoring with reasons: probability, grade, points and reason codes of every row beside ``Booster.predict`` and
  ``pred_contrib`` of every seed. The default model goes through ``scoring.batch.BookScorer``, from Arrow to Arrow; the
  late-payment model, which needs an invoice, through the same steps on a matrix.

Seconds are of processor time, which on one thread is the time it takes where nobody else is at work. The fits are
timed in turn, ours and bare, and the best of the rounds counts. Bare reasons are timed on a part of the rows
(``--bare``) and multiplied up: LightGBM's time per row does not depend on how many there are.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import numpy as np
import pyarrow as pa

from benchmarks.models.aims import Line
from benchmarks.models.work import Work
from data.book import book_of
from data.simulation.simulator import Shape, simulate
from scoring.batch import AS_OF, CUSTOMER_ID, BookScorer
from scoring.bundle import load, write_release
from scoring.doubts import INVOICES, OLDEST
from scoring.model_files import ModelFiles
from scoring.reason_codes import ReasonCodes
from scoring.sketch import sketches_of
from training import default_model, late_model
from training.cases.facts import facts_of
from training.cases.split import Split
from training.fitting.fit import HERE, Recipe, Sample, fit, one_seed, parameters
from training.fitting.fitted import Fitted
from training.fitting.learn import Task, learn, silent

Floats = np.ndarray[Any, np.dtype[np.float64]]
ROWS_AT_ONCE = 20_000
CODE: Final = ("speed",)
MOST: Final = 1.3
"""So many times bare LightGBM's time are allowed."""


@dataclass
class Remembering:
    """Grows trees in this process and keeps what it was asked for."""

    told: Mapping[str, int | str] = field(default_factory=dict)
    asked: list[tuple[Sample, int, Sequence[Mapping[str, Any]]]] = field(default_factory=list)

    def grown(self, sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]], *, threads: int) -> tuple[str, ...]:
        """What ``HERE`` grows."""
        self.asked.append((sample, trees, asked))
        return HERE.grown(sample, trees, asked, threads=threads)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time that a piece of work took, and what came of it."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def bare_fit(sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]]) -> None:
    """Nothing but LightGBM."""
    quiet = {"verbosity": -1, "feature_pre_filter": False, "num_threads": asked[0]["num_threads"]}
    rows = lgb.Dataset(sample.matrix, sample.bad, weight=sample.weight, params=quiet, free_raw_data=False)
    for one in asked:
        lgb.train(dict(one), rows, num_boost_round=trees)


def bare_reasons(boosters: Sequence[lgb.Booster], rows: Floats, threads: int) -> None:
    """Nothing but LightGBM."""
    for booster in boosters:
        booster.predict(rows, num_threads=threads)
        booster.predict(rows, pred_contrib=True, num_threads=threads)


def simulated(customers: int) -> dict[str, tuple[Task, Split, Any]]:
    """Cases of both models: task, cases, and the last day of what was known."""
    shape = Shape(customers=customers, seed=7)
    end = shape.end_on
    book = book_of(simulate(shape).tables)
    facts = facts_of(book, None, None)
    half, year = end - timedelta(days=180), end - timedelta(days=400)
    late = late_model.late_cases(book, facts, half, (half, end - timedelta(days=60)), end, grace=5)
    what = default_model.Default()
    default = default_model.default_cases(book, facts, what, year, (year + timedelta(days=1), half), end)
    book.close()
    return {
        "late-payment": (late_model.task(), late, (half, end)),
        "default": (default_model.task(what), default, (year, end)),
    }


def one_fit(task: Task, parts: Split, threads: int, rounds: int) -> tuple[float, float]:
    """Seconds of our fit and of the bare one."""
    recipe: Recipe = one_seed(task.recipe)
    asked = [parameters(recipe, monotone=task.monotone, threads=threads, seed=recipe.seeds[0])]
    names, train = task.names, parts.train
    sample = Sample(train.matrix(names), train.bad.astype(np.float64), None, tuple(names))
    pairs = [
        (
            timed(lambda: bare_fit(sample, recipe.trees, asked))[0],
            timed(lambda: fit(train, names, task.monotone, recipe, threads=threads))[0],
        )
        for _ in range(rounds)
    ]
    return min(ours for _, ours in pairs), min(bare for bare, _ in pairs)


def whole_training(task: Task, parts: Split, days: Any, threads: int, rounds: int) -> tuple[float, float, Fitted]:
    """Seconds of a training and of its bare fits, and the model."""
    ours, bare = [], []
    for _ in range(rounds):
        engine = Remembering()
        how = {"as_of": days[0], "known_on": days[1], "threads": threads, "data_version": "simulated", "say": silent}
        seconds, fitted = timed(lambda engine=engine, how=how: learn(task, parts, engine=engine, **how))
        ours.append(seconds)
        bare.append(sum(timed(lambda work=work: bare_fit(*work))[0] for work in engine.asked))
    return min(ours), min(bare), fitted


def arrow_of(names: Sequence[str], rows: Floats) -> pa.RecordBatch:
    """Rows as the facts of a book."""
    columns = {name: pa.array(rows[:, place], from_pandas=True) for place, name in enumerate(names)}
    for name in (OLDEST, INVOICES):
        columns.setdefault(name, pa.nulls(len(rows), pa.float64()))
    ids = pa.array([f"C{place}" for place in range(len(rows))])
    days = pa.array([0] * len(rows), pa.int32()).cast(pa.date32())
    return pa.record_batch({CUSTOMER_ID: ids, AS_OF: days, **columns})


def our_scoring(fitted: Fitted, rows: Floats, threads: int, folder: Path) -> Callable[[], None]:
    """Scoring with reasons, the model loaded and its tables made beforehand, as for a whole book."""
    if fitted.spec.label["kind"] != "default":
        model, codes = fitted.model(threads=threads), ReasonCodes(fitted.spec)

        def by_matrix() -> None:
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                model.probability(some)
                codes.of(some, model.contributions(some))

        model.contributions(rows[:1])
        return by_matrix
    files = ModelFiles(fitted.spec, fitted.model_texts, fitted.calibrator, "1")
    names = fitted.spec.feature_names
    sketches = {fitted.spec.name: sketches_of(dict(zip(names, rows[:1000].T, strict=True)))}
    versions = {"data_version": "simulated", "code_version": "1"}
    scorer = BookScorer(load(write_release(folder, [files], {}, sketches, versions)), threads=threads)
    batches = [arrow_of(names, rows[start : start + ROWS_AT_ONCE]) for start in range(0, len(rows), ROWS_AT_ONCE)]

    def by_arrow() -> None:
        for _ in scorer.all_scores(batches):
            pass

    return by_arrow


def scoring(fitted: Fitted, parts: Split, asked: argparse.Namespace) -> tuple[float, float, float]:
    """Seconds of our scoring, of bare LightGBM for as many rows, and the largest difference of a contribution."""
    have = np.vstack([parts.train.matrix(fitted.spec.feature_names), parts.later.matrix(fitted.spec.feature_names)])
    rows = np.ascontiguousarray(have[np.random.default_rng(1).integers(len(have), size=asked.score)])
    boosters = [lgb.Booster(model_str=text) for text in fitted.model_texts]
    few = rows[: asked.bare]
    with tempfile.TemporaryDirectory() as folder:
        ours, _ = timed(our_scoring(fitted, rows, asked.threads, Path(folder)))
    bare, _ = timed(lambda: bare_reasons(boosters, few, asked.threads))
    theirs = sum(np.asarray(booster.predict(few[:500], pred_contrib=True)) for booster in boosters) / len(boosters)
    gap = float(np.abs(fitted.model().contributions(few[:500]) - theirs).max())
    return ours, bare * len(rows) / len(few), gap


def measured(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row after another: ``model``, ``what``, ``ours`` and ``bare``, seconds, and ``ratio``.

    Args:
        asked: ``customers``, ``score``, ``bare``, ``threads`` and ``rounds``; see `main`.
    """
    for name, (task, parts, days) in simulated(asked.customers).items():

        def row(what: str, ours: float, bare: float, name: str = name, **more: Any) -> dict[str, Any]:
            return {"model": name, "what": what, "ours": ours, "bare": bare, "ratio": ours / bare, **more}

        yield row(f"one fit, {len(parts.train)} cases", *one_fit(task, parts, asked.threads, asked.rounds))
        ours, bare, fitted = whole_training(task, parts, days, asked.threads, asked.rounds)
        yield row("the whole training", ours, bare)
        ours, bare, gap = scoring(fitted, parts, asked)
        yield row(f"scoring {asked.score} rows, reasons", ours, bare, gap=gap)


def measure(work: Work) -> dict[str, Any]:
    """All figures of a small book, as plain values."""
    asked = argparse.Namespace(customers=300, score=20_000, bare=1_000, threads=work.threads, rounds=2)
    return {"rows": list(measured(asked))}


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    return [
        Line(
            f"{row['model']}: {row['what']}, within {MOST} times bare LightGBM",
            f"{row['ratio']:.3f} ({row['ours']:.2f} s against {row['bare']:.2f} s)",
            row["ratio"] <= MOST,
        )
        for row in found["rows"]
    ]


def main() -> None:
    """Simulate, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=500, help="simulated customers (default: %(default)s)")
    parser.add_argument("--score", type=int, default=100_000, help="rows to score (default: %(default)s)")
    parser.add_argument("--bare", type=int, default=2_000, help="rows bare reasons are timed on (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    asked.bare = min(asked.bare, asked.score)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    print(f"{'model':<14}{'what':<30}{'ours s':>10}{'bare s':>10}{'ratio':>8}")
    for row in measured(asked):
        print(
            f"{row['model']:<14}{row['what']:<30}{row['ours']:>10.2f}{row['bare']:>10.2f}{row['ratio']:>8.3f}",
            flush=True,
        )
        if "gap" in row:
            print(f"{row['model']:<14}largest difference of a contribution from LightGBM's: {row['gap']:.1e}")


if __name__ == "__main__":
    main()
