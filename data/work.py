"""What a delivery has to do with the lake, and what it would add to it: found out before anything is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import CONTRACTS
from data.deletions import withdrawals
from data.delivery import Delivery, Options
from data.lake import Lake, Plan
from data.notes import standing
from data.staging import Staged


def _no_rows(name: str) -> pa.Table:
    return CONTRACTS[name].schema.empty_table()


@dataclass(frozen=True)
class Linked:
    """What the lake holds that belongs to rows of a delivery, contract-shaped.

    Attributes:
        known: Newest versions of invoices to which the delivery allocates something.
        waiting: Allocations to invoices that the lake did not hold and that the delivery brings.
        marked: Those of the known invoices whose outcome is unknown now.
    """

    known: pa.Table
    waiting: pa.Table
    marked: pa.Table = field(default_factory=lambda: _no_rows("invoices"))


@dataclass(frozen=True)
class Work:
    """What is to be written.

    Attributes:
        plans: The rows of the delivery, by table.
        marked: Invoices of earlier deliveries whose outcome is unknown now.
        absent: What a full extract lacks, by table.
        notes: What a person should know of it.
    """

    plans: Mapping[str, Plan]
    marked: Plan
    absent: Mapping[str, Plan]
    notes: tuple[str, ...]

    def all(self) -> Iterator[Plan]:
        """In the order of writing: what is referred to before what refers to it, withdrawals the other way round."""
        yield self.marked
        yield from (self.plans[name] for name in CONTRACTS if name in self.plans)
        yield from (self.absent[name] for name in reversed(CONTRACTS) if name in self.absent)


def linked_with(staged: Mapping[str, Staged], lake: Lake) -> Linked:
    """What the lake holds that belongs to the rows of a delivery, whose own rules have been applied."""
    return Linked(_invoices_allocated_to(staged, lake), _waiting(staged, lake))


def _invoices_allocated_to(staged: Mapping[str, Staged], lake: Lake) -> pa.Table:
    if "allocations" not in staged or not lake.files("invoices"):
        return _no_rows("invoices")
    return lake.newest("invoices", pa.table({"invoice_id": pc.unique(staged["allocations"].rows["invoice_id"])}))


def _waiting(staged: Mapping[str, Staged], lake: Lake) -> pa.Table:
    """Allocations that came before their invoice, in the version that counts now."""
    if "invoices" not in staged or not lake.files("allocations"):
        return _no_rows("allocations")
    delivered = pa.table({"invoice_id": pc.unique(standing(staged["invoices"])["invoice_id"])})
    held = lake.newest("invoices", delivered, columns=("invoice_id",))["invoice_id"].combine_chunks()
    fresh = delivered.filter(pc.invert(pc.is_in(delivered["invoice_id"], held)))
    if not fresh.num_rows:
        return _no_rows("allocations")
    newest = lake.newest("allocations", lake.matching("allocations", fresh).select(CONTRACTS["allocations"].key))
    return newest.filter(pc.invert(newest["is_deleted"]))


def planned(staged: Mapping[str, Staged], linked: Linked, lake: Lake, delivery: Delivery, options: Options) -> Work:
    """All that a delivery would add to the lake.

    Raises:
        DeliveryOutOfOrderError: A correction is older than what it corrects.
        TooManyDeletionsError: A full extract lacks more than it may withdraw.
    """
    plans = {
        name: lake.plan(
            name,
            table.rows.filter(pa.array(table.accepted)),
            received_at=delivery.known_at,
            restates_past=delivery.restates_past,
            full_extract=name in delivery.full,
        )
        for name, table in staged.items()
    }
    marked = lake.plan("invoices", linked.marked, received_at=delivery.known_at, restates_past=True)
    absent, notes = withdrawals(staged, lake, delivery, options)
    return Work(
        plans,
        marked,
        {name: lake.plan(name, rows, received_at=delivery.known_at) for name, rows in absent.items()},
        (*_note_of_marked(linked.marked), *notes),
    )


def _note_of_marked(marked: pa.Table) -> list[str]:
    if not marked.num_rows:
        return []
    return [
        f"{marked.num_rows} invoices of earlier deliveries lost a payment to the quarantine; their outcome is unknown."
    ]
