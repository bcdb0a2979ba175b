"""Our models beside the reference on the very same cases, in one run: figures, intervals and paired differences.

Run: python benchmarks/reference.py ../shared/data/datarisk ../shared/reference/quick_models.py

The reference is loaded from its file and run as it stands; its predictions are caught where it would print them.
Both learn from what was known on one date and are judged on the same later cases. Ours are the models of
`training`, trained by the same lines as a release. Intervals resample customers.

One difference is kept, for it is one of definitions: a customer at t is scored by ours at the end of that day, by the
reference at its start. An invoice is scored by both on what was known before the day of its issue.
"""

import argparse
import contextlib
import importlib.util
import sys
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from data.book import Book, open_book
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping
from training.cases.facts import folded, from_book
from training.cases.split import Split
from training.default_model import Default, default_cases
from training.default_model import task as default_task
from training.fitting.learn import Task, learn
from training.judging.bootstrap import intervals, paired_difference
from training.judging.evaluation import Interval
from training.late_model import late_cases
from training.late_model import task as late_task

KNOWN_ON = date(2021, 3, 1)
LATE_AS_OF, LATE_PERIOD = date(2020, 9, 1), (date(2020, 9, 1), date(2020, 12, 31))
DEFAULT_AS_OF, DEFAULT_PERIOD = date(2020, 4, 1), (date(2020, 4, 1), date(2020, 9, 1))
SHOWN = ("auc", "average_precision", "ks", "brier", "mean_probability")
EQUALS = ["customer_id", "issued_on", "due_on", "amount", "rate"]


class Enough(Exception):
    """The reference has said what is wanted."""


class Listener:
    """A connection that remembers the last frame it handed out."""

    def __init__(self, con: Any) -> None:
        self.con, self.frame = con, pd.DataFrame()

    def execute(self, query: str) -> "Listener":
        """Runs a query for the reference."""
        self.result = self.con.execute(query)
        return self

    def df(self) -> pd.DataFrame:
        """The result, remembered."""
        self.frame = self.result.df()
        return self.frame


@dataclass(frozen=True)
class Reference:
    """The reference's module and its connection."""

    module: types.ModuleType
    con: Listener

    def first_shown(self, ask: str, *arguments: int) -> pd.DataFrame:
        """The cases of the first line that the reference would print: its frame's rows with ``bad`` and ``theirs``."""
        said: dict[str, Any] = {}

        def show(_: str, bad: pd.Series, stated: Any) -> None:
            said.update(rows=bad.index, bad=bad.to_numpy().astype(bool), stated=np.asarray(stated))
            raise Enough

        self.module.show = show  # type: ignore[attr-defined]
        with contextlib.suppress(Enough):
            getattr(self.module, ask)(self.con, *arguments)
        return self.con.frame.loc[said["rows"]].assign(bad=said["bad"], theirs=said["stated"])


