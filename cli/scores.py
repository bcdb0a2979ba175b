"""Scores and limits without a running service: the service's own answers, asked for in this process."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cli.output import percent, say, show_table
from data.settings import Settings
from serving.default_score import MODEL as DEFAULT_MODEL
from serving.default_score import needed, outside
from serving.desk import LATE_MODEL, Desk
from serving.release import Live, source_of
from serving.schemas import DefaultScoreRequest, LatePaymentRequest, LimitRequest

if TYPE_CHECKING:
    from serving.release import Release

USUAL: Final = ("invoice_amount_mean_365d", "terms_mean_365d", "interest_rate_mean_365d")
OWED: Final = "open_amount"
CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Answer:
    """What is said of one customer.

    Attributes:
        customer_id: The customer.
        default: The answer to ``/v1/scores/default``, with what would have to change for the next better grade.
        late: The answer to ``/v1/scores/late-payment`` for an invoice as the customer usually gets it, issued the
            day after; None where no invoice of the last 365 days tells what is usual.
        limit: The answer to ``/v1/limits``.
    """

    customer_id: str
    default: dict[str, Any]
    late: dict[str, Any] | None
    limit: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The three answers, for JSON."""
        return {
            "customer_id": self.customer_id,
            "default": self.default,
            "late_payment": self.late,
            "limit": self.limit,
        }


def the_desk(settings: Settings, as_of: date) -> Desk:
    """The service's desk on the release in force, with ``as_of`` as its business day.

    Raises:
        Problem: There is no release that could be used.
    """
    live = Live(source_of(settings.releases, settings.store, verify_key=settings.verify_key))
    live.refresh()
    live.release()
    return Desk(live, today=lambda: as_of, stale_after_days=settings.stale_after_days)


def answers(desk: Desk, customer_ids: Sequence[str], as_of: date) -> list[Answer]:
    """What the service would answer for each customer on a day."""
    return [_answer(desk, customer_id, as_of) for customer_id in customer_ids]


def _answer(desk: Desk, customer_id: str, as_of: date) -> Answer:
    release = desk.live.release()
    usual = _usual_invoice(release, customer_id, as_of) if LATE_MODEL in release.models else None
    return Answer(
        customer_id,
        desk.default(DefaultScoreRequest(customer_id=customer_id, as_of=as_of, explain=True)),
        desk.late_payment(usual) if usual else None,
        desk.limit(LimitRequest(customer_id=customer_id, as_of=as_of)),
    )


def _usual_invoice(release: "Release", customer_id: str, as_of: date) -> LatePaymentRequest | None:
    values = release.facts.read_online([customer_id], USUAL)[0].values
    amount, terms, rate = (values[name] for name in USUAL)
    if amount is None or terms is None or math.isnan(amount) or amount <= 0:
        return None
    issued_on = as_of + timedelta(days=1)
    return LatePaymentRequest(
        customer_id=customer_id,
        amount=Decimal(repr(amount)).quantize(CENT),
        currency=release.policy.book.currency,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=round(terms)),
        interest_rate=None if rate is None else Decimal(repr(rate)).quantize(CENT),
    )


def most_at_stake(release: "Release", customer_ids: Sequence[str], how_many: int) -> list[str]:
    """Customers the model speaks of with the largest probability of default times what they owe, largest first."""
    model = release.model(DEFAULT_MODEL)
    names = [*needed(model), OWED]
    stored = release.facts.read_online(customer_ids, list(dict.fromkeys(names)))
    rows = [row for row in stored if not outside(model, row.values)]
    columns = {name: np.array([row.values[name] for row in rows], dtype=np.float64) for name in names}
    stake = model.probability(model.matrix(columns)) * np.nan_to_num(columns[OWED])
    order = sorted(range(len(rows)), key=lambda place: (-stake[place], rows[place].customer_id))
    return [rows[place].customer_id for place in order[:how_many]]


def tell(found: Sequence[Answer], as_of: date) -> None:
    """A row per customer, for a person."""
    rows = [_row(answer) for answer in found]
    columns = ("customer", "default in 180 d", "grade", "late ≥ 5 d", "limit", "binding cap", "why")
    numbers = ("default in 180 d", "grade", "late ≥ 5 d", "limit")
    show_table(f"Customers at the end of {as_of}", columns, rows, numbers=numbers)
    for answer in found:
        say(f"{answer.customer_id}: {_rating(answer.default)}")
        if distress := answer.default.get("distress"):
            say(f"{answer.customer_id}: {percent(distress['distress_prob_12m'], 2)} distress. {distress['what_it_is']}")
        for doubt in answer.default["doubts"]:
            say(f"REVIEW {answer.customer_id}: {doubt}")


def _row(answer: Answer) -> tuple[Any, ...]:
    limit = answer.limit
    amount = limit["recommended_limit"]
    reasons = [reason["sentence"] for reason in answer.default["reasons"][:2]]
    return (
        answer.customer_id,
        percent(answer.default["pd_180d"], 2),
        answer.default["grade"],
        percent(answer.late["late_prob_5d"]) if answer.late else None,
        None if amount is None else f"{Decimal(amount):,.0f} {limit['currency']}",
        limit["binding_cap"],
        " ".join(reasons) or "Nothing speaks against the customer.",
    )


def _rating(default: dict[str, Any]) -> str:
    """Points, intervals and the next better grade, in words."""
    prudent = default["grade_pd"]
    past = None if prudent is None else f"grade {default['grade']} is worth {percent(prudent, 2)} by its past"
    told = [f"{default['points']:.0f} points", _sure(default["pd_interval"]), past]
    return "; ".join(part for part in told if part) + ". " + _next(default["next_grade"])


def _sure(spans: dict[str, Any] | None) -> str | None:
    """Both ends of each interval, and the customers that they rest on."""
    if not spans:
        return None
    ends = [f"{name} {percent(span['low'], 2)} to {percent(span['high'], 2)}" for name, span in spans.items()]
    first = next(iter(spans.values()))
    basis = f"{percent(first['level'], 0)} interval, {first['comparable_customers']:.0f} comparable customers"
    return f"{', '.join(ends)} ({basis})"


def _next(change: dict[str, Any] | None) -> str:
    if change is None:
        return ""
    if change["grade"] is None:
        return str(change["note"])
    return f"For grade {change['grade']}: " + " ".join(one["sentence"] for one in change["changes"])
