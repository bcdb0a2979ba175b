"""late(5) walking forward, by ours and by the quick model, on the same invoices."""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.quick import EQUALS, numbered
from benchmarks.models.work import Work, say
from training.cases.cohort import month_firsts
from training.fitting.walk import walk
from training.late_model import labelled_late, task

FIRST: Final = date(2019, 7, 1)
LAST: Final = date(2020, 12, 31)
GRACE: Final = 5


def late_months(work: Work) -> pa.Table:
    """Every invoice that both state, with the month, the first day its outcome may be used, and all probabilities."""
    theirs, ours = numbered(work.quick.late_by_month()), our_months(work)
    key = [*EQUALS, "ordinal"]
    both = ours.merge(theirs[[*key, "bad", "theirs"]], on=key, suffixes=("", "_theirs"), validate="one_to_one")
    disagree = int((both["bad"] != both["bad_theirs"]).sum())
    say(f"late({GRACE}): ours {len(ours)}, theirs {len(theirs)}, both {len(both)}, outcomes differ in {disagree}")
    kept = both.assign(month=both["issued_on"].to_numpy().astype("datetime64[M]").astype("datetime64[s]"))
    names = ["customer_id", "month", "matures_on", "bad", "bad_theirs", "ours", "raw", "theirs"]
    return pa.Table.from_pandas(kept[names], preserve_index=False)


def our_months(work: Work) -> pd.DataFrame:
    """Our walk forward with one seed, with what is equal in both books as the key of a case."""
    labelled = labelled_late(work.book, work.facts, LAST, grace=GRACE, say=say)
    months = [*month_firsts(FIRST, LAST), date(2021, 1, 1)]
    found = walk(task(GRACE), labelled, months, KNOWN_ON, threads=work.threads, say=say)
    stated = pd.DataFrame(
        {
            "case_id": found.cases.case_ids,
            "customer_id": found.cases.customer_ids,
            "matures_on": found.cases.matures_on.astype("datetime64[s]"),
            "bad": found.cases.bad,
            "ours": found.stated,
            "raw": found.raw,
        }
    )
    return numbered(keyed(work, stated))


def keyed(work: Work, stated: pd.DataFrame) -> pd.DataFrame:
    """Stated invoices with dates, amount and rate; a missing amount is filled as the quick model fills it."""
    names = ("invoice_id", "issued_on", "due_on", "amount", "interest_rate", "settled_on")
    rows = work.rows.select(*names).to_pandas().rename(columns={"interest_rate": "rate"})
    ours = stated.merge(rows, left_on="case_id", right_on="invoice_id")
    filled = pd.to_numeric(ours["amount"]).fillna(np.float64(work.quick.module.book()["amount"].median()))
    return ours.assign(amount=filled, paid_on=pd.to_datetime(ours["settled_on"]).fillna(work.quick.module.FAR))
