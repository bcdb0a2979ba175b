"""What the online store knows of a customer, and how fresh it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from features.store.freshness import Freshness, freshness
from serving.problem import Problem


class StoredFacts(Protocol):
    """Facts of one customer as the store returns them."""

    @property
    def customer_id(self) -> str:
        """Whom they are about."""

    @property
    def values(self) -> Mapping[str, float | None]:
        """Feature by name, None when not known."""

    @property
    def as_of(self) -> date | None:
        """Day at whose end they were true; None when the store holds nothing on the customer."""

    @property
    def computed_at(self) -> datetime | None:
        """Instant of computation."""


class FactSource(Protocol):
    """Where facts are read."""

    def read_online(self, customer_ids: Sequence[str], names: Sequence[str]) -> Sequence[StoredFacts]:
        """Facts of each customer, in the order asked for."""


@dataclass(frozen=True)
class Facts:
    """A customer's facts, judged on the day of a request.

    Attributes:
        values: Feature by name, None when not known.
        as_of: Day at whose end they were true.
        computed_at: Instant of computation.
        business_date: Day of the request.
        status: FRESH or STALE.
    """

    values: Mapping[str, float | None]
    as_of: date
    computed_at: datetime | None
    business_date: date
    status: Freshness

    @property
    def age_days(self) -> int:
        """Days from the facts to the request; negative when the facts are the later ones."""
        return (self.business_date - self.as_of).days

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a person has to look before anybody relies on them."""
        if self.status is not Freshness.FRESH:
            return (f"The features are {self.status.value}: {self.age_days} days old, as of {self.as_of}.",)
        if self.age_days < 0:
            return (
                f"The features are as of {self.as_of}, after {self.business_date}: "
                "they know what was not known on that day.",
            )
        return ()

    def as_dict(self) -> dict[str, Any]:
        """Freshness as an answer states it."""
        return {
            "status": self.status.value,
            "as_of": self.as_of.isoformat(),
            "age_days": self.age_days,
            "computed_at": self.computed_at.isoformat() if self.computed_at else None,
        }


def facts_of(
    source: FactSource, customer_id: str, names: Sequence[str], *, business_date: date, stale_after_days: int
) -> Facts:
    """Read one customer's facts and judge their age.

    Raises:
        Problem: 404 ``unknown_customer`` if the store holds nothing on the customer.
    """
    found = source.read_online([customer_id], names)[0]
    if found.as_of is None:
        raise unknown_customer(customer_id)
    status = freshness(found.as_of, business_date=business_date, stale_after_days=stale_after_days)
    return Facts(found.values, found.as_of, found.computed_at, business_date, status)


def unknown_customer(customer_id: str) -> Problem:
    """The problem of a customer without facts."""
    return Problem(
        404,
        "unknown_customer",
        "The customer is not known here",
        detail=f"There are no features for the customer {customer_id[:80]!r}.",
        advice=(
            "Check the identifier, leading zeros included. A new customer has features from the first refresh "
            "after its ledger rows were ingested; until then a person decides."
        ),
    )
