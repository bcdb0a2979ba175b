"""How much there is to judge by: flags for a thin file, and months of evidence."""

from collections.abc import Mapping
from typing import Any, Final

import ibis

from features.catalogue import Feature

SETTLED_NEEDED: Final = 3
NEW_UNTIL: Final = 180  # days since the first invoice
MONTH: Final = 30.4375  # days
MOST_MONTHS: Final = 36
_UNKNOWN: Final = "the customer is unknown"

INPUTS: Final = (
    "is_known_customer",
    "settled_count_365d",
    "tenure_days",
    "statement_age_days",
    "rating_age_days",
    "limit_age_days",
)


def _flag(name: str, meaning: str) -> Feature:
    return Feature(name, meaning, "flag", 0, 1, _UNKNOWN, 0, "customer")


FEATURES: Final[tuple[Feature, ...]] = (
    _flag("is_thin_file", "1 when fewer than three invoices were settled in the last 365 days, else 0."),
    _flag("is_new_customer", "1 when there is no invoice yet, or the first is less than 180 days old, else 0."),
    _flag("has_statement", "1 when there is an annual statement, else 0."),
    _flag("has_rating", "1 when a rating is valid, else 0."),
    _flag("has_limit", "1 when a limit is in force, else 0."),
    Feature(
        "evidence_months",
        "Months since the first invoice, 36 at most.",
        "months",
        0,
        MOST_MONTHS,
        "no invoice yet",
        0,
        "tenure",
    ),
)


def facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The flags of a known customer; null for an unknown one."""
    is_known = columns["is_known_customer"] == 1.0
    tenure = columns["tenure_days"]
    said = {
        "is_thin_file": columns["settled_count_365d"] < SETTLED_NEEDED,
        "is_new_customer": (tenure < NEW_UNTIL).fill_null(True),
        "has_statement": columns["statement_age_days"].notnull(),
        "has_rating": columns["rating_age_days"].notnull(),
        "has_limit": columns["limit_age_days"].notnull(),
    }
    flags = {name: _if_known(is_known, flag.cast("int8").cast("float64")) for name, flag in said.items()}
    months = tenure / MONTH
    return flags | {"evidence_months": ibis.ifelse(months > MOST_MONTHS, float(MOST_MONTHS), months)}


def _if_known(is_known: Any, value: Any) -> Any:
    return ibis.ifelse(is_known, value, ibis.null("float64"))
