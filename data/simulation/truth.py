"""The known truth of a simulated portfolio: hazards, episodes and what came of them."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.simulation.calendar import Calendar
from data.simulation.columns import NEVER, Days, Flags, choice, days, flags, identifiers, numbers
from data.simulation.episodes import Episodes, Phase, due_index
from data.simulation.ledger import Ledger
from data.simulation.settlement import GRACE_DAYS
from data.simulation.survival import HORIZON, default_within, distress_within
from data.simulation.world import World

PERFORMING: Final = 0
DISTRESS: Final = 1
DEFAULT: Final = 2
STATUSES: Final = ("PERFORMING", "DISTRESS", "DEFAULT")

Cells = npt.NDArray[np.float64]
"""One value per customer and first of month, shape (customers, as_ofs)."""


def episodes_table(phases: list[Phase]) -> pa.Table:
    """All episodes of distress, those beyond the end of the book included; one row each."""
    drawn = [phase.episode.take(phase.episode.distress < NEVER) for phase in phases]
    column = {name: np.concatenate([getattr(part, name) for part in drawn]) for name in _EPISODE_COLUMNS}
    order = np.lexsort((column["distress"], column["customer"]))
    return pa.table(
        {
            "customer_id": identifiers("C", column["customer"][order], 6),
            **{_EPISODE_COLUMNS[name]: days(column[name][order]) for name in _EPISODE_COLUMNS if name != "customer"},
        }
    )


_EPISODE_COLUMNS: Final = {
    "customer": "customer_id",
    "distress": "distress_on",
    "unpaid_due": "first_unpaid_due_on",
    "default": "default_on",
    "default_60": "default_60_on",
    "insolvent": "insolvent_on",
    "resumed": "resumed_on",
    "cured": "cured_on",
    "written_off": "written_off_on",
}


def default_truth(world: World, phases: list[Phase]) -> pa.Table:
    """True probabilities of every customer on every first of month from its sign-up on.

    Returns:
        One row per customer and ``as_of``, ordered by customer: ``customer_id``, ``as_of``; ``status``:
        PERFORMING, DISTRESS (stopped paying, not yet in default) or DEFAULT (until cured); ``strain``, the
        latent strain in the month; ``distress_prob_180d``, P(stops paying in (as_of, as_of + 180]), null
        unless PERFORMING; ``pd_90_180d`` and ``pd_60_180d``, P(default(90, 180)) and P(default(60, 180)),
        null from that default on until cured; ``default_90_180d`` and ``default_60_180d``, what happened.
    """
    as_ofs = world.calendar.as_ofs
    size = (world.shape.customers, len(as_ofs))
    status = np.full(size, DEFAULT, np.int8)
    distress = np.full(size, np.nan)
    chances = {dpd: np.full(size, np.nan) for dpd in (90, 60)}
    for phase in phases:
        here = (phase.entry[:, None] <= as_ofs) & (as_ofs < phase.episode.default[:, None])
        pays = here & (as_ofs < phase.episode.distress[:, None])
        status[phase.customer] = np.where(pays, PERFORMING, np.where(here, DISTRESS, status[phase.customer]))
        _fill_performing(world, phase, pays, distress, chances)
        _fill_distressed(as_ofs, phase, chances)
    return _rows(world, phases, status, distress, chances)


def _fill_performing(world: World, phase: Phase, pays: Flags, distress: Cells, chances: dict[int, Cells]) -> None:
    """Sums of hazards for customers who pay, in place."""
    calendar, strain, survival = world.calendar, world.strain, world.survival
    row, column = np.nonzero(pays)
    who, as_of = phase.customer[row], calendar.as_ofs[column]
    month = calendar.month_of(as_of)
    state = (month, strain.level[who], strain.state[who, month])
    distress[who, column] = distress_within(survival)[state]
    index = due_index(phase.items)
    for dpd, cells in chances.items():
        last = index.last_intended(who, as_of + np.int32(HORIZON - dpd - 1))
        cells[who, column] = default_within(survival, dpd)[(*state, np.maximum(last - as_of, 0))]


def _fill_distressed(as_ofs: Days, phase: Phase, chances: dict[int, Cells]) -> None:
    """Customers who have stopped paying: the default is certain, its date decides; in place."""
    episode = phase.episode
    for dpd, happens in ((90, episode.default), (60, episode.default_60)):
        waits = (as_ofs >= episode.distress[:, None]) & (as_ofs < happens[:, None])
        row, column = np.nonzero(waits & (episode.distress < NEVER)[:, None])
        chances[dpd][phase.customer[row], column] = happens[row] <= as_ofs[column] + HORIZON


def _rows(
    world: World,
    phases: list[Phase],
    status: npt.NDArray[np.int8],
    distress: Cells,
    chances: dict[int, Cells],
) -> pa.Table:
    calendar = world.calendar
    who, column = np.nonzero(world.traits.signed_up[:, None] <= calendar.as_ofs)
    as_of = calendar.as_ofs[column]
    drawn = [phase.episode.take(phase.episode.distress < NEVER) for phase in phases]
    return pa.table(
        {
            "customer_id": identifiers("C", who, 6),
            "as_of": days(as_of),
            "status": choice(status[who, column], STATUSES),
            "strain": numbers(world.strain.value(who, calendar.month_of(as_of))),
            "distress_prob_180d": numbers(distress[who, column]),
            "pd_90_180d": numbers(chances[90][who, column]),
            "pd_60_180d": numbers(chances[60][who, column]),
            "default_90_180d": flags(_happened(calendar, status.shape, drawn, "default")[who, column]),
            "default_60_180d": flags(_happened(calendar, status.shape, drawn, "default_60")[who, column]),
        }
    )


def _happened(calendar: Calendar, size: tuple[int, ...], drawn: list[Episodes], name: str) -> Flags:
    """Whether an event fell in (as_of, as_of + 180], shape (customers, as_ofs)."""
    happened = np.zeros(size, bool)
    for episode in drawn:
        day = getattr(episode, name)[:, None]
        happened[episode.customer] |= (day > calendar.as_ofs) & (day <= calendar.as_ofs + HORIZON)
    return happened


def late_truth(ledger: Ledger) -> pa.Table:
    """True probability at issue that an invoice is late(5), and whether it is, known by the end or not.

    Returns:
        One row per invoice of the book: ``invoice_id``, ``late5_prob`` in [0, 1] and ``late5``.
    """
    rows = np.flatnonzero(ledger.is_in_book)
    paid, due = ledger.settlement.paid[rows], ledger.items.due[rows]
    return pa.table(
        {
            "invoice_id": identifiers("I", ledger.number[rows], 9),
            "late5_prob": numbers(ledger.settlement.late5_prob[rows].astype(np.float64)),
            "late5": flags(paid - due >= GRACE_DAYS),
        }
    )
