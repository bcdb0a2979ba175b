"""A limit recommendation as an answer states it: money as text, so that no client rounds it on the way."""

from decimal import Decimal
from typing import Any

from policy.caps import Cap
from policy.expected_loss import ExpectedLoss
from policy.limits import LimitRecommendation
from policy.money import plain


def told(limit: LimitRecommendation) -> dict[str, Any]:
    """The recommendation as JSON can hold it."""
    return {
        "recommended_limit": _money(limit.amount),
        "currency": limit.currency,
        "binding_cap": limit.binding_cap,
        "next_cap": _cap(limit.next_cap) if limit.next_cap else None,
        "caps": [_cap(cap) for cap in limit.caps],
        "limit_reasons": list(limit.reasons),
        "to_raise": limit.to_raise,
        "expected_loss": _loss(limit.expected_loss) if limit.expected_loss else None,
        "needs_approval": limit.needs_approval,
        "approvals": list(limit.approvals),
    }


def not_recommended(currency: str, why: str) -> dict[str, Any]:
    """The answer when no policy speaks for the day."""
    return {
        "recommended_limit": None,
        "currency": currency,
        "binding_cap": None,
        "next_cap": None,
        "caps": [],
        "limit_reasons": [why],
        "to_raise": "A policy has to be in force on the day.",
        "expected_loss": None,
        "needs_approval": False,
        "approvals": [],
    }


def _cap(cap: Cap) -> dict[str, Any]:
    return {
        "name": cap.name,
        "known": cap.known,
        "amount": _money(cap.amount),
        "formula": cap.formula,
        "inputs": {name: plain(value) for name, value in cap.inputs.items()},
        "missing": list(cap.missing),
    }


def _loss(loss: ExpectedLoss) -> dict[str, str]:
    return {
        "amount": str(loss.amount),
        "pd_12m": plain(loss.pd_12m),
        "lgd": plain(loss.lgd),
        "ead": str(loss.ead),
        "formula": loss.formula,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
