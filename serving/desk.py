"""Answers to the questions a caller may ask, with no web framework in them.

Nothing here approves: an outcome is REVIEW when a person has to look, or absent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from features import case
from features.feature_sets import LIMIT_INPUTS
from policy.limits import recommend
from policy.outcome import Outcome
from policy.terms import NoParametersInForceError
from scoring.doubts import doubts_of, facts_for_doubts
from serving.default_score import MODEL as DEFAULT_MODEL
from serving.default_score import YEAR_MODEL, DefaultScore, default_score, explained, needed
from serving.distress_score import MODEL as DISTRESS_MODEL
from serving.distress_score import DistressScore, distress_score
from serving.distress_score import needed as needed_for_distress
from serving.facts import Facts, facts_of
from serving.limit_answer import not_recommended, told
from serving.limit_facts import limit_facts
from serving.payment_answer import payment_answer
from serving.problem import FieldError
from serving.release import Live, Release
from serving.schemas import DefaultScoreRequest, LatePaymentRequest, LimitRequest, invalid
from serving.scored import columns_of, score, stored_features

LATE_MODEL: Final = "late-payment"


@dataclass(frozen=True)
class Desk:
    """Answers questions on the release in use.

    Attributes:
        live: The release in use.
        today: The business day now; the one place where the clock is read.
        stale_after_days: Age in days from which features are stale, at least 1.
    """

    live: Live
    today: Callable[[], date]
    stale_after_days: int

    def default(self, asked: DefaultScoreRequest) -> dict[str, Any]:
        """The customer's probability of default."""
        release = self.live.release()
        model, day = release.model(DEFAULT_MODEL), asked.as_of or self.today()
        year = release.models.get(YEAR_MODEL)
        facts = self._facts(release, asked.customer_id, _once([*needed(model, year), *_for_distress(release)]), day)
        found = default_score(model, facts, currency=release.policy.book.currency, year=year)
        distress = _distress(release, facts)
        doubts = (*facts.doubts, *found.doubts, *(distress.doubts if distress else ()))
        answer = found.as_dict() | _shown(release, distress)
        if asked.explain:
            told = explained(model, facts, currency=release.policy.book.currency, year=year)
            answer |= {"next_grade": told}
        return _head(asked.customer_id, day) | answer | _tail(release, facts, doubts, found.notes)

    def late_payment(self, asked: LatePaymentRequest) -> dict[str, Any]:
        """The probability that an invoice is paid late."""
        release = self.live.release()
        _check_currency(asked.currency, release.policy.book.currency)
        model = release.model(LATE_MODEL)
        names = _once([*stored_features(model), *case.CUSTOMER_INPUTS, *facts_for_doubts(model.spec)])
        facts = self._facts(release, asked.customer_id, names, asked.issued_on)
        columns = columns_of(facts.values)
        inputs = case.case_columns(
            [asked.amount], [asked.issued_on], [asked.due_on], [asked.interest_rate], as_of=[facts.as_of]
        )
        beside = columns | case.invoice_case(columns | inputs)
        found = score(model, beside, currency=release.policy.book.currency)
        return (
            _head(asked.customer_id, asked.issued_on)
            | {model.spec.probability_name: found.probability, "reasons": found.told}
            | payment_answer(model, beside, asked.issued_on, asked.due_on)
            | _tail(release, facts, (*facts.doubts, *doubts_of(model.spec, facts.values)), _late_notes(facts))
        )

    def limit(self, asked: LimitRequest) -> dict[str, Any]:
        """The recommended credit limit of a customer."""
        release = self.live.release()
        day, model = asked.as_of or self.today(), release.models.get(DEFAULT_MODEL)
        year = release.models.get(YEAR_MODEL)
        wanted = [*(needed(model, year) if model else []), *LIMIT_INPUTS.names, *_for_distress(release)]
        facts = self._facts(release, asked.customer_id, _once(wanted), day)
        found = default_score(model, facts, currency=release.policy.book.currency, year=year) if model else None
        return _head(asked.customer_id, day) | _limit(release, facts, found, asked)

    def status(self) -> dict[str, Any]:
        """What is being served; answers without a release too."""
        head = {"ready": self.live.ready, "problem": self.live.problem, "today": self.today().isoformat()}
        if not self.live.ready:
            return head
        release = self.live.release()
        return head | {
            "versions": _versions(release, self.today()),
            "models": {name: _model(release, name) for name in sorted(release.models)},
            "book": {"currency": release.policy.book.currency, "as_of": release.policy.book.as_of.isoformat()},
            "stale_after_days": self.stale_after_days,
            "loaded_at": release.loaded_at.isoformat(),
        }

    def _facts(self, release: Release, customer_id: str, names: Sequence[str], day: date) -> Facts:
        return facts_of(release.facts, customer_id, names, business_date=day, stale_after_days=self.stale_after_days)


