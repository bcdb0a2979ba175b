"""Reports kept on disk: one is not pulled, and paid for, again while it is fresh enough.

Each retrieval is a file of its own, written whole or not at all, so the reports of earlier days stay readable. That
the agency does not know a customer is kept too, for a shorter time.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_jsonable_python

from data.bureau.answer import AS_IN_THE_CONTRACT, rows_of
from data.bureau.report import Agency, AgencyDownError, MalformedReportError, Report, age_in_days
from data.lock import one_at_a_time
from data.whole_file import write_whole

FRESH_FOR_DAYS: Final = 180
UNKNOWN_FOR_DAYS: Final = 30
LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Kept:
    """What one retrieval said: a report, or that the customer is not known."""

    retrieved_at: datetime
    report: Report | None


class CachedAgency:
    """An agency whose reports are kept, and asked again only when they are no longer fresh.

    Of several callers that want the report of one customer at the same time, in one process or in several, one asks
    the agency and the others take what it got.

    Args:
        agency: Who is asked.
        folder: Where the reports are kept; made when needed.
        fresh_for_days: A report younger than this many days is not pulled again; 1 or more.
        unknown_for_days: The same for the answer that the customer is not known; 0 asks each time.
        wait_seconds: How long to wait for another caller that is asking for the same customer.
    """

    def __init__(
        self,
        agency: Agency,
        folder: Path,
        *,
        fresh_for_days: int = FRESH_FOR_DAYS,
        unknown_for_days: int = UNKNOWN_FOR_DAYS,
        wait_seconds: float = 120.0,
    ) -> None:
        if fresh_for_days < 1 or unknown_for_days < 0:
            raise ValueError(
                f"fresh_for_days must be 1 or more and unknown_for_days 0 or more, "
                f"got {fresh_for_days} and {unknown_for_days}"
            )
        self._agency, self._folder, self._wait_seconds = agency, folder / agency.name, wait_seconds
        self._fresh_for_days, self._unknown_for_days = fresh_for_days, unknown_for_days

    @property
    def name(self) -> str:
        """The agency's name."""
        return self._agency.name

    def report(self, customer_id: str, *, as_of: date) -> Report | None:
        """The newest report retrieved by ``as_of``, pulled now if there is none that is fresh enough.

        Returns:
            The report with its age; marked as aged where it should have been pulled again and the agency is down.
            None where the agency does not know the customer.

        Raises:
            AgencyDownError: The agency is down, and no report was kept.
            AgencyError: The agency refuses, or answers with something that is no report.
        """
        folder = self._folder_of(customer_id)
        kept = self._newest(folder, customer_id, as_of)
        if kept is None or not self._is_fresh(kept, as_of):
            with one_at_a_time(folder / ".lock", what=f"asking {self.name}", wait_seconds=self._wait_seconds):
                # Looked at again: whoever held the lock before may have pulled it.
                kept = self._newest(folder, customer_id, as_of)
                if kept is None or not self._is_fresh(kept, as_of):
                    return self._pulled(folder, customer_id, as_of, kept)
        return _aged(kept.report, as_of, is_aged=False)

    def _pulled(self, folder: Path, customer_id: str, as_of: date, kept: _Kept | None) -> Report | None:
        try:
            report = self._agency.report(customer_id, as_of=as_of)
        except AgencyDownError as down:
            if kept is None or kept.report is None:
                raise
            LOGGER.warning("%s is down; the report of %s is used", self.name, kept.retrieved_at.date())
            LOGGER.debug("%s", down)
            return _aged(kept.report, as_of, is_aged=True)
        self._keep(folder, customer_id, as_of, report)
        return report

    def _is_fresh(self, kept: _Kept, as_of: date) -> bool:
        limit = self._unknown_for_days if kept.report is None else self._fresh_for_days
        return age_in_days(kept.retrieved_at, as_of) < limit

    def _folder_of(self, customer_id: str) -> Path:
        # A hash: an identifier may hold what no file name may.
        return self._folder / hashlib.sha256(customer_id.encode()).hexdigest()[:32]

    def _newest(self, folder: Path, customer_id: str, as_of: date) -> _Kept | None:
        by_then = (k for k in self._all(folder, customer_id) if age_in_days(k.retrieved_at, as_of) >= 0)
        return max(by_then, key=lambda kept: kept.retrieved_at, default=None)

    def _all(self, folder: Path, customer_id: str) -> Iterator[_Kept]:
        for path in sorted(folder.glob("*.json")):
            try:
                yield _read(json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal), self.name, customer_id)
            except (ValueError, KeyError, TypeError, MalformedReportError) as problem:
                LOGGER.warning("%s cannot be read and counts as not there: %s", path, problem)

    def _keep(self, folder: Path, customer_id: str, as_of: date, report: Report | None) -> None:
        # An unknown customer has no report that says when it was asked for: the day for which it was.
        at = datetime.fromisoformat(f"{as_of}T00:00:00+00:00") if report is None else report.retrieved_at
        content: dict[str, Any] = {"agency": self.name, "customer_id": customer_id, "retrieved_at": at.isoformat()}
        if report is None:
            content["rows"] = None
        else:
            content |= {"address": report.address, "rows": to_jsonable_python(report.rows)}
        write_whole(folder / f"{at:%Y%m%dT%H%M%S%f}.json", json.dumps(content, ensure_ascii=False, indent=1))


def _read(content: Mapping[str, Any], agency: str, customer_id: str) -> _Kept:
    if (content["agency"], content["customer_id"]) != (agency, customer_id):
        raise ValueError("it is about another customer or from another agency")
    at = datetime.fromisoformat(content["retrieved_at"])
    if content["rows"] is None:
        return _Kept(at, None)
    rows = rows_of(content["rows"], AS_IN_THE_CONTRACT, agency=agency)
    return _Kept(at, Report(agency, customer_id, at, content["address"], rows))


def _aged(report: Report | None, as_of: date, *, is_aged: bool) -> Report | None:
    return report and replace(report, age_days=age_in_days(report.retrieved_at, as_of), is_aged=is_aged)