def reference(script: Path, folder: Path) -> Reference:
    """Load the reference from its file; it reads its folder and date from the command line."""
    spec = importlib.util.spec_from_file_location("reference", script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{script} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    with _command_line(str(script), str(folder), KNOWN_ON.isoformat()):
        spec.loader.exec_module(module)
    con = duckdb.connect()
    con.register("b", module.book())
    return Reference(module, Listener(con))


@contextlib.contextmanager
def _command_line(*words: str) -> Iterator[None]:
    before, sys.argv = sys.argv, list(words)
    try:
        yield
    finally:
        sys.argv = before


def our_book(folder: Path, home: Path) -> Book:
    """The extract, read by our own mapping."""
    lake = Lake(home / "lake")
    ingest(folder, load_mapping("datarisk"), lake, received_at=datetime(2021, 3, 1, tzinfo=UTC))
    return open_book(lake)


def stated_by(task: Task, parts: Split, as_of: date) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Our probabilities for the later cases, by the lines that a service runs."""
    fitted = learn(task, parts, as_of=as_of, known_on=KNOWN_ON, threads=2, data_version="benchmark", say=_say)
    model = fitted.model()
    return model.probability(model.matrix(parts.later.columns))


def late_frames(book: Book, peer: Reference) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same invoices as ours and the reference state them, with what is equal in both as the key."""
    theirs = peer.first_shown("late")
    parts = late_cases(book, from_book(book), LATE_AS_OF, LATE_PERIOD, KNOWN_ON, grace=5, say=_say)
    ours = pd.DataFrame(
        {
            "case_id": parts.later.case_ids,
            "customer_id": parts.later.customer_ids,
            "bad": parts.later.bad,
            "ours": stated_by(late_task(), parts, LATE_AS_OF),
        }
    )
    rows = folded(book).select("invoice_id", "issued_on", "due_on", "amount", "interest_rate", "settled_on").to_pandas()
    ours = ours.merge(rows, left_on="case_id", right_on="invoice_id").rename(columns={"interest_rate": "rate"})
    # The reference fills a missing amount with the median of all; so that both keys read alike, here too.
    filled = pd.to_numeric(ours["amount"]).fillna(peer.module.book()["amount"].median())
    ours = ours.assign(amount=filled, paid_on=pd.to_datetime(ours["settled_on"]).fillna(peer.module.FAR))
    return _numbered(ours), _numbered(theirs)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Keys as plain values, and the ordinal among equals: by payment, open last."""
    plain = frame.assign(
        customer_id=frame["customer_id"].astype(str),
        issued_on=pd.to_datetime(frame["issued_on"]).astype("datetime64[s]"),
        due_on=pd.to_datetime(frame["due_on"]).astype("datetime64[s]"),
        amount=pd.to_numeric(frame["amount"]).round(4),
        rate=pd.to_numeric(frame["rate"]).round(6),
    ).sort_values([*EQUALS, "paid_on"])
    return plain.assign(ordinal=plain.groupby(EQUALS, dropna=False).cumcount())


def default_frames(book: Book, peer: Reference, dpd: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same customers and dates as ours and the reference state them."""
    theirs = peer.first_shown("default", dpd, 180)
    what = Default(dpd=dpd, horizon=180, cured_days=0)  # the reference asks for no cure
    parts = default_cases(book, from_book(book), what, DEFAULT_AS_OF, DEFAULT_PERIOD, KNOWN_ON, say=_say)
    ours = pd.DataFrame(
        {
            "customer_id": parts.later.customer_ids.astype(str),
            "t": parts.later.at.astype("datetime64[D]").astype("datetime64[s]"),
            "bad": parts.later.bad,
            "ours": stated_by(default_task(what), parts, DEFAULT_AS_OF),
        }
    )
    theirs = theirs.assign(customer_id=theirs["customer_id"].astype(str), t=theirs["t"].astype("datetime64[s]"))
    return ours, theirs


def compare(name: str, ours: pd.DataFrame, theirs: pd.DataFrame, key: list[str]) -> None:
    """Print both on the cases that both have, and the paired difference."""
    both = ours.merge(theirs[[*key, "bad", "theirs"]], on=key, suffixes=("", "_theirs"), validate="one_to_one")
    agree = (both["bad"] == both["bad_theirs"]).sum()
    print(f"\n{name}: ours {len(ours)} cases, reference {len(theirs)}, both {len(both)}; outcomes agree in {agree}")
    bad, customers = both["bad"].to_numpy(), both["customer_id"].to_numpy().astype(str)
    print(f"  n {len(bad)}  bad {bad.sum()}  rate {bad.mean():.4f}  customers {len(set(customers))}")
    own, other = both["ours"].to_numpy(), both["theirs"].to_numpy()
    _line("ours", intervals(bad, own, customers))
    _line("reference", intervals(bad, other, customers))
    _line("difference", paired_difference(bad, own, other, customers))


def _line(who: str, found: Any) -> None:
    print(f"  {who:10} " + "  ".join(f"{name} {_figure(found[name])}" for name in SHOWN))


def _figure(found: Interval) -> str:
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _say(text: str) -> None:
    print(f"    {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Compare late(5) and default(30 | 60 | 90, 180)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the Datarisk extract")
    parser.add_argument("script", type=Path, help="the reference, quick_models.py")
    given = parser.parse_args()
    peer = reference(given.script, given.folder)
    with tempfile.TemporaryDirectory() as home:
        book = our_book(given.folder, Path(home))
        compare("late(5), issued 2020-09..12", *late_frames(book, peer), [*EQUALS, "ordinal"])
        for dpd in (30, 60, 90):
            compare(f"default({dpd}, 180), firsts 2020-04..09", *default_frames(book, peer, dpd), ["customer_id", "t"])


if __name__ == "__main__":
    main()