def _head(customer_id: str, day: date) -> dict[str, Any]:
    return {"customer_id": customer_id, "as_of": day.isoformat()}


def _tail(release: Release, facts: Facts, doubts: Sequence[str], notes: Sequence[str]) -> dict[str, Any]:
    return {
        "outcome": Outcome.REVIEW.value if doubts else None,
        "doubts": list(doubts),
        "notes": list(notes),
        "freshness": facts.as_dict(),
        "versions": _versions(release, facts.business_date),
    }


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _for_distress(release: Release) -> list[str]:
    """Facts that a score of distress needs; none without such a model."""
    model = release.models.get(DISTRESS_MODEL)
    return needed_for_distress(model) if model else []


def _distress(release: Release, facts: Facts) -> DistressScore | None:
    """What the statement says of a customer without a payment history; None where that is not the question."""
    model = release.models.get(DISTRESS_MODEL)
    return distress_score(model, facts, currency=release.policy.book.currency) if model else None


def _shown(release: Release, found: DistressScore | None) -> dict[str, Any]:
    """Distress apart from the default risk, under a name of its own; absent from releases without such a model."""
    if DISTRESS_MODEL not in release.models:
        return {}
    return {DISTRESS_MODEL: found.as_dict() if found else None}


def _limit(release: Release, facts: Facts, found: DefaultScore | None, asked: LimitRequest) -> dict[str, Any]:
    pd_12m, distress = found.pd_12m if found else None, _distress(release, facts)
    given = limit_facts(facts.values, release.policy.book, pd_12m=pd_12m, limit_in_force=asked.limit_in_force)
    scores = (found.doubts if found else ()), (distress.doubts if distress else ())
    doubts = (*facts.doubts, *scores[0], *scores[1], *given.doubts)
    notes = (*given.notes, *(found.notes if found else ()))
    risk = {"risk": found.as_dict() if found else None} | _shown(release, distress)
    try:
        policy = release.policy.in_force(facts.business_date)
    except NoParametersInForceError as error:
        answer = not_recommended(release.policy.book.currency, str(error))
        return answer | risk | _tail(release, facts, (*doubts, str(error)), notes)
    limit = recommend(given.inputs, policy, doubts=doubts)
    return told(limit) | risk | _tail(release, facts, limit.doubts, (*limit.notes, *notes))


def _late_notes(facts: Facts) -> tuple[str, ...]:
    if facts.age_days > 0:
        return ()
    return (
        f"The features are as of {facts.as_of}, on or after the issue date {facts.business_date}; "
        "the model was trained on what was known the day before.",
    )


def _check_currency(got: str, allowed: str) -> None:
    if got != allowed:
        raise invalid((FieldError("currency", got, f"{allowed}, the currency of the book; convert the amount first"),))


def _versions(release: Release, day: date) -> dict[str, Any]:
    try:
        reference = release.policy.in_force(day).reference
    except NoParametersInForceError:
        reference = None
    return release.versions | {"policy": reference}


def _model(release: Release, name: str) -> dict[str, Any]:
    spec = release.models[name].spec
    return {
        "version": release.versions["models"].get(name),
        "target": spec.target,
        "probability": spec.probability_name,
        "trained_as_of": spec.trained_as_of.isoformat(),
        "feature_set": f"{spec.feature_set}_v{spec.feature_set_version}",
    }
