"""What a notebook starts from: the book of the home folder, or a simulated one where no home folder is named."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from cli.album import Album
from cli.ledger import SIMULATED, end_of, take_in, the_book
from data.book import Book
from data.settings import Settings
from data.simulation.simulator import Shape, simulate

HOME: Final = "O2C_RISK_HOME"
AS_OF: Final = "O2C_RISK_AS_OF"
SHAPE: Final = Shape(
    customers=400,
    start_on=date(2018, 9, 1),
    end_on=date(2021, 3, 1),
    seed=7,
    stress_on=date(2020, 2, 1),
    stress_months=2,
)
"""The ledger that is simulated: two and a half years with two months of stress, February and March 2020."""


class NoLedgerError(ValueError):
    """The home folder holds no ledger.

    Attributes:
        home: The folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        super().__init__(
            f"{HOME} is {home}, which holds no invoices. Bring a ledger in (o2c-risk ingest), or unset {HOME}: "
            "the notebook then simulates a small one."
        )


@dataclass(frozen=True)
class Start:
    """What a notebook reads.

    Attributes:
        book: The book.
        settings: The installation; of a simulated book a temporary folder.
        as_of: Knowledge is frozen at the end of this day.
        shape: What was simulated here; None for a book that was found.
    """

    book: Book
    settings: Settings
    as_of: date
    shape: Shape | None

    @property
    def told(self) -> str:
        """Which book this is, in a sentence."""
        invoices = int(self.book["invoices"].invoice_id.nunique().to_pyarrow().as_py())
        if self.shape is None:
            what = f"The ledger in {self.settings.home}"
        else:
            what = f"A simulated ledger (seed {self.shape.seed}), made anew in {self.settings.home}"
        return f"{what}: {invoices:,} invoices, amounts in {self.book.currency}, as known at the end of {self.as_of}."

    def album(self, name: str) -> Album:
        """Where the pictures and figures of a notebook go: ``reports/notebooks`` in the home folder.

        Args:
            name: Name of the notebook; its files begin with it.
        """
        return Album(self.settings.reports / "notebooks", name)


def start(environment: Mapping[str, str] = os.environ, *, shape: Shape = SHAPE) -> Start:
    """Open the ledger of the home folder, or simulate one where the environment names no home folder.

    Args:
        environment: ``O2C_RISK_HOME`` names the home folder; ``O2C_RISK_AS_OF`` (year-month-day) the day at whose end
            knowledge is frozen, the last day the book knows of unless given.
        shape: What is simulated.

    Raises:
        NoLedgerError: The home folder holds no invoices.
        ValueError: ``O2C_RISK_AS_OF`` is no date.
    """
    simulated = not environment.get(HOME)
    settings = _simulated(shape) if simulated else Settings(home=Path(environment[HOME]))
    book = _opened(settings)
    last = book.last_day()
    if last is None:
        raise NoLedgerError(settings.home)
    given = environment.get(AS_OF)
    return Start(book, settings, date.fromisoformat(given) if given else last, shape if simulated else None)


def _opened(settings: Settings) -> Book:
    if not (settings.lake / "invoices").is_dir():
        raise NoLedgerError(settings.home)
    return the_book(settings)


def _simulated(shape: Shape) -> Settings:
    """A simulated extract, taken in as any other; the folder stays, for its pictures are looked at afterwards."""
    home = Path(tempfile.mkdtemp(prefix="o2c-risk-notebook-"))
    # Whatever else the environment names, such as a shared registry, is no place for what is made up.
    settings = Settings(home=home, currency=shape.currency, registry=None)
    simulate(shape).write(home / "extract")
    take_in(settings, home / "extract", SIMULATED, received_at=end_of(shape.end_on))
    return settings
