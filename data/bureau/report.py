"""What an agency is to us, and what it answers: rows of the book, with where and when they were retrieved.

To attach an agency, write a class with a ``name`` and a method ``report`` as ``Agency`` describes them. The rest (the
cache, the waterfall, the way into the lake) asks for nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

import pyarrow as pa

from data.contracts import CONTRACTS
from data.shape import NotAContractTableError, in_contract

REPORTED: Final = ("ratings", "statements", "credit_events", "limits")
"""The tables that a report may fill."""
FILLED: Final = frozenset({"customer_id", "agency", "is_deleted", "known_at", "source"})
"""The columns that the report fills by itself; an agency's answer says nothing of them."""


class AgencyError(Exception):
    """An agency could not be asked, or its answer cannot be used.

    Attributes:
        agency: Its name.
        problem: What happened and what to do, without secrets.
    """

    def __init__(self, agency: str, problem: str) -> None:
        super().__init__(f"{agency}: {problem}")
        self.agency, self.problem = agency, problem


class AgencyDownError(AgencyError):
    """It cannot be reached, is overloaded or fails; another time it may answer."""


class AgencyRefusedError(AgencyError):
    """It refuses the request: a wrong key, a contract that has ended, a malformed request."""


class MalformedReportError(AgencyError):
    """It answered with something that is no report."""


@dataclass(frozen=True)
class Report:
    """What an agency said about a customer.

    Attributes:
        agency: Name of the agency.
        customer_id: About whom.
        retrieved_at: When it was retrieved, with a zone; the ``known_at`` of its rows.
        address: From where, without secrets.
        rows: Table -> rows, each with the columns of the contract that ``FILLED`` does not name.
        age_days: Days from the retrieval to the day for which it was asked, 0 or more.
        is_aged: It is older than wanted, and the agency could not be asked again.
    """

    agency: str
    customer_id: str
    retrieved_at: datetime
    address: str
    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    age_days: int = 0
    is_aged: bool = False

    @property
    def source(self) -> str:
        """What the rows carry as their source."""
        return f"bureau-{self.agency}"

    def tables(self) -> dict[str, pa.Table]:
        """The rows in the shape of their contracts, tables without rows left out.

        Raises:
            MalformedReportError: A row does not fit its contract.
        """
        return {name: self._table(name, rows) for name, rows in self.rows.items() if rows}

    def _table(self, name: str, rows: tuple[Mapping[str, Any], ...]) -> pa.Table:
        own = {"customer_id": self.customer_id, "agency": self.agency, "known_at": self.retrieved_at}
        own |= {"source": self.source, "is_deleted": False}
        schema = CONTRACTS[name].book_schema
        full = [{**row, **{k: v for k, v in own.items() if k in schema.names}} for row in rows]
        try:
            return in_contract(name, pa.Table.from_pylist(full, schema=schema))
        except (NotAContractTableError, pa.ArrowException, TypeError, ValueError) as problem:
            raise MalformedReportError(self.agency, f"its {name} of {self.customer_id} do not fit: {problem}") from None


class Agency(Protocol):
    """A credit bureau, or whatever else knows something about customers."""

    @property
    def name(self) -> str:
        """Its name: small letters, digits, ``-`` and ``_``; the ``agency`` of its ratings."""
        ...

    def report(self, customer_id: str, *, as_of: date) -> Report | None:
        """What it says about a customer.

        Args:
            customer_id: The customer's identifier in the book.
            as_of: The day for which the report is wanted; what is known of later days does not belong in it.

        Returns:
            The report; None where the agency does not know the customer.

        Raises:
            AgencyError: It could not be asked, or its answer cannot be used.
        """
        ...


def age_in_days(retrieved_at: datetime, as_of: date) -> int:
    """Days from a retrieval to a day; negative when the retrieval came later.

    Example:
        >>> age_in_days(datetime(2024, 3, 1, 23, tzinfo=UTC), date(2024, 3, 11))
        10
    """
    return (as_of - retrieved_at.astimezone(UTC).date()).days
