"""The features once more, slow and plain, from the rows as a clerk reads them on one day. No code is shared."""

from datetime import date

from tests.features.reference import (
    committing,
    complaining,
    covering,
    judging,
    owing,
    paying,
    relating,
    selling,
    stating,
)
from tests.features.reference.desk import Desk

SIZES = {"SMALL": 1, "MEDIUM": 2, "LARGE": 3}


def features(rows, customer_id: str, as_of: date, currency: str = "EUR") -> dict[str, float | None]:
    """Every customer feature; None where it is absent."""
    return features_on(Desk(rows, as_of, currency), customer_id)


def features_on(desk: Desk, customer_id: str) -> dict[str, float | None]:
    """Every feature of one customer from what lies on the desk; of an unknown one nothing is told."""
    items = desk.items(customer_id)
    found = paying.facts(items) | owing.facts(desk, customer_id) | selling.facts(items)
    found |= complaining.facts(desk, customer_id, found["invoiced_amount_90d"], found["invoiced_amount_365d"])
    for chapter in (committing, covering, judging, stating, relating):
        found |= chapter.facts(desk, customer_id)
    found |= _master(desk.masters.get(customer_id), desk.as_of)
    found |= covering.exposure(found)
    found |= _thin(found)
    known = customer_id in desk.known
    return {name: value if known else None for name, value in found.items()} | {"is_known_customer": float(known)}


def _master(master, as_of):
    if master is None:
        return {"relation_days": None, "is_natural_person": None, "size_class_rank": None}
    related = None if master["signed_up_on"] is None else (as_of - master["signed_up_on"]).days
    return {
        "relation_days": related if related is not None and related >= 0 else None,
        "is_natural_person": float(master["is_natural_person"]),
        "size_class_rank": SIZES.get(master["size_class"]),
    }


def _thin(found):
    """How much is known of the customer at all."""
    tenure = found["tenure_days"]
    return {
        "is_thin_file": float(found["settled_count_365d"] < 3),
        "is_new_customer": float(tenure is None or tenure < 180),
        "has_statement": float(found["statement_age_days"] is not None),
        "has_rating": float(found["rating_agency_count"] > 0),
        "has_limit": float(found["limit_age_days"] is not None),
        "evidence_months": None if tenure is None else min(36, tenure / 30.4375),
    }
