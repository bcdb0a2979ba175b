"""Is the released model still right? The book's recent months against those the model learnt from."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from cli.output import say, show_json
from data.book import Book
from data.settings import Settings
from features.build import build
from features.feature_sets import CUSTOMER
from features.items import items
from monitoring.watch import Watched, watch
from scoring.bundle import Bundle, load
from scoring.releases import current
from training.cases.cohort import customer_cohort, month_firsts

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE_DAYS: Final = 365
CURRENT_DAYS: Final = 92
DPD: Final = 90


@dataclass(frozen=True)
class Period:
    """A stretch of time, both days included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


def periods(trained_as_of: date, as_of: date) -> tuple[Period, Period]:
    """The year up to the training, and the last three months or what there is of them since.

    Args:
        trained_as_of: Date at which knowledge was frozen for the champion.
        as_of: Last day to look at.

    Example:
        >>> [str(period) for period in periods(date(2020, 9, 1), date(2021, 3, 1))]
        ['2019-09-03..2020-09-01', '2020-11-30..2021-03-01']
    """
    reference = Period(trained_as_of - timedelta(days=REFERENCE_DAYS - 1), trained_as_of)
    first = max(as_of - timedelta(days=CURRENT_DAYS - 1), trained_as_of + timedelta(days=1))
    return reference, Period(min(first, as_of), as_of)


def cases(book: Book, period: Period, bundle: Bundle) -> pd.DataFrame:
    """Customers in business on each first of a month of a period, with their features and scores.

    Args:
        book: The book.
        period: The stretch of time.
        bundle: The release whose customer models score them.

    Returns:
        One row per customer and month: ``case_id``, ``customer_id``, ``as_of``, the features, one column per model.
    """
    dates = month_firsts(period.first, period.last) or (period.last,)
    cohort = customer_cohort(book, items(book), dates, dpd=DPD)
    rows = build(book, cohort, features=CUSTOMER.names).order_by("case_id").to_pyarrow()
    columns = {name: _floats(rows, name) for name in CUSTOMER.names}
    frame = pd.DataFrame(columns)
    frame.insert(0, "customer_id", rows["customer_id"].to_pylist())
    for name, model in bundle.models.items():
        if set(model.spec.feature_names) <= columns.keys() and len(frame):
            frame[_score_name(name)] = model.probability(model.matrix(columns))
    return frame


def observe(
    settings: Settings,
    book: Book,
    *,
    as_of: date,
    reference: Period | None = None,
    present: Period | None = None,
    say: "Callable[[str], None]" = lambda _: None,
) -> Watched:
    """Compare the two periods and write the verdict, the page and the Evidently report.

    Args:
        settings: The installation.
        book: The book.
        as_of: Last day to look at.
        reference: Period to compare with; None for the year up to the training.
        present: Period to judge; None for the last three months.
        say: Called with what is being done.
    """
    bundle = load(current(settings.releases), verify_key=settings.verify_key)
    trained = max(model.spec.trained_as_of for model in bundle.models.values())
    usual = periods(trained, as_of)
    before, now = reference or usual[0], present or usual[1]
    say(f"customers of {before}")
    expected = cases(book, before, bundle)
    say(f"customers of {now}")
    actual = cases(book, now, bundle)
    say("comparing and drawing")
    scores = [name for name in expected.columns if name.startswith("score ")]
    return watch(
        expected,
        actual,
        settings.reports / "drift",
        as_of=as_of,
        scores=scores,
        versions=_versions(bundle, before, now),
    )


def _score_name(model: str) -> str:
    return f"score {model}"


def _floats(rows: pa.Table, name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def _versions(bundle: Bundle, before: Period, now: Period) -> dict[str, str]:
    models = {f"model {name}": entry.version for name, entry in bundle.manifest.models.items()}
    return {"release": bundle.manifest.release_id, **models, "reference": str(before), "current": str(now)}


def tell(watched: Watched, *, as_json: bool = False) -> None:
    """The verdict in words, what moved most, and where the reports lie."""
    verdict = watched.verdict
    if as_json:
        show_json(verdict.as_dict())
        return
    say(f"Drift: {verdict.status.value}   ({verdict.reference_rows:,} cases before, {verdict.current_rows:,} now)")
    for note in verdict.notes:
        say(f"Note: {note}")
    say(f"What moved, for people: {watched.page}")
    say(f"Evidently report:       {watched.report}")
    say(f"Verdict for machines:   {watched.verdict_json}")
