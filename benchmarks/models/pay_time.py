"""Time to pay: the delays of single invoices against the customer's own, and the weekly cash of all open ones."""

from typing import Any, Final

import numpy as np

from benchmarks.models.aims import Line, figure
from benchmarks.models.cash import judged
from benchmarks.models.cash_weeks import FITTED_ON, cash_weeks
from benchmarks.models.delays import by_quarter, delays, figures
from benchmarks.models.kept import own_code
from benchmarks.models.late_model_then import late_model_then
from benchmarks.models.work import Work

MAKERS: Final = ("cash_weeks", "late_model_then", "average_delays", "extract")
DELAYS: Final = ("delays", "late_model_then", "extract")
CODE: Final = (*MAKERS, *DELAYS, "pay_time", "cash", "paired")
BAND: Final = (0.77, 0.83)
DRAWS: Final = 2_000
SEED: Final = 29


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    rows = work.kept.table("delays", own_code(*DELAYS), lambda: delays(work))
    weeks = work.kept.table(
        "cash",
        own_code(*MAKERS),
        lambda: cash_weeks(work, late_model_then(work, FITTED_ON).model(threads=work.threads)),
    )
    told = figures(rows) | {"quarters": by_quarter(rows), "perfect_pit_distance": perfect_pit_distance(rows.num_rows)}
    return {"delays": told, "cash": judged(weeks)}


def perfect_pit_distance(cases: int) -> float:
    """Mean distance from even that a perfect model exceeds in one of 20 samples of so many independent cases.

    Example:
        >>> perfect_pit_distance(100_000) < perfect_pit_distance(1_000)
        True
    """
    counts = np.random.default_rng(SEED).multinomial(cases, [0.1] * 10, size=DRAWS)
    drawn = np.abs(counts / cases * 10 - 1).mean(axis=1)
    return float(np.quantile(drawn, 0.95))


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    told, cash = found["delays"], found["cash"]
    off, cover = told["crps_difference"], told["coverage_80_not_on_due"]
    crps = f"{told['crps']['value']:.3f} against {told['own_crps']['value']:.3f} days, "
    even, perfect = told["pit_distance"], told["perfect_pit_distance"]
    return [
        Line(
            f"time to pay: CRPS below the customer's own delays ({told['cases']} invoices, refitted by quarter)",
            crps + figure(off, signed=True, places=3),
            off["high"] < 0,
        ),
        Line(
            "  randomised PIT even as a perfect model's",
            f"bins off by {even:.1%} in the mean; a perfect model's by up to {perfect:.1%} if cases were independent",
            even <= perfect,
        ),
        Line(
            "  80 % interval covers 77 to 83 % of those not paid on the due date",
            f"{figure(cover, places=3)} of {told['not_on_due']}; by quarter "
            + ", ".join(f"{row['coverage_80_not_on_due']['value']:.3f}" for row in told["quarters"]),
            BAND[0] <= cover["value"] <= BAND[1],
        ),
        *_cash(cash),
    ]


def _cash(cash: dict[str, Any]) -> list[Line]:
    mae, share, inside = cash["mae"], cash["wape"], cash["coverage_80"]
    said = f"{cash['days']} days of forecast, {cash['weeks']} weeks"
    return [
        Line(
            f"  weekly cash: error below that of everyone paying as on average ({said})",
            f"WAPE {share['ours']['value']:.3f} against {share['average']['value']:.3f}, "
            f"{figure(share['difference'], signed=True, places=3)} by customers; MAE "
            f"{mae['ours']['value']:,.0f} against {mae['average']['value']:,.0f}, "
            f"{_days(mae['difference_by_day'])} by days of forecast",
            share["difference"]["high"] < 0,
        ),
        Line(
            "  weekly cash: share of weeks inside the 80 % interval",
            f"{inside['inside']} of {cash['weeks']}, {figure(inside['share'], places=3)} by days of forecast; before "
            f"past errors made it {inside['times']:.2f} times as wide {inside['as_drawn']['inside']}",
        ),
    ]


def _days(found: dict[str, Any]) -> str:
    return f"{found['value']:+,.0f} [{found['low']:+,.0f}, {found['high']:+,.0f}]"
