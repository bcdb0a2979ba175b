"""The quick model with the cohorts that ours has: its file begins its cohorts in 2019, ours with the book."""

from dataclasses import replace
from datetime import date
from typing import Final

import pandas as pd
import pyarrow as pa

from benchmarks.models.default_months import FIRST, HORIZON, LAST
from benchmarks.models.quick import Listener
from benchmarks.models.work import Work
from training.cases.cohort import month_firsts

ITS_FIRST: Final = f"date '{FIRST.isoformat()}'"
OUR_FIRST: Final = date(2018, 8, 1)
"""The first of the month of the book's first invoices; a cohort without customers adds nothing."""


class OtherQueryError(ValueError):
    """The quick model's file no longer says where its cohorts begin as it did."""

    def __init__(self, query: str) -> None:
        super().__init__(
            f"The quick model's query does not contain {ITS_FIRST} once: {query[:200]!r}. Look where its cohorts begin "
            "now, and say so in benchmarks/models/quick_early.py."
        )


class Earlier(Listener):
    """A connection on which cohorts begin earlier."""

    def execute(self, query: str) -> Listener:
        """Runs the query with the other first day.

        Raises:
            OtherQueryError: The query does not name the first day.
        """
        if query.count(ITS_FIRST) != 1:
            raise OtherQueryError(query)
        return super().execute(query.replace(ITS_FIRST, f"date '{OUR_FIRST.isoformat()}'"))


def default_months_early(work: Work, dpd: int) -> pa.Table:
    """What the quick model states as of each month having learnt from cohorts as early as ours.

    Args:
        work: The run.
        dpd: Days past due of the label.

    Returns:
        ``customer_id``, ``t`` and ``theirs_early``.
    """
    peer = replace(work.quick, con=Earlier(work.quick.con.con))
    found = peer.default_by_month(dpd, month_firsts(FIRST, LAST), horizon=HORIZON)
    plain = pd.DataFrame(
        {
            "customer_id": found["customer_id"].astype(str),
            "t": found["t"].astype("datetime64[s]"),
            "theirs_early": found["theirs"],
        }
    )
    return pa.Table.from_pandas(plain, preserve_index=False)
