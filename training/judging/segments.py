"""How a model did on each part of the cases: size, industry, new customers, thin files, large invoices, persons.

A part is never left out because it is small. Where it holds too few bad or good customers for a ranking figure, it
says so in place of the figure; its counts and the interval of its rate always stand.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.thin_file import NEW_UNTIL, SETTLED_NEEDED
from training.arrays import Flags, Floats
from training.cases.about import LARGE, PERSON
from training.cases.dataset import Dataset
from training.judging.bootstrap import TAILS, customer_weights
from training.judging.evaluation import Segment
from training.judging.metrics import auc, scored
from training.judging.rates import rate_interval

ENOUGH_CUSTOMERS: Final = 10
"""Fewest bad customers, and fewest good ones, of whom an AUC says anything."""
TOO_FEW: Final = "too few"
UNKNOWN: Final = "not known"
RESAMPLES: Final = 400
HISTORY: Final = "settled_count_365d"
TENURE: Final = "tenure_days"
REVENUE: Final = "revenue_12m"
SIZES: Final = ("SMALL", "MEDIUM", "LARGE")
# Turnover of micro, small and medium enterprises, in millions: Commission Recommendation 2003/361/EC, Art. 2. The
# amounts are read in the currency of the book.
REVENUE_BANDS: Final = (2e6, 10e6, 50e6)

Parts = dict[str, Flags]
"""Name of each part to the flags of its cases, shape (n,)."""


def segments(cases: Dataset, stated: Floats) -> tuple[Segment, ...]:
    """Figures of every part of the cases, by every way of dividing them that their columns allow.

    Args:
        cases: Matured cases.
        stated: Probability of each, shape (n,), in [0, 1].

    Returns:
        Segments by ``month``, ``history``, ``size``, ``industry``, ``tenure``, ``record``, ``invoice`` and
        ``person``, in this order. A division whose column the cases lack is absent; a part without a single case is
        there with a count of 0, unless its name comes from the cases themselves (months, industries).
    """
    return tuple(
        segment(name, value, cases, stated, part)
        for name, parts in divisions(cases).items()
        for value, part in parts.items()
    )


def divisions(cases: Dataset) -> dict[str, Parts]:
    """Every way of dividing the cases; the parts of each are disjoint and hold all of them."""
    made = {
        "month": _months(cases),
        "history": _history(cases),
        "size": _sizes(cases),
        "industry": _texts(cases, "industry"),
        "tenure": _tenure(cases),
        "record": _record(cases),
        "invoice": _flagged(cases, LARGE, "top tenth of amounts", "other amounts"),
        "person": _flagged(cases, PERSON, "natural person", "company"),
    }
    return {name: parts for name, parts in made.items() if parts}


def segment(name: str, value: str, cases: Dataset, stated: Floats, part: Flags) -> Segment:
    """Figures of one part.

    The interval of the rate is Jeffreys', on as many cases as there are bad customers to the bad cases: cases of one
    customer hang together. The AUC's interval resamples customers.

    Args:
        name: What the cases are divided by.
        value: Which part this is.
        cases: All cases.
        stated: Probability of each, shape (n,), in [0, 1].
        part: Flags of the part's cases, shape (n,).
    """
    bad, p, customers = cases.bad[part], stated[part], cases.customer_ids[part]
    n, bads = len(bad), int(bad.sum())
    struck = len(np.unique(customers[bad]))
    spared = len(np.unique(customers)) - struck
    low, high = rate_interval(n, bads, struck)
    mean = float(p.mean()) if n else None
    enough = min(struck, spared) >= ENOUGH_CUSTOMERS
    found = _auc_interval(bad, p, customers) if enough else (None, None, None)
    return Segment(
        name=name,
        value=value,
        n=n,
        bad=bads,
        mean_probability=mean,
        auc=found[0],
        customers=struck + spared,
        bad_customers=struck,
        rate_low=low,
        rate_high=high,
        auc_low=found[1],
        auc_high=found[2],
        calibration_ratio=bads / n / mean if mean else None,
        note="" if enough else TOO_FEW,
    )


def _auc_interval(bad: Flags, stated: Floats, customers: NDArray[Any]) -> tuple[float, float, float]:
    ranked = scored(bad, stated)
    drawn = np.concatenate(
        [auc(ranked, weights) for weights in customer_weights(customers, resamples=RESAMPLES, seed=0)]
    )
    low, high = np.percentile(drawn[np.isfinite(drawn)], TAILS)
    return float(auc(ranked, np.ones((1, len(bad))))[0]), float(low), float(high)


def _months(cases: Dataset) -> Parts:
    months = cases.at.astype("datetime64[M]")
    return {str(month): months == month for month in np.unique(months)}


def _history(cases: Dataset) -> Parts:
    """Customers with a payment record of the last year, and those without: both must be served."""
    if HISTORY not in cases.columns:
        return {}
    has = cases.columns[HISTORY] > 0
    return {"settled an invoice in 365 days": has, "settled none in 365 days": ~has}


def _sizes(cases: Dataset) -> Parts:
    """The size class of the master record; bands of revenue where the book states no size at all."""
    sizes = cases.about.get("size_class")
    if sizes is not None and any(size is not None for size in sizes):
        return _named(sizes, SIZES)
    revenue = cases.columns.get(REVENUE)
    if revenue is None or not np.isfinite(revenue).any():
        return {}
    band = np.digitize(revenue, REVENUE_BANDS)
    words = ("revenue below 2 M", "revenue 2 to 10 M", "revenue 10 to 50 M", "revenue 50 M or more")
    known = np.isfinite(revenue)
    return {word: known & (band == place) for place, word in enumerate(words)} | _rest(~known)


def _texts(cases: Dataset, name: str) -> Parts:
    values = cases.about.get(name)
    return {} if values is None or not any(value is not None for value in values) else _named(values)


def _named(values: NDArray[Any], always: tuple[str, ...] = ()) -> Parts:
    """A part per text; those of ``always`` are there even without a case."""
    found = sorted({value for value in values if value is not None} - set(always))
    return {name: values == name for name in (*always, *found)} | _rest(np.array([value is None for value in values]))


def _tenure(cases: Dataset) -> Parts:
    tenure = cases.columns.get(TENURE)
    if tenure is None:
        return {}
    new = ~(tenure >= NEW_UNTIL)  # a customer without an invoice yet is new
    return {f"new: below {NEW_UNTIL} days": new, f"{NEW_UNTIL} days or more": ~new}


def _record(cases: Dataset) -> Parts:
    settled = cases.columns.get(HISTORY)
    if settled is None:
        return {}
    thin = ~(settled >= SETTLED_NEEDED)
    return {
        f"thin file: below {SETTLED_NEEDED} settled in 365 days": thin,
        f"{SETTLED_NEEDED} or more settled in 365 days": ~thin,
    }


def _flagged(cases: Dataset, name: str, yes: str, no: str) -> Parts:
    flags = cases.about.get(name)
    if flags is None or not np.isfinite(flags).any():
        return {}
    return {yes: flags == 1, no: flags == 0} | _rest(np.isnan(flags))


def _rest(unknown: Flags) -> Parts:
    return {UNKNOWN: unknown} if unknown.any() else {}
