"""An agency that is asked over HTTP.

Only what may pass by itself is tried again: a connection that fails, 429 and 5xx, after a pause that grows, or after
the one that the agency asks for. A request that timed out while its answer was awaited is not: the agency may have
made, and charged, the report.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from string import Formatter
from typing import Any, Final
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from data.bureau.answer import AS_IN_THE_CONTRACT, Layouts, parsed, rows_of
from data.bureau.report import AgencyDownError, AgencyRefusedError, Report, age_in_days

BROKEN: Final = (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError)
TOO_MANY: Final = 429
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _TryAgain(Exception):
    """The agency may answer another time.

    Attributes:
        problem: What happened.
        after_seconds: How long it asks to wait; None where it does not say.
    """

    def __init__(self, problem: str, after_seconds: float | None = None) -> None:
        super().__init__(problem)
        self.problem, self.after_seconds = problem, after_seconds


class HttpAgency:
    """An agency with one address per customer that answers with JSON, 404 for a customer it does not know.

    Args:
        name: Its name, the ``agency`` of its ratings.
        url: Address with ``{customer_id}`` in it, and ``{as_of}`` where the agency wants the day. https, or a
            loopback address.
        clock: The present instant, with a zone.
        key: API key; never part of a message, a log line or a file. None: no key is sent.
        key_header: Header in which it is sent.
        timeout_seconds: Longest wait for a connection, and between two parts of an answer; more than 0.
        attempts: How often it is asked at most, 1 or more.
        longest_wait_seconds: Longest pause between two attempts; an agency that asks for more counts as down.
        layouts: How its answers are read.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        clock: Callable[[], datetime],
        key: str | None = None,
        key_header: str = "Authorization",
        timeout_seconds: float = 10.0,
        attempts: int = 4,
        longest_wait_seconds: float = 30.0,
        layouts: Layouts = AS_IN_THE_CONTRACT,
    ) -> None:
        _check(name, url, has_key=key is not None)
        self.name, self.url, self.layouts = name, url, layouts
        self.attempts, self.longest_wait_seconds = attempts, longest_wait_seconds
        self._clock = clock
        headers = {"Accept": "application/json"} | ({} if key is None else {key_header: key})
        # Redirects are not followed: the key is meant for this address alone.
        self._client = httpx.Client(headers=headers, timeout=timeout_seconds, follow_redirects=False)

    def close(self) -> None:
        """Let go of open connections."""
        self._client.close()

    def report(self, customer_id: str, *, as_of: date) -> Report | None:
        """What the agency says now; as ``data.bureau.report.Agency.report`` describes it.

        Raises:
            AgencyDownError: It could not be reached, or failed each time.
            AgencyRefusedError: It refuses the request.
            MalformedReportError: Its answer is no report.
            ValueError: ``as_of`` has passed: an agency says what it knows now.
        """
        present = self._clock()
        if age_in_days(present, as_of) < 0:
            raise ValueError(f"{self.name} was asked for {as_of}, which has passed: an agency says what it knows now.")
        address = self.url.format(customer_id=quote(customer_id, safe=""), as_of=as_of.isoformat())
        answer = self._asked(address)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        rows = rows_of(parsed(answer.text, agency=self.name), self.layouts, agency=self.name)
        retrieved_at = self._clock()
        report = Report(self.name, customer_id, retrieved_at, address, rows, max(0, age_in_days(retrieved_at, as_of)))
        report.tables()  # a row that does not fit is found out now, not when the report is used
        return report

    def _asked(self, address: str) -> httpx.Response:
        retrying = Retrying(
            stop=_Enough(self.attempts, self.longest_wait_seconds),
            wait=_Pause(self.longest_wait_seconds),
            retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )
        try:
            return retrying(self._once, address)
        except _TryAgain as failed:
            tried = retrying.statistics.get("attempt_number", 1)
            attempts = f"{tried} attempt{'' if tried == 1 else 's'}"
            raise AgencyDownError(self.name, f"{failed.problem}, after {attempts}. Try again later.") from None

    def _once(self, address: str) -> httpx.Response:
        try:
            answer = self._client.get(address)
        except BROKEN as problem:
            raise _TryAgain(f"the connection failed ({type(problem).__name__}: {problem})") from None
        except httpx.TimeoutException as problem:
            kind = type(problem).__name__
            raise AgencyDownError(
                self.name, f"no answer came in time ({kind}). Try again later, or allow more seconds."
            ) from None
        except httpx.HTTPError as problem:
            raise AgencyDownError(self.name, f"it could not be asked ({type(problem).__name__}: {problem}).") from None
        if answer.status_code == TOO_MANY or answer.is_server_error:
            raise _TryAgain(f"it answered {answer.status_code}", _retry_after(answer, self._clock()))
        if not answer.is_success and answer.status_code != httpx.codes.NOT_FOUND:
            raise AgencyRefusedError(self.name, f"it answered {answer.status_code}, {_advice(answer.status_code)}")
        return answer


class _Pause:
    """How long to wait before the next attempt: what the agency asks for, else a time that doubles, with chance."""

    def __init__(self, longest: float) -> None:
        self._growing = wait_random_exponential(multiplier=0.5, max=longest)

    def __call__(self, state: RetryCallState) -> float:
        asked_for = _asked_for(state)
        return self._growing(state) if asked_for is None else asked_for


class _Enough:
    """Whether to give up: after so many attempts, or when the agency asks for a longer pause than we make."""

    def __init__(self, attempts: int, longest: float) -> None:
        self._attempts, self._longest = stop_after_attempt(attempts), longest

    def __call__(self, state: RetryCallState) -> bool:
        return bool(self._attempts(state)) or (_asked_for(state) or 0.0) > self._longest


def _asked_for(state: RetryCallState) -> float | None:
    failed: Any = state.outcome.exception() if state.outcome is not None else None
    return failed.after_seconds if isinstance(failed, _TryAgain) else None


def _retry_after(answer: httpx.Response, present: datetime) -> float | None:
    """Seconds of the header Retry-After, which holds a number of seconds or an instant; None without a usable one."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        instant = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    instant = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    return max(0.0, (instant - present).total_seconds())


def _advice(status: int) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "so it does not accept the API key. Check the environment variable that holds it, and the contract."
    if 300 <= status < 400:
        return "so it has moved. Redirects are not followed, to keep the key where it belongs: state the new address."
    return "so it does not understand the request. Check the address in the configuration."


def _check(name: str, url: str, *, has_key: bool) -> None:
    parts = httpx.URL(url.replace("{", "").replace("}", ""))
    if "{customer_id}" not in url:
        raise ValueError(f"{name}: the address {url} holds no {{customer_id}}, so every customer would get one report.")
    unknown = {name for _, name, _, _ in Formatter().parse(url) if name is not None} - {"customer_id", "as_of"}
    if unknown:
        raise ValueError(f"{name}: the address holds {{{sorted(unknown)[0]}}}, which nothing fills.")
    if parts.userinfo:
        raise ValueError(f"{name}: the address holds a user or a password. Put secrets into an environment variable.")
    if parts.scheme != "https" and (parts.scheme != "http" or (has_key and parts.host not in LOOPBACK)):
        raise ValueError(
            f"{name}: {parts.scheme}://{parts.host} would send the key unprotected. State an https address."
        )
