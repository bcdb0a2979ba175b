"""How much independent evidence rows of the same customers hold."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def design_effect(codes: Codes, groups: Codes) -> float:
    """How many rows of clustered data say as much as one independent row.

    Thirty invoices of one customer resemble each other. Counting them as thirty observations would call every
    book drifting. The mean over the bins of (variance of the bin's share with customers kept whole) /
    (variance if rows were independent) is what a chi-squared statistic is inflated by (Rao and Scott's
    first-order correction).

    Args:
        codes: Bin of each row, shape (n,), n >= 1.
        groups: Customer of each row as a number from 0, shape (n,).

    Returns:
        Design effect, >= 1; 1 if every customer has one row.

    Source:
        Rao and Scott, The analysis of categorical data from complex sample surveys (JASA 1981).

    Example:
        >>> twice = np.repeat([0, 1, 0, 1, 1, 0], 2)  # each customer appears with two equal rows
        >>> round(design_effect(twice, np.repeat(np.arange(6), 2)), 1)
        2.4
    """
    rows, customers = len(codes), int(groups.max()) + 1
    if customers in (1, rows):
        return float(rows if customers == 1 else 1)
    table = np.zeros((customers, int(codes.max()) + 1))
    np.add.at(table, (groups, codes), 1.0)
    table = table[:, table.sum(axis=0) > 0]
    shares = table.sum(axis=0) / rows
    if len(shares) == 1:
        return 1.0
    residual = table - shares * table.sum(axis=1, keepdims=True)
    variance = (residual**2).sum(axis=0) * customers / (customers - 1) / rows**2
    independent = shares * (1 - shares) / rows
    inflation = float(((1 - shares) * variance / independent).sum() / (len(shares) - 1))
    return max(1.0, inflation)


def numbered(customers: NDArray[np.object_]) -> Codes:
    """Customer keys as numbers from 0, shape (n,).

    Example:
        >>> numbered(np.array(["B", "A", "B"], dtype=object)).tolist()
        [1, 0, 1]
    """
    return np.asarray(np.unique(customers.astype(str), return_inverse=True)[1], dtype=np.intp)
