"""The quick model beside which ours are judged: its own file, run as it stands, and again as of each month.

The file is read, not copied: what it hands to its learner is caught there, its predictions where it would print them.
"""

import contextlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from benchmarks.models.extract import KNOWN_ON

EQUALS: Final = ["customer_id", "issued_on", "due_on", "amount", "rate"]


class Enough(Exception):
    """The quick model has said what is wanted."""


class Listener:
    """A connection that remembers the last frame it handed out."""

    def __init__(self, con: Any) -> None:
        self.con, self.frame = con, pd.DataFrame()

    def execute(self, query: str) -> "Listener":
        """Runs a query for the quick model."""
        self.result = self.con.execute(query)
        return self

    def df(self) -> pd.DataFrame:
        """The result, remembered."""
        self.frame = self.result.df()
        return self.frame


@dataclass(frozen=True)
class Quick:
    """The quick model's module and its connection.

    Attributes:
        module: Its file, loaded.
        con: Its book.
        learner: Its own learner.
        threads: LightGBM's threads; its file asks for two.
    """

    module: types.ModuleType
    con: Listener
    learner: Callable[..., Any]
    threads: int = 1

    def first_shown(self, ask: str, *arguments: int) -> pd.DataFrame:
        """The cases of the first line that it would print: its frame's rows with ``bad`` and ``theirs``."""
        said: dict[str, Any] = {}

        def show(_: str, bad: pd.Series, stated: Any) -> None:
            said.update(rows=bad.index, bad=bad.to_numpy().astype(bool), stated=np.asarray(stated))
            raise Enough

        with self._with(show=show), contextlib.suppress(Enough):
            getattr(self.module, ask)(self.con, *arguments)
        found: pd.DataFrame = self.con.frame.loc[said["rows"]].assign(bad=said["bad"], theirs=said["stated"])
        return found

    def late_by_month(self) -> pd.DataFrame:
        """Its walk forward over 2019-07 to 2020-12 with one seed, as its file has it: one row per case."""
        found: list[pd.DataFrame] = []

        def fitted(train: pd.DataFrame, y: pd.Series, test: pd.DataFrame, seeds: int = 3, **params: Any) -> Any:
            if seeds != 1:  # the one split beside the walk
                return np.zeros(len(test))
            stated = self._learn(train, y, test, seeds, **params)
            found.append(pd.DataFrame({"theirs": stated}, index=test.index))
            return stated

        with self._with(fit_predict=fitted, show=lambda *_: None, print=lambda *_: None):
            self.module.late(self.con)
        every = pd.concat(found)
        cases = self.con.frame.loc[every.index]
        return cases.assign(bad=cases["days_late"] >= 5, theirs=every["theirs"])

    def default_by_month(self, dpd: int, months: Sequence[date], *, horizon: int = 180) -> pd.DataFrame:
        """Its recipe as of each month, on the cases of that month: ``customer_id``, ``t``, ``bad`` and ``theirs``.

        A month without good and bad cases to learn from is passed over.
        """
        columns, seeds, params = self._recipe(dpd, horizon)
        panel, span = self.con.frame, pd.Timedelta(days=horizon)
        panel = panel[(panel["beyond"] == 0) & (panel["t"] + span <= pd.Timestamp(KNOWN_ON))]
        found = []
        for month in map(pd.Timestamp, months):
            train, test = panel[panel["t"] + span <= month], panel[panel["t"] == month]
            if len(test) and train["bad"].nunique() == 2:
                stated = self._learn(train[columns], train["bad"], test[columns], seeds, **params)
                one = self._learn(train[columns], train["bad"], test[columns], 1, **params)
                found.append(test[["customer_id", "t", "bad"]].assign(theirs=stated, theirs_one_seed=one))
        return pd.concat(found)

    def _recipe(self, dpd: int, horizon: int) -> tuple[list[str], int, dict[str, Any]]:
        """What it hands to its learner: columns, number of seeds, parameters."""
        heard: dict[str, Any] = {}

        def fitted(train: pd.DataFrame, y: pd.Series, test: pd.DataFrame, seeds: int = 3, **params: Any) -> Any:
            heard.update(columns=list(train), seeds=seeds, params=params)
            raise Enough

        with self._with(fit_predict=fitted), contextlib.suppress(Enough):
            self.module.default(self.con, dpd, horizon)
        return heard["columns"], heard["seeds"], heard["params"]

    def _learn(self, train: pd.DataFrame, y: pd.Series, test: pd.DataFrame, seeds: int, **params: Any) -> Any:
        return self.learner(train, y, test, seeds, **(params | {"n_jobs": self.threads}))

    @contextlib.contextmanager
    def _with(self, **names: Any) -> Iterator[None]:
        """Names of its module changed for a while."""
        own = vars(self.module)
        before = {name: own[name] for name in names if name in own}
        own.update(names)
        try:
            yield
        finally:
            for name in names:
                own.pop(name)
            own.update(before)


def quick(script: Path, folder: Path, *, threads: int = 1) -> Quick:
    """Load the quick model from its file; it reads its folder and date from the command line.

    Args:
        script: The file.
        folder: The extract.
        threads: LightGBM's threads.

    Raises:
        FileNotFoundError: The file is not there, or is no Python file.
    """
    spec = importlib.util.spec_from_file_location("quick_models", script)
    if spec is None or spec.loader is None or not script.is_file():
        raise FileNotFoundError(f"{script} is no Python file: give the path of quick_models.py.")
    module = importlib.util.module_from_spec(spec)
    with _command_line(str(script), str(folder), KNOWN_ON.isoformat()):
        spec.loader.exec_module(module)
    con = duckdb.connect()
    con.execute(f"set threads={threads}")
    con.register("b", module.book())
    return Quick(module, Listener(con), module.fit_predict, threads)


@contextlib.contextmanager
def _command_line(*words: str) -> Iterator[None]:
    before, sys.argv = sys.argv, list(words)
    try:
        yield
    finally:
        sys.argv = before


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Keys as plain values, and the ordinal among equal invoices: by payment, open last."""
    plain = frame.assign(
        customer_id=frame["customer_id"].astype(str),
        issued_on=pd.to_datetime(frame["issued_on"]).astype("datetime64[s]"),
        due_on=pd.to_datetime(frame["due_on"]).astype("datetime64[s]"),
        amount=pd.to_numeric(frame["amount"]).round(4),
        rate=pd.to_numeric(frame["rate"]).round(6),
    ).sort_values([*EQUALS, "paid_on"])
    return plain.assign(ordinal=plain.groupby(EQUALS, dropna=False).cumcount())
