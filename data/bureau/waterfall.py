"""Several agencies in order of preference: the first that knows the customer wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from data.bureau.report import Agency, AgencyError, Report


class Said(StrEnum):
    """What an agency answered."""

    KNOWN = "KNOWN"
    AGED = "AGED"
    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Answer:
    """What one agency answered about one customer.

    Attributes:
        agency: Its name.
        said: What it answered.
        detail: The age of the report in days, or why there is none.
    """

    agency: str
    said: Said
    detail: str


@dataclass(frozen=True)
class Asked:
    """The outcome of asking about one customer.

    Attributes:
        customer_id: About whom.
        report: The report of the first agency that knew it; None where none did.
        answers: What each agency that was asked answered, in the order of asking.
    """

    customer_id: str
    report: Report | None
    answers: tuple[Answer, ...]

    @property
    def failed(self) -> bool:
        """Whether no report was found and one of the agencies could not be asked: nobody can say it is unknown."""
        return self.report is None and any(answer.said is Said.FAILED for answer in self.answers)


class Waterfall:
    """Agencies that are asked one after the other, until one knows the customer.

    Args:
        agencies: In order of preference, at least one.
    """

    def __init__(self, agencies: Sequence[Agency]) -> None:
        if not agencies:
            raise ValueError("A waterfall needs at least one agency.")
        self.agencies = tuple(agencies)

    def ask(self, customer_id: str, *, as_of: date) -> Asked:
        """Ask about a customer; an agency that fails is noted and passed over.

        Args:
            customer_id: The customer's identifier in the book.
            as_of: The day for which the report is wanted.
        """
        answers: list[Answer] = []
        for agency in self.agencies:
            try:
                report = agency.report(customer_id, as_of=as_of)
            except AgencyError as failed:
                answers.append(Answer(agency.name, Said.FAILED, failed.problem))
                continue
            answers.append(_answer(agency.name, report))
            if report is not None:
                return Asked(customer_id, report, tuple(answers))
        return Asked(customer_id, None, tuple(answers))


def _answer(agency: str, report: Report | None) -> Answer:
    if report is None:
        return Answer(agency, Said.UNKNOWN, "It does not know the customer.")
    age = f"Retrieved {report.age_days} days before."
    if report.is_aged:
        return Answer(agency, Said.AGED, f"{age} The agency could not be asked for a newer one.")
    return Answer(agency, Said.KNOWN, age)
