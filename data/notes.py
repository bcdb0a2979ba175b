"""What a person should know of a delivery although nothing was refused for it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.delivery import Options
from data.lake import Lake
from data.staging import Staged

REFERENCES: Final = (
    ("invoices", "customer_id", "customers"),
    ("allocations", "invoice_id", "invoices"),
    ("allocations", "payment_id", "payments"),
    ("credit_notes", "invoice_id", "invoices"),
    ("disputes", "invoice_id", "invoices"),
    ("deliveries", "order_id", "orders"),
)
LONGEST_RATE_AGE: Final = timedelta(days=31)
"""From a quotation to the invoice; an older rate says nothing about it, and figures do not use it."""


def notes(staged: Mapping[str, Staged], lake: Lake, *, waiting: pa.Table, options: Options) -> list[str]:
    """Sentences with counts.

    Args:
        staged: The tables of the delivery, rules and links applied.
        lake: What was there before.
        waiting: Allocations in the lake whose invoice comes with this delivery only, contract-shaped.
        options: The currency in which figures are wanted.
    """
    found = [warning for table in staged.values() for warning in table.warnings]
    for name, column, target in REFERENCES:
        count = _strangers(staged, lake, name, column, target) if name in staged else 0
        if count:
            found.append(
                f"{count} rows of {name} refer to {target} that neither the delivery nor the lake holds; they are kept."
            )
    if waiting.num_rows:
        found.append(f"{waiting.num_rows} rows of allocations that came before their invoice are linked to it now.")
    return [*found, *_without_rate(staged, lake, options)]


def standing(staged: Staged) -> pa.Table:
    """The rows of a table that are accepted and not withdrawn."""
    return staged.rows.filter(pa.array(staged.accepted)).filter(pc.invert(pc.field("is_deleted")))


def _strangers(staged: Mapping[str, Staged], lake: Lake, name: str, column: str, target: str) -> int:
    """Rows of a table whose reference leads nowhere."""
    named = standing(staged[name])[column].drop_null()
    if target in staged:
        delivered = standing(staged[target])[column].combine_chunks()
        named = named.filter(pc.invert(pc.is_in(named, delivered)))
    if not len(named):
        return 0
    held = lake.held(target, pa.table({column: pc.unique(named)}))[column].combine_chunks()
    return int(pc.sum(pc.invert(pc.is_in(named, held))).as_py() or 0)


def _without_rate(staged: Mapping[str, Staged], lake: Lake, options: Options) -> Iterator[str]:
    """Per foreign currency, invoices that no rate turns into the currency of the figures."""
    if "invoices" not in staged:
        return
    invoices = standing(staged["invoices"])
    into = options.currency or _main_currency(invoices, lake)
    for currency in sorted(set(pc.unique(invoices["currency"]).to_pylist()) - {into}):
        issued = invoices.filter(pc.equal(invoices["currency"], currency))["issued_on"].to_numpy()
        count = int((~_has_rate(issued, _quoted(staged, lake, currency, into))).sum())
        if count:
            yield (
                f"{count} invoices in {currency} have no exchange rate into {into} from the "
                f"{LONGEST_RATE_AGE.days} days up to their issue; figures count their amounts as unknown."
            )


def _main_currency(invoices: pa.Table, lake: Lake) -> str:
    """The currency of most invoices; the first by name of several."""
    counts = lake.tally("invoices", "currency")
    for row in invoices["currency"].value_counts().to_pylist():
        counts[row["values"]] = counts.get(row["values"], 0) + row["counts"]
    return min(counts, key=lambda currency: (-counts[currency], currency), default="")


def _quoted(staged: Mapping[str, Staged], lake: Lake, currency: str, into: str) -> np.ndarray:
    """Days with a rate, sorted."""
    pair = pa.table({"currency": [currency], "into_currency": [into]})
    held = lake.matching("exchange_rates", pair)
    days = [held.filter(pc.invert(held["is_deleted"]))["quoted_on"].to_numpy()]
    if "exchange_rates" in staged:
        rates = standing(staged["exchange_rates"])
        mine = pc.and_(pc.equal(rates["currency"], currency), pc.equal(rates["into_currency"], into))
        days.append(rates.filter(mine)["quoted_on"].to_numpy())
    return np.sort(np.concatenate(days).astype("datetime64[D]"))


def _has_rate(issued: np.ndarray, quoted: np.ndarray) -> np.ndarray:
    if not len(quoted):
        return np.zeros(len(issued), dtype=bool)
    issued = issued.astype("datetime64[D]")
    place = np.searchsorted(quoted, issued, side="right") - 1
    age = issued - quoted[np.maximum(place, 0)]
    has: np.ndarray = (place >= 0) & (age <= np.timedelta64(LONGEST_RATE_AGE.days, "D"))
    return has
