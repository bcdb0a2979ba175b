"""The one place where the clock is read; everything below gets the instant as an argument."""

from datetime import UTC, date, datetime


def instant() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def business_day(text: str | None) -> date:
    """The day a person named, or today in UTC.

    Args:
        text: ISO date such as ``2024-03-01``, or None.

    Raises:
        BadDateError: The text is no ISO date.

    Example:
        >>> business_day("2024-03-01")
        datetime.date(2024, 3, 1)
    """
    if text is None:
        return instant().date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadDateError(text) from error


class BadDateError(ValueError):
    """A text that should be a date and is not."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not a date: write year-month-day, for instance 2024-03-01.")
