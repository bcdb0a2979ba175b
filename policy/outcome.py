"""What a check may answer."""

from enum import StrEnum


class Outcome(StrEnum):
    """The answer of a check; where several speak, the most careful one wins.

    Example:
        >>> Outcome.REVIEW.value
        'REVIEW'
    """

    APPROVE = "APPROVE"
    REVIEW = "REVIEW"
    DECLINE = "DECLINE"
