"""The recommended credit limit: the smallest of the caps that are known, and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from policy.caps import Cap, change, credit_caps
from policy.expected_loss import ExpectedLoss, expected_loss
from policy.limit_inputs import LimitInputs
from policy.limit_policy import LimitPolicy
from policy.limit_reasons import limit_reasons, to_raise
from policy.money import ZERO, arithmetic, round_down, written, written_share
from policy.outcome import Outcome

__all__ = ["LimitInputs", "LimitPolicy", "LimitRecommendation", "recommend"]

RISK_CAPS = ("expected_loss_budget", "behaviour")


@dataclass(frozen=True)
class LimitRecommendation:
    """A limit with its proof. It recommends and never sets: no outcome here is APPROVE.

    Attributes:
        amount: Money, a multiple of the policy's step or the limit in force; None without a known cap.
        currency: ISO 4217 code of every amount.
        binding: The cap that set it; None without a known cap.
        next_cap: The cap that would set it if the binding one were lifted; None if there is none.
        caps: All caps, unknown ones included, shape (8,).
        expected_loss: Loss within twelve months if the limit is fully used; None without a PD or an amount.
        outcome: REVIEW when a person has to look before anybody uses it, else None.
        reasons: Why the limit is what it is, in words, the binding cap first.
        doubts: Why a person has to look; empty unless ``outcome`` is REVIEW.
        approvals: Why a person has to approve the amount; empty if nobody has to.
        notes: What else the record should say.
        to_raise: What would have to change for a higher limit.
        reference: The committee's decision whose numbers were used.
    """

    amount: Decimal | None
    currency: str
    binding: Cap | None
    next_cap: Cap | None
    caps: tuple[Cap, ...]
    expected_loss: ExpectedLoss | None
    outcome: Outcome | None
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]
    approvals: tuple[str, ...]
    notes: tuple[str, ...]
    to_raise: str
    reference: str

    @property
    def binding_cap(self) -> str | None:
        """Name of the cap that set the limit."""
        return self.binding.name if self.binding else None

    @property
    def needs_approval(self) -> bool:
        """Whether a person has to approve the amount."""
        return bool(self.approvals)

    @property
    def unknown(self) -> tuple[Cap, ...]:
        """The caps that lack an input."""
        return tuple(cap for cap in self.caps if not cap.known)


class CurrencyMismatchError(ValueError):
    """The facts and the policy speak of different currencies.

    Attributes:
        inputs: Currency of the facts.
        policy: Currency of the policy's amounts.
    """

    def __init__(self, inputs: str, policy: str) -> None:
        self.inputs = inputs
        self.policy = policy
        super().__init__(f"The inputs are in {inputs}, the policy's amounts in {policy}; convert one of them first.")


def recommend(inputs: LimitInputs, policy: LimitPolicy, *, doubts: Sequence[str] = ()) -> LimitRecommendation:
    """Recommend a limit for one customer.

    Args:
        inputs: What is known of the customer.
        policy: The numbers in force, in the same currency.
        doubts: What the caller knows against relying on ``inputs``, such as their age; any one means REVIEW.

    Returns:
        The recommendation. Its amount never exceeds a known cap and never rises with ``pd_12m``.

    Raises:
        CurrencyMismatchError: ``inputs`` and ``policy`` differ in currency.
    """
    if inputs.currency != policy.currency:
        raise CurrencyMismatchError(inputs.currency, policy.currency)
    caps = (*credit_caps(inputs, policy), change(inputs, policy))
    known = _ascending(caps)
    amount = _amount(known, inputs, policy)
    all_doubts = (*doubts, *_doubts(caps, amount))
    return LimitRecommendation(
        amount=amount,
        currency=inputs.currency,
        binding=known[0] if known else None,
        next_cap=known[1] if len(known) > 1 else None,
        caps=caps,
        expected_loss=_expected_loss(inputs, policy, amount),
        outcome=Outcome.REVIEW if all_doubts else None,
        reasons=limit_reasons(known, amount),
        doubts=all_doubts,
        approvals=_approvals(inputs, policy, amount),
        notes=_notes(inputs, policy),
        to_raise=to_raise(known, caps),
        reference=policy.reference,
    )


def _ascending(caps: Sequence[Cap]) -> tuple[Cap, ...]:
    """The known caps, smallest first; none at all if nothing but the bound on change is known."""
    known = [cap for cap in caps if cap.amount is not None]
    if all(cap.name == "change" for cap in known):
        return ()
    return tuple(sorted(known, key=_amount_of))


def _amount_of(cap: Cap) -> Decimal:
    if cap.amount is None:
        raise ValueError(f"cap {cap.name} is unknown")
    return cap.amount


def _amount(known: Sequence[Cap], inputs: LimitInputs, policy: LimitPolicy) -> Decimal | None:
    if not known:
        return None
    smallest = _amount_of(known[0])
    rounded = round_down(smallest, policy.rounding_step)
    limit = inputs.limit_in_force
    # A limit that every cap allows is not cut just because it is no multiple of the step.
    return limit if limit is not None and rounded < limit <= smallest else rounded


def _expected_loss(inputs: LimitInputs, policy: LimitPolicy, amount: Decimal | None) -> ExpectedLoss | None:
    if amount is None or inputs.pd_12m is None:
        return None
    return expected_loss(pd_12m=max(inputs.pd_12m, policy.pd_floor), lgd=policy.lgd, ead=amount)


def _doubts(caps: Sequence[Cap], amount: Decimal | None) -> tuple[str, ...]:
    if amount is None:
        lacking = "; ".join(f"{cap.name}: {' and '.join(cap.missing)}" for cap in caps if cap.name != "change")
        return (f"No cap is known, so no limit is recommended. Missing: {lacking}.",)
    if any(cap.known for cap in caps if cap.name in RISK_CAPS):
        return ()
    return ("Neither the probability of default nor paid exposure is known: the limit says nothing about risk.",)


def _approvals(inputs: LimitInputs, policy: LimitPolicy, amount: Decimal | None) -> tuple[str, ...]:
    if amount is None:
        return ()
    found = []
    if amount > policy.approval_above:
        found.append(f"{written(amount)} is above {written(policy.approval_above)}, up to which no approval is needed.")
    limit = inputs.limit_in_force
    if limit is None:
        return tuple(found)
    with arithmetic():
        lowest = limit * (1 - policy.change_share)
    if amount < lowest:
        found.append(
            f"{written(amount)} cuts the limit in force of {written(limit)} by more than "
            f"{written_share(policy.change_share)}; a cap is never exceeded to soften a cut, so a person decides."
        )
    if limit == ZERO < amount:
        found.append("The limit in force is zero, and its rise is not bounded by a share of it.")
    return tuple(found)


def _notes(inputs: LimitInputs, policy: LimitPolicy) -> tuple[str, ...]:
    found = []
    if inputs.limit_in_force is None:
        found.append("No limit in force is known, so the change is not bounded.")
    if inputs.pd_12m is not None and inputs.pd_12m < policy.pd_floor:
        found.append(
            f"pd_12m {written_share(inputs.pd_12m)} lies below the floor; "
            f"{written_share(policy.pd_floor)} was used ({policy.reference})."
        )
    return tuple(found)
