"""How far from its statements a model that states every probability rightly would seem to be, at this size.

Two answers, for cases of one customer hang together and the stated probabilities do not say how much: cases drawn as
independent, and the customers' own deviations with their signs drawn (a wild bootstrap by cluster, of deviations that
have no mean in their bin).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.arrays import Flags, Floats
from training.judging.evaluation import Bin
from training.judging.metrics import BINS, measured, reliability, scored
from training.judging.reliability import calibration_slope, perfect_ece

DRAWS: Final = 4_000
SEED: Final = 23
QUANTILE: Final = 0.95


def calibration(bad: Flags, stated: Floats, customers: NDArray[Any]) -> dict[str, Any]:
    """The expected calibration error beside what a perfect model exceeds in one of 20 samples, as plain values."""
    table = reliability(bad, stated)
    error = measured(bad, stated)["ece"]
    alone, hanging = perfect_ece(table, QUANTILE), clustered_ece(bad, stated, customers)
    return {
        "ece": error,
        "perfect_independent": alone,
        "perfect_by_customer": hanging,
        "slope": calibration_slope(table),
        "stated": float(stated.mean()),
        "came": float(bad.mean()),
        "within": bool(error <= hanging),
        "bins": [_plain(row) for row in table],
    }


def clustered_ece(bad: Flags, stated: Floats, customers: NDArray[Any], *, quantile: float = QUANTILE) -> float:
    """Calibration error that a perfect model exceeds in one of 20 samples whose customers hang together as these do.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        stated: Stated probability, shape (n,).
        customers: Customer of each case, shape (n,).
        quantile: Of the drawn errors, in (0, 1).

    Source:
        Wu (1986), Annals of Statistics 14(4); by cluster: Cameron, Gelbach, Miller (2008), Review of Economics and
        Statistics 90(3).
    """
    sums = deviations(bad, stated, customers)
    signs = np.random.default_rng(SEED).choice(np.array([-1.0, 1.0]), size=(DRAWS, len(sums)))
    return float(np.quantile(np.abs(signs @ sums).sum(axis=1) / len(bad), quantile))


def deviations(bad: Flags, stated: Floats, customers: NDArray[Any]) -> Floats:
    """Sum by customer and bin of outcome less statement, the bin's mean taken off, shape (customers, bins)."""
    cases = scored(bad, stated, bins=BINS)
    place = np.searchsorted(cases.bins, np.arange(len(bad)), side="right") - 1
    off = cases.bad - cases.probability
    n = np.bincount(place)
    centred = off - (np.bincount(place, off) / n)[place]
    names, who = np.unique(customers[cases.order], return_inverse=True)
    found: Floats = np.zeros((len(names), len(n)))
    np.add.at(found, (who, place), centred)
    return found


def _plain(row: Bin) -> dict[str, float]:
    return {"n": row.n, "stated": row.mean_probability, "came": row.rate}
