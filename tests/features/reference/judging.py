"""What others say of the customer: agencies' ratings and credit events."""

from tests.features.reference.arithmetic import highest, less, over, total


def facts(desk, customer_id):
    return _ratings(desk, customer_id) | _events(desk, customer_id)


def _ratings(desk, customer_id):
    by_agency = {}
    for row, age in sorted(desk.ages("ratings", customer_id, "rated_on"), key=lambda found: -found[1]):
        by_agency.setdefault(row["agency"], []).append((row, age))
    valid = [standing for standing in (_standing(desk, given) for given in by_agency.values()) if standing]
    changes = [
        less(_share(_standing(desk, given)), _share(_a_year_before(given)))
        for given in by_agency.values()
        if _standing(desk, given) and _a_year_before(given)
    ]
    return {
        "rating_rank_share": highest(_share(found) for found in valid),
        "rating_age_days": min((age for _, age in valid), default=None),
        "rating_agency_count": len(valid),
        "rating_change_365d": highest(changes),
        "downgrade_count_365d": sum(_downgrades(given) for given in by_agency.values()),
    }


def _standing(desk, given):
    """The newest of one agency's ratings, given in the order of their days, if it is still valid."""
    ends_on = given[-1][0]["valid_to_on"]
    return given[-1] if ends_on is None or ends_on >= desk.as_of else None


def _a_year_before(given):
    before = [found for found in given if found[1] >= 365]
    return before[-1] if before else None


def _share(found):
    return over(found[0]["rank"], found[0]["ranks"])


def _downgrades(given):
    worse = [less(_share(given[place]), _share(given[place - 1])) for place in range(1, len(given))]
    ages = [age for _, age in given[1:]]
    return sum(change is not None and change > 0 and age < 365 for change, age in zip(worse, ages, strict=True))


def _events(desk, customer_id):
    events = desk.ages("credit_events", customer_id, "happened_on")

    def count(kind, length=10**6):
        return sum(row["kind"] == kind and age < length for row, age in events)

    return {
        "credit_event_count_365d": sum(age < 365 for _, age in events),
        "days_since_credit_event": min((age for _, age in events), default=None),
        "insolvency_count_ever": count("INSOLVENCY"),
        "write_off_amount_ever": total(
            desk.turned(row, row["amount"], row["happened_on"]) for row, _ in events if row["kind"] == "WRITE_OFF"
        ),
        "legal_count_365d": count("LEGAL", 365),
        "dunning_count_90d": count("DUNNING", 90),
        "dunning_count_365d": count("DUNNING", 365),
    }
