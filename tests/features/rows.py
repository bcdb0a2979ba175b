"""One row of a table, with the plainest values for what is not given."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from data.contracts import CONTRACTS

Rows = dict[str, list[dict[str, Any]]]

AS_OF = date(2024, 3, 1)

FILLED = {
    "currency": "EUR",
    "source": "test",
    "is_natural_person": False,
    "outcome_unknown": False,
    "clears_invoice": False,
    "is_deleted": False,
}


def day(text: str) -> date:
    """A date in 2024 as MM-DD, or any as YYYY-MM-DD."""
    return date.fromisoformat(text if len(text) == 10 else f"2024-{text}")


def days(count: int) -> timedelta:
    return timedelta(days=count)


def instant(on: date, hour: int = 12) -> datetime:
    return datetime.combine(on, time(hour), tzinfo=UTC)


def row(table: str, *, known_on: date, hour: int = 12, **values: Any) -> dict[str, Any]:
    """One row of a table: what is not given is null, or the plainest value where the contract wants one."""
    blank = {name: FILLED.get(name) for name in CONTRACTS[table].names}
    return blank | values | {"known_at": instant(known_on, hour)}
