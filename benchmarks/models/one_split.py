"""Our models as released beside the quick model on one split of time: figures, intervals and paired differences.

Both learn from what was known on one date and are judged on the same later cases. Ours are the models of `training`,
trained by the same lines as a release. Intervals resample customers. No aim is of one split; README shows it.

One difference is kept, for it is one of definitions: a customer at t is scored by ours at the end of that day, by the
quick model at its start. An invoice is scored by both on what was known before the day of its issue.
"""

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.models.aims import Line, figure
from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.late_months import keyed
from benchmarks.models.paired import plain
from benchmarks.models.quick import EQUALS, numbered
from benchmarks.models.work import Work, say
from training.cases.split import Split
from training.default_model import Default, default_cases
from training.default_model import task as default_task
from training.fitting.learn import Task, learn
from training.judging.bootstrap import intervals, paired_difference
from training.late_model import late_cases
from training.late_model import task as late_task

CODE: Final = ("one_split", "quick", "extract", "late_months", "paired")
LATE_AS_OF, LATE_PERIOD = date(2020, 9, 1), (date(2020, 9, 1), date(2020, 12, 31))
DEFAULT_AS_OF, DEFAULT_PERIOD = date(2020, 4, 1), (date(2020, 4, 1), date(2020, 9, 1))
DAYS_PAST_DUE: Final = (30, 60, 90)
SHOWN: Final = ("auc", "average_precision", "ks", "brier", "mean_probability")


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    late = {"late(5)": compared(*late_frames(work), [*EQUALS, "ordinal"])}
    frames = {f"default({dpd}, 180)": default_frames(work, dpd) for dpd in DAYS_PAST_DUE}
    return late | {name: compared(*pair, ["customer_id", "t"]) for name, pair in frames.items()}


def stated_by(work: Work, task: Task, parts: Split, as_of: date) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Our probabilities for the later cases, by the lines that a service runs."""
    fitted = learn(task, parts, as_of=as_of, known_on=KNOWN_ON, threads=work.threads, data_version="benchmark", say=say)
    model = fitted.model()
    return model.probability(model.matrix(parts.later.columns))


def late_frames(work: Work) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same invoices as ours and the quick model state them, with what is equal in both as the key."""
    theirs = work.quick.first_shown("late")
    parts = late_cases(work.book, work.facts, LATE_AS_OF, LATE_PERIOD, KNOWN_ON, grace=5, say=say)
    ours = pd.DataFrame(
        {
            "case_id": parts.later.case_ids,
            "customer_id": parts.later.customer_ids,
            "bad": parts.later.bad,
            "ours": stated_by(work, late_task(), parts, LATE_AS_OF),
        }
    )
    return numbered(keyed(work, ours)), numbered(theirs)


def default_frames(work: Work, dpd: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same customers and dates as ours and the quick model state them."""
    theirs = work.quick.first_shown("default", dpd, 180)
    what = Default(dpd=dpd, horizon=180, cured_days=0)  # the quick model asks for no cure
    parts = default_cases(work.book, work.facts, what, DEFAULT_AS_OF, DEFAULT_PERIOD, KNOWN_ON, say=say)
    ours = pd.DataFrame(
        {
            "customer_id": parts.later.customer_ids.astype(str),
            "t": parts.later.at.astype("datetime64[D]").astype("datetime64[s]"),
            "bad": parts.later.bad,
            "ours": stated_by(work, default_task(what), parts, DEFAULT_AS_OF),
        }
    )
    theirs = theirs.assign(customer_id=theirs["customer_id"].astype(str), t=theirs["t"].astype("datetime64[s]"))
    return ours, theirs


def compared(ours: pd.DataFrame, theirs: pd.DataFrame, key: list[str]) -> dict[str, Any]:
    """Both on the cases that both have, and the paired difference, as plain values."""
    both = ours.merge(theirs[[*key, "bad", "theirs"]], on=key, suffixes=("", "_theirs"), validate="one_to_one")
    bad, customers = both["bad"].to_numpy(), both["customer_id"].to_numpy().astype(str)
    own, other = both["ours"].to_numpy(), both["theirs"].to_numpy()
    return {
        "cases": {"ours": len(ours), "theirs": len(theirs), "both": len(both)},
        "bad": int(bad.sum()),
        "outcomes_differ": int((both["bad"] != both["bad_theirs"]).sum()),
        "ours": plain(intervals(bad, own, customers)),
        "theirs": plain(intervals(bad, other, customers)),
        "difference": plain(paired_difference(bad, own, other, customers)),
    }


def lines(found: dict[str, Any]) -> list[Line]:
    """Each figure of both, and ours less theirs."""
    return [line for target, figures in found.items() for line in _lines(target, figures)]


def _lines(target: str, found: dict[str, Any]) -> list[Line]:
    head = Line(
        f"{target}, one split, {found['cases']['both']} cases, {found['bad']} bad", "ours; quick model; difference"
    )
    told = [
        Line(f"  {name}", "; ".join(figure(found[who][name], signed=who == "difference") for who in WHO))
        for name in SHOWN
    ]
    return [head, *told]


WHO: Final = ("ours", "theirs", "difference")
