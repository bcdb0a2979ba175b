"""The error of a weekly cash forecast, by ours and by the average, on the same weeks."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.models.cash_weeks import WEEKS
from benchmarks.models.paired import interval_of
from scoring.cash import OpenItems, cash, due_week
from training.arrays import Floats
from training.judging.bootstrap import RESAMPLES, customer_weights

WHO: Final = ("ours", "average")
LEVEL: Final = 0.8
SEED: Final = 3


def judged(rows: pa.Table) -> dict[str, Any]:
    """Errors of all weeks of all days of forecast, as plain values.

    Intervals resample customers; that of `difference_by_day` resamples the days of forecast, for what a week brings to
    all customers alike is not seen by drawing customers. There are few of them: take it as a hint.

    Args:
        rows: As `benchmarks.models.cash_weeks.cash_weeks` makes them.
    """
    days = np.unique(_days(rows))
    customers = np.array(rows["customer_id"].to_pylist())
    parts = _parts(rows)
    one = np.ones((1, rows.num_rows))
    point = _errors(parts, one)
    drawn = [_errors(parts, weights) for weights in customer_weights(customers, resamples=RESAMPLES, seed=0)]
    joined = {name: np.concatenate([step[name] for step in drawn]) for name in point}
    told: dict[str, Any] = {"days": len(days), "weeks": len(days) * WEEKS, "invoices": rows.num_rows}
    for figure in ("mae", "wape"):
        told[figure] = {
            name: interval_of(float(point[f"{figure}_{name}"][0]), joined[f"{figure}_{name}"])
            for name in (*WHO, "difference")
        }
    told["mae"]["difference_by_day"] = _by_day(parts)
    told["by_day"] = [_told(day, part) for day, part in zip(days, parts, strict=True)]
    return told | {"coverage_80": _coverage(rows)}


class Part:
    """The invoices open on one day.

    Attributes:
        places: Their rows, shape (m,).
        came: What each brought in each week, shape (m, weeks).
        stated: What each was expected to bring, by who says so, shape (m, weeks) each.
    """

    def __init__(self, places: NDArray[np.intp], rows: pa.Table) -> None:
        mine = rows.take(pa.array(places))
        amount = mine["amount"].to_numpy()
        self.places = places
        self.came: Floats = amount[:, None] * (mine["came"].to_numpy()[:, None] == np.arange(WEEKS))
        self.stated: dict[str, Floats] = {who: amount[:, None] * _weeks(mine, who) for who in WHO}

    def off(self, who: str, weights: Floats) -> Floats:
        """Absolute error of each week under each weighting of this day's invoices, shape (r, weeks)."""
        return np.abs(weights @ (self.stated[who] - self.came))


def _weeks(rows: pa.Table, who: str) -> Floats:
    return np.column_stack([rows[f"{who}_{week}"].to_numpy() for week in range(WEEKS)])


def _days(rows: pa.Table) -> NDArray[Any]:
    return np.asarray(rows["as_of"].to_numpy().astype("datetime64[D]"))


def _parts(rows: pa.Table) -> list[Part]:
    days = _days(rows)
    return [Part(np.flatnonzero(days == day), rows) for day in np.unique(days)]


def _errors(parts: list[Part], weights: Floats) -> dict[str, Floats]:
    """Mean absolute error of a week, and all errors as a share of all cash, under every weighting, shape (r,) each."""
    came = np.add.reduce([(weights[:, part.places] @ part.came).sum(axis=1) for part in parts])
    found = {}
    for who in WHO:
        off = np.concatenate([part.off(who, weights[:, part.places]) for part in parts], axis=1)
        found[f"mae_{who}"] = off.mean(axis=1)
        found[f"wape_{who}"] = off.sum(axis=1) / np.where(came > 0, came, np.nan)
    for figure in ("mae", "wape"):
        found[f"{figure}_difference"] = found[f"{figure}_ours"] - found[f"{figure}_average"]
    return found


def _by_day(parts: list[Part]) -> dict[str, float]:
    """Our mean absolute error less the average's, days of forecast resampled."""
    less = np.array(
        [np.subtract(*(part.off(who, np.ones((1, len(part.places)))).mean() for who in WHO)) for part in parts]
    )
    drawn = np.random.default_rng(SEED).integers(len(less), size=(RESAMPLES, len(less)))
    return interval_of(float(less.mean()), less[drawn].mean(axis=1))


def _told(day: Any, part: Part) -> dict[str, Any]:
    return {
        "as_of": str(day),
        "came": part.came.sum(axis=0).round(2).tolist(),
        **{who: part.stated[who].sum(axis=0).round(2).tolist() for who in WHO},
    }


def _coverage(rows: pa.Table) -> dict[str, Any]:
    """How many weeks brought what lay in their interval: all of them, and by how far ahead; days resampled.

    ``as_drawn`` is the same of the interval before past forecasts widened it.
    """
    told = _held(rows, widened=True)
    return told | {"as_drawn": _held(rows, widened=False), "times": float(rows["widened"][0].as_py())}


def _held(rows: pa.Table, *, widened: bool) -> dict[str, Any]:
    inside = np.array([_inside(part, widened=widened) for part in _day_rows(rows)], dtype=np.float64)
    drawn = np.random.default_rng(SEED).integers(len(inside), size=(RESAMPLES, len(inside)))
    share = interval_of(float(inside.mean()), inside[drawn].mean(axis=(1, 2)))
    return {"inside": int(inside.sum()), "share": share, "level": LEVEL, "by_week": inside.mean(axis=0).tolist()}


def _day_rows(rows: pa.Table) -> Iterator[pa.Table]:
    days = _days(rows)
    for day in np.unique(days):
        yield rows.filter(pa.array(days == day))


def _inside(rows: pa.Table, *, widened: bool) -> list[bool]:
    due = rows["due_on"].to_numpy().astype("datetime64[D]")
    owed = zip(rows["customer_id"].to_pylist(), due.tolist(), strict=True)
    items = OpenItems(
        amounts=rows["amount"].to_numpy(),
        clusters=np.array([f"{who}@{when}" for who, when in owed]),
        due_week=due_week((due - _days(rows)).astype(np.float64) - 1),
        by_week=_weeks(rows, "ours"),
    )
    common, times = (float(rows[name][0].as_py()) for name in ("common", "widened"))
    brought = Part(np.arange(rows.num_rows), rows).came.sum(axis=0)
    stated = cash(items, common=common, widened=times if widened else 1.0, level=LEVEL)
    return [week.low <= brought[week.week] <= week.high for week in stated]
