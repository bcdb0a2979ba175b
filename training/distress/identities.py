"""Figures that the attributes imply together: what a statement says twice, and whether it says the same.

The sum of equity and liabilities is the balance sheet; sales follow from one ratio and are stated in others. Where two
ways to a figure differ, the statement was drawn up in another form or the source took another line of it. In the
Polish files bankrupt and going companies differ widely in this. The source took them from different years, probably
from different forms, so that it most likely tells the samples apart and not a company's health. These therefore serve
a benchmark of the method alone, and no released model reads them.
"""

from collections.abc import Mapping

import numpy as np

from training.arrays import Floats


def identities(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Figures that follow from several attributes, shape (n,) each, NaN where one cannot be computed.

    Args:
        columns: The attributes, ``Attr1`` to ``Attr64``, shape (n,) each.

    Example:
        Short-term liabilities are 0.3 of assets and 0.2 of a year's sales (73 days): sales are 0.3 / 0.2 = 1.5 of
        assets. Total sales are stated as 1.8 of them, so 1.2 of sales.

        >>> given = {f"Attr{n}": np.array([0.5]) for n in range(1, 65)}
        >>> given |= {"Attr51": np.array([0.3]), "Attr62": np.array([73.0]), "Attr36": np.array([1.8])}
        >>> round(float(identities(given)["total_sales_to_sales"][0]), 6)
        1.2
    """
    a = {int(name.removeprefix("Attr")): values for name, values in columns.items()}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sales = 365.0 * a[51] / a[62]
        found = {
            "total_sales_to_sales": a[36] / sales,
            "sales_to_total_sales": a[9] / a[36],
            "equity_and_liabilities": a[10] + a[2],
            "financial_expenses_gap": a[11] - a[18] - a[22] / a[27],
            "operating_less_sales_profit": a[22] - a[35],
            "margin_and_costs": a[56] + a[58],
            "current_to_short_liabilities": a[32] / a[52],
            "long_term_gap": a[38] - a[10] - (a[2] - a[51]),
            "tax": a[18] - a[1],
            "earlier_profits": a[24] - a[18],
            "share_capital": a[10] - a[25],
            "depreciation": a[22] - a[48],
            "retained_less_profit": a[6] - a[1],
            "total_assets": a[55] / a[3],
            "missing_count": np.sum([np.isnan(values) for values in a.values()], axis=0).astype(np.float64),
        }
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}
