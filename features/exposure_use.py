"""The exposure against the limit, against cover, and against what the customer has shown to carry."""

from collections.abc import Mapping
from typing import Any, Final

import ibis

from features.catalogue import INF, Feature
from features.windows import ratio

INPUTS: Final = (
    "open_amount",
    "open_order_amount",
    "unbilled_delivery_amount",
    "unapplied_cash_amount",
    "unassigned_credit_amount",
    "limit_amount",
    "secured_amount",
    "peak_paid_in_terms_365d",
)
_NO_EXPOSURE: Final = "the customer is unknown, or one of the amounts is"
_NO_LIMIT: Final = "no limit in force is known, or an amount of the exposure is not"


def _money(name: str, meaning: str, low: float, null_means: str, risk: int) -> Feature:
    return Feature(name, meaning, "money", low, INF, null_means, risk, "exposure")


FEATURES: Final[tuple[Feature, ...]] = (
    _money(
        "exposure_amount",
        "Open amount plus open orders plus deliveries not yet invoiced.",
        0,
        _NO_EXPOSURE,
        0,
    ),
    _money(
        "net_exposure_amount",
        "Exposure less unapplied cash and unassigned credit notes, 0 where these are more.",
        0,
        _NO_EXPOSURE,
        0,
    ),
    Feature(
        "limit_utilisation",
        "Net exposure over the limit in force.",
        "share",
        0,
        INF,
        f"{_NO_LIMIT}, or the limit is 0",
        1,
        "exposure",
    ),
    _money("headroom_amount", "Limit in force less net exposure; negative beyond the limit.", -INF, _NO_LIMIT, -1),
    Feature(
        "is_over_limit",
        "1 when the net exposure is above the limit in force, else 0.",
        "flag",
        0,
        1,
        _NO_LIMIT,
        1,
        "exposure",
    ),
    _money(
        "uncovered_amount",
        "Net exposure beyond the secured amount, 0 where cover is enough.",
        0,
        f"{_NO_EXPOSURE}, or that of the securities",
        0,
    ),
    Feature(
        "exposure_to_peak_paid",
        "Exposure over the highest exposure of the last 365 days that was paid in terms.",
        "ratio",
        0,
        INF,
        "nothing was paid in terms that was ever outstanding, or an amount of the exposure is not known",
        1,
        "exposure",
    ),
)


def facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The exposure and what it is held against; null as soon as a part of it is."""
    limit = columns["limit_amount"]
    exposure = columns["open_amount"] + columns["open_order_amount"] + columns["unbilled_delivery_amount"]
    net = _not_negative(exposure - columns["unapplied_cash_amount"] - columns["unassigned_credit_amount"])
    return {
        "exposure_amount": exposure,
        "net_exposure_amount": net,
        "limit_utilisation": ratio(net, limit),
        "headroom_amount": limit - net,
        "is_over_limit": (net > limit).cast("int8").cast("float64"),
        "uncovered_amount": _not_negative(net - columns["secured_amount"]),
        "exposure_to_peak_paid": ratio(exposure, columns["peak_paid_in_terms_365d"]),
    }


def _not_negative(value: Any) -> Any:
    """The value or 0, whichever is more; null stays null (``greatest`` would make it 0)."""
    return ibis.ifelse(value < 0.0, 0.0, value)
