"""A receivables portfolio whose truth is known: the default of the demo, and what the tests measure against.

Every customer has a latent strain (`strain`). It drives the daily hazard of distress and the odds of
late payment, and shows, with noise, in order volume, revenue, ratings, statements and disputes. A customer in
distress stops paying; the first invoice left unpaid makes the default (`episodes`).

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
months of stress; `tests/data/test_simulator.py` holds them. With the detail ``full`` a fifth of the invoices allow a
cash discount, so that twice as many are paid before the due date; `tests/data/test_simulated_details.py` holds those.
Dunning letters are events of ``full``; they follow from late invoices and are no default in this truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from data.contracts import CONTRACTS
from data.simulation.agreements import payment_terms_table
from data.simulation.cash import cash_tables
from data.simulation.claims import credit_notes_table, disputes_table
from data.simulation.customers import customers_table
from data.simulation.episodes import Phase, draw_phases
from data.simulation.events import credit_events_table
from data.simulation.financials import financials_table
from data.simulation.ledger import Ledger, invoices_table, ledger_of
from data.simulation.limits import draw_limits, limits_table
from data.simulation.mistakes import with_mistakes
from data.simulation.orders import deliveries_table, orders_table
from data.simulation.ratings import ratings_table
from data.simulation.references import exchange_rates_table, holidays_table
from data.simulation.schedule import draw_items
from data.simulation.securities import securities_table
from data.simulation.settlement import settle
from data.simulation.shape import Shape, ShapeError
from data.simulation.statements import statements_table
from data.simulation.truth import default_truth, episodes_table, late_truth
from data.simulation.world import World, draw_world

__all__ = ["NotSimulatedError", "Shape", "ShapeError", "Simulated", "read_simulated", "simulate"]

LEDGER: Final = (
    "customers",
    "invoices",
    "payments",
    "allocations",
    "credit_notes",
    "disputes",
    "orders",
    "customer_financials",
    "statements",
    "ratings",
    "credit_events",
    "limits",
)
"""Tables of every portfolio."""
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
        tables: The tables by the names of their contracts, as known at the end of the book: all of them with the
            detail ``full``, those of ``LEDGER`` with the detail ``ledger``.
        truth: ``default``, ``late`` and ``episodes``; see `truth`.
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
    files = {name: path for name, path in files.items() if name in LEDGER or path.is_file()}
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
    limits = draw_limits(world, phases)
    tables = {
        "customers": customers_table(world.shape, world.calendar, world.traits),
        "invoices": invoices_table(world, ledger),
        "payments": payments,
        "allocations": allocations,
        "credit_notes": credit_notes_table(world, ledger),
        "disputes": disputes_table(world, ledger),
        "orders": orders_table(world, ledger),
        "customer_financials": financials_table(world),
        "statements": statements_table(world, phases),
        "ratings": ratings_table(world, phases),
        "credit_events": credit_events_table(world, phases, ledger),
        "limits": limits_table(world, limits),
    }
    if not world.shape.is_full:
        return tables
    more = {
        "deliveries": deliveries_table(world, ledger),
        "payment_terms": payment_terms_table(world.calendar.start),
        "securities": securities_table(world, limits),
        "exchange_rates": exchange_rates_table(world),
        "holidays": holidays_table(world),
    }
    return with_mistakes(world, tables | more)


def _truth(world: World, phases: list[Phase], ledger: Ledger) -> dict[str, pa.Table]:
    return {
        "default": default_truth(world, phases),
        "late": late_truth(ledger),
        "episodes": episodes_table(phases),
    }
