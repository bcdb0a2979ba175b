"""Whatever changes what is in force needs a person, a reason and a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta


class UnnamedPromotionError(ValueError):
    """A promotion, rollback or challenger without a person, a reason or a model.

    Attributes:
        lacking: What was not given.
    """

    def __init__(self, lacking: str, what: str = "promotion") -> None:
        self.lacking = lacking
        super().__init__(f"A {what} needs {lacking}: it is recorded with the release. Name it and try again.")


def require_named(names: Sequence[str], by: str, reason: str, at: datetime, *, what: str = "promotion") -> None:
    """Raise unless everything that a record needs is there.

    Args:
        names: Models, at least one.
        by: The person.
        reason: Why.
        at: When, in UTC.
        what: What is to be done, for the message.

    Raises:
        UnnamedPromotionError: Something is lacking.
    """
    given = {
        "at least one model": bool(names),
        "the name of a person": bool(by.strip()),
        "a reason": bool(reason.strip()),
        "a time in UTC": at.utcoffset() == timedelta(0),
    }
    lacking = [thing for thing, present in given.items() if not present]
    if lacking:
        raise UnnamedPromotionError(" and ".join(lacking), what)
