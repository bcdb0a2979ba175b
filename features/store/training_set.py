"""Facts as of many customers and instants at once, by Feast's point-in-time join."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.store.definitions import AS_OF_DAY, CUSTOMER_ID, EVENT_AT, VIEW
from features.store.feast_api import FeatureStore

ROW: Final = "entity_row"


class RowsChangedError(RuntimeError):
    """The join did not give one row per entity."""

    def __init__(self, asked: int, given: int) -> None:
        super().__init__(
            f"The point-in-time join was asked for {asked} rows and gave {given}, or gave some of them twice. "
            "A training set that loses rows is biased; nothing was returned"
        )
        self.asked = asked
        self.given = given


def join_history(feast: FeatureStore, entities: pa.Table, names: Sequence[str], *, stale_after_days: int) -> pa.Table:
    """The newest facts at each entity's instant, or nulls where there are none or they are stale.

    A fact counts from the end of its day: as of 1 March it is seen from 2 March 00:00 UTC on.

    Feast's ``filter_by_created_timestamp`` stays off on purpose. It would keep a row from every instant before
    the one at which the row was *computed*, and history is computed after the fact: years of days in one run,
    and a day again when the code or a late correction demands. What was known on a day is decided by
    `features.build`, which counts a ledger row only if it happened and became known by then; the computation
    adds no knowledge. Among several rows of one day the one computed last counts, which Feast does either way.

    Raises:
        RowsChangedError: Rows out differ from rows in.
    """
    asked = pd.DataFrame(
        {
            CUSTOMER_ID: entities.column(CUSTOMER_ID).to_pandas(),
            EVENT_AT: entities.column("at").cast(pa.timestamp("us", tz="UTC")).to_pandas(),
            ROW: range(entities.num_rows),
        }
    )
    found = feast.get_historical_features(asked, [f"{VIEW}:{name}" for name in (AS_OF_DAY, *names)]).to_arrow()
    return _without_stale(entities, _in_order(found, entities.num_rows), names, stale_after_days)


def _in_order(found: pa.Table, asked: int) -> pa.Table:
    """The rows of a join in the order of the entities.

    Raises:
        RowsChangedError: They are not one per entity.
    """
    rows = found.column(ROW).to_numpy()
    if not np.array_equal(np.sort(rows), np.arange(asked)):
        raise RowsChangedError(asked, found.num_rows)
    # Our own offline store keeps the order; another one need not.
    return found if np.array_equal(rows, np.arange(asked)) else found.take(pc.sort_indices(found, [(ROW, "ascending")]))


def _without_stale(entities: pa.Table, found: pa.Table, names: Sequence[str], stale_after_days: int) -> pa.Table:
    # Feast's TTL counts from the end of the day and includes its last instant; the rule of freshness.py counts
    # business days. The TTL is the wider of the two and saves work, this decides.
    day = found.column(AS_OF_DAY).cast(pa.int32()).cast(pa.date32())
    asked_on = entities.column("at").cast(pa.timestamp("us", tz="UTC")).cast(pa.date32())
    age = pc.days_between(day, asked_on)
    fresh = pc.fill_null(pc.less(age, stale_after_days), False)
    nothing = pa.scalar(None, pa.float64())
    columns = {name: entities.column(name) for name in ("case_id", CUSTOMER_ID, "at")}
    columns["as_of"] = pc.if_else(fresh, day, pa.scalar(None, pa.date32()))
    for name in names:
        columns[name] = pc.if_else(fresh, found.column(name).cast(pa.float64()), nothing)
    return pa.table(columns)
