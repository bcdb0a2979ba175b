"""A receivables portfolio whose truth is known: the default of the demo, and what the tests measure against.

Every customer has a latent strain (`simulated_strain`). It drives the daily hazard of distress and the odds of
late payment, and shows, with noise, in order volume, revenue, ratings, statements and disputes. A customer in
distress stops paying; the first invoice left unpaid makes the default (`simulated_episodes`).

How the simulator's events relate to the labels:

* default(90, 180) and default(60, 180) of a customer at ``as_of`` (without a materiality threshold) are the
  events behind ``pd_90_180d`` and ``pd_60_180d`` of ``truth["default"]``, by construction and not only for
  customers with regular invoices: outside distress nothing is paid later than 60 days, and the probability is
  summed for the due dates that the customer has. ``distress_prob_180d`` is the hazard alone: whoever stops
  paying has its default about 91 days later, after its next due date.
* late(5) of an invoice is the event behind ``late5_prob`` of ``truth["late"]``. Settlement is complete on the
  day the label looks for it; part payments, short payments and credit notes do not move it.

Both are probabilities given more than any model can see: the strain, whether the customer has stopped paying,
and which invoices will be issued and which of them are ones the customer pays early; none of these depends on
what happens to strain within the horizon. So the mean of the truth over any group that a model can form equals,
but for chance, the share of events in it: a calibrated model finds it again.

The figures of the default shape are near those of a real ledger: 79 % of invoices paid on the due date, 11 % before
it, 7 % late by 5 days or more, 1.1 % by more than 30, 0.35 % by more than 90, and twice as many late for the two
months of stress; `tests/data/test_simulator.py` holds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from data.contracts import CONTRACTS
from data.simulated_cash import cash_tables
from data.simulated_customers import customers_table
from data.simulated_episodes import Phase, draw_phases
from data.simulated_ledger import (
    Ledger,
    credit_notes_table,
    disputes_table,
    invoices_table,
    ledger_of,
    orders_table,
)
from data.simulated_records import (
    credit_events_table,
    financials_table,
    limits_table,
    ratings_table,
    statements_table,
)
from data.simulated_schedule import draw_items
from data.simulated_settlement import settle
from data.simulated_shape import Shape, ShapeError
from data.simulated_truth import default_truth, episodes_table, late_truth
from data.simulated_world import World, draw_world

__all__ = ["NotSimulatedError", "Shape", "ShapeError", "Simulated", "read_simulated", "simulate"]

TRUTH: Final = ("default", "late", "episodes")
STEPS: Final = 6

Progress = Callable[[str, int, int], None]
"""Called with the step that begins, its position from 0 and the number of steps."""


class NotSimulatedError(ValueError):
    """A folder that does not hold a simulated portfolio.

    Attributes:
        folder: The folder.
        missing: The files it lacks, relative to it.
    """

    def __init__(self, folder: Path, missing: list[str]) -> None:
        super().__init__(f"{folder} holds no simulated portfolio: {', '.join(missing)} missing. Write one first.")
        self.folder = folder
        self.missing = missing


@dataclass(frozen=True)
class Simulated:
    """A simulated portfolio.

    Attributes:
        tables: One table per contract, by its name, as known at the end of the book.
        truth: ``default``, ``late`` and ``episodes``; see `simulated_truth`.
    """

    tables: Mapping[str, pa.Table]
    truth: Mapping[str, pa.Table]

    def write(self, folder: Path) -> None:
        """Write ``<table>.parquet`` for each table, as an ERP would drop them, and the truth under ``truth/``."""
        (folder / "truth").mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
        for name, table in self.truth.items():
            pq.write_table(table, folder / "truth" / f"{name}.parquet")


def read_simulated(folder: Path) -> Simulated:
    """Read what :meth:`Simulated.write` wrote.

    Raises:
        NotSimulatedError: A file is missing.
    """
    files = {name: folder / f"{name}.parquet" for name in CONTRACTS}
    truths = {name: folder / "truth" / f"{name}.parquet" for name in TRUTH}
    missing = [str(path.relative_to(folder)) for path in (*files.values(), *truths.values()) if not path.is_file()]
    if missing:
        raise NotSimulatedError(folder, missing)
    return Simulated(
        tables={name: pq.read_table(path).cast(CONTRACTS[name].schema) for name, path in files.items()},
        truth={name: pq.read_table(path) for name, path in truths.items()},
    )


def simulate(shape: Shape | None = None, progress: Progress | None = None) -> Simulated:
    """Draw a portfolio; equal shapes give equal tables.

    Args:
        shape: Its size, days and seed; the default shape if None.
        progress: Told of each step as it begins.

    Returns:
        Tables in the shape of the contracts, and the truth behind them.

    Example:
        >>> from datetime import date
        >>> book = simulate(Shape(customers=20, start_on=date(2024, 1, 1), end_on=date(2024, 6, 30)))
        >>> book.tables["customers"].num_rows >= 20, sorted(book.truth)
        (True, ['default', 'episodes', 'late'])
    """
    tell = progress or _silent
    tell("customers", 0, STEPS)
    world = draw_world(shape or Shape())
    tell("invoices", 1, STEPS)
    items = draw_items(world)
    tell("episodes", 2, STEPS)
    phases = draw_phases(world, items)
    tell("payments", 3, STEPS)
    ledger = ledger_of(world, items, settle(world, items, phases))
    tell("truth", 4, STEPS)
    truth = _truth(world, phases, ledger)
    del items
    phases = [phase.without_items() for phase in phases]
    tell("tables", 5, STEPS)
    return Simulated(_tables(world, phases, ledger), truth)


def _silent(step: str, position: int, steps: int) -> None:
    """No progress is wanted."""


def _tables(world: World, phases: list[Phase], ledger: Ledger) -> dict[str, pa.Table]:
    payments, allocations = cash_tables(world, ledger)
    return {
        "customers": customers_table(world.shape, world.calendar, world.traits),
        "invoices": invoices_table(world, ledger),
        "payments": payments,
        "allocations": allocations,
        "credit_notes": credit_notes_table(world, ledger),
        "disputes": disputes_table(world, ledger),
        "orders": orders_table(world, ledger),
        "customer_financials": financials_table(world),
        "statements": statements_table(world),
        "ratings": ratings_table(world),
        "credit_events": credit_events_table(world, phases),
        "limits": limits_table(world),
    }


def _truth(world: World, phases: list[Phase], ledger: Ledger) -> dict[str, pa.Table]:
    return {
        "default": default_truth(world, phases),
        "late": late_truth(ledger),
        "episodes": episodes_table(phases),
    }
