"""How old the facts are that an answer rests on.

Feast serves a value online however old it is, so its age is judged here, and by the same rule when a training
set is built: a model never learns from facts that the service would call stale.
"""

from datetime import date
from enum import StrEnum


class Freshness(StrEnum):
    """Whether facts may be used as today's."""

    FRESH = "FRESH"
    STALE = "STALE"
    MISSING = "MISSING"


def freshness(as_of: date | None, *, business_date: date, stale_after_days: int) -> Freshness:
    """Judges the age of facts on the day of the request.

    Args:
        as_of: Day at whose end the facts were true; None when there are none.
        business_date: The request's business day.
        stale_after_days: Age in days from which facts are stale, at least 1.

    Returns:
        MISSING without facts, STALE from ``stale_after_days`` on, else FRESH. Facts of a later day than the
        request's are FRESH here; whether they may be used is a question of point in time, not of age.

    Raises:
        ValueError: ``stale_after_days`` is below 1.

    Example:
        >>> freshness(date(2024, 3, 1), business_date=date(2024, 3, 7), stale_after_days=7)
        <Freshness.FRESH: 'FRESH'>
        >>> freshness(date(2024, 3, 1), business_date=date(2024, 3, 8), stale_after_days=7)
        <Freshness.STALE: 'STALE'>
    """
    if stale_after_days < 1:
        raise ValueError(f"stale_after_days must be at least 1, got {stale_after_days}")
    if as_of is None:
        return Freshness.MISSING
    return Freshness.STALE if (business_date - as_of).days >= stale_after_days else Freshness.FRESH
