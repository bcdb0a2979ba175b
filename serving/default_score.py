"""How likely a customer is to default, within the model's horizon and within twelve months."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy.horizon import twelve_months_from_180_days
from scoring.model import ReleasedModel
from serving.facts import Facts
from serving.scored import Scored, columns_of, score, stored_features

MODEL: Final = "default"
YEAR_MODEL: Final = "default-12m"
PERSON: Final = "is_natural_person"
OLDEST: Final = "oldest_overdue_days"
INVOICES: Final = "invoice_count_365d"


@dataclass(frozen=True)
class DefaultScore:
    """A probability of default with its conversion.

    Attributes:
        name: Name of the model's probability, its horizon included.
        scored: The model's probability and reasons.
        pd_12m: Within twelve months; None when the model's horizon cannot be converted.
        note: How ``pd_12m`` came about; empty if the model itself states it.
        doubts: Why the customer is none of those the model speaks of; empty if it is.
    """

    name: str
    scored: Scored
    pd_12m: Decimal | None
    note: str
    doubts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The probabilities and reasons as an answer states them."""
        pd_12m = None if self.pd_12m is None else float(self.pd_12m)
        return {self.name: self.scored.probability, "pd_12m": pd_12m, "reasons": self.scored.told}


def needed(model: ReleasedModel, year: ReleasedModel | None = None) -> list[str]:
    """Stored features that a score and its doubts are made of.

    Args:
        model: The model of default.
        year: The model of default within twelve months, if the release has one.
    """
    of_year = stored_features(year) if year else ()
    person = [PERSON] if _companies_only(model) else []
    return list(dict.fromkeys([*stored_features(model), *of_year, OLDEST, INVOICES, *person]))


def _companies_only(model: ReleasedModel) -> bool:
    return model.spec.label.get("natural_persons") == "left out"


def default_score(
    model: ReleasedModel, facts: Facts, *, currency: str, year: ReleasedModel | None = None
) -> DefaultScore:
    """Score a customer on its facts, whose amounts are in ``currency``.

    Args:
        model: The model of default.
        facts: What is known of the customer.
        currency: ISO 4217 code of the amounts.
        year: The model that states ``pd_12m``; None: it is converted from the model's horizon where that can be done.
    """
    scored = score(model, columns_of(facts.values), currency=currency)
    name, doubts = model.spec.probability_name, outside(model, facts.values)
    if year is not None and name != "pd_12m":
        exact = Decimal(repr(scored.probability))
        stated = Decimal(repr(score(year, columns_of(facts.values), currency=currency).probability))
        return DefaultScore(name, scored, max(stated, exact), _of_year(year, stated, name, exact), doubts)
    pd_12m, note = in_twelve_months(name, scored.probability)
    return DefaultScore(name, scored, pd_12m, note, doubts)


def in_twelve_months(name: str, probability: float) -> tuple[Decimal | None, str]:
    """A model's probability as one of twelve months, and how it came about.

    Args:
        name: Name of the probability, its horizon included.
        probability: In [0, 1].

    Returns:
        The probability, None where its horizon cannot be converted; and a note, empty if nothing was converted.
    """
    exact = Decimal(repr(probability))
    if name == "pd_12m":
        return exact, ""
    if name == "pd_180d":
        year = twelve_months_from_180_days(exact)
        return year.pd_12m, year.note
    return None, f"{name} is not converted to twelve months: no rule for its horizon."


def _of_year(year: ReleasedModel, stated: Decimal, name: str, exact: Decimal) -> str:
    """Where ``pd_12m`` is from; a longer horizon is never the safer one."""
    if stated >= exact:
        return f"pd_12m is stated by the model {year.spec.name}."
    return f"pd_12m is {name}: the model {year.spec.name} states {stated:.6f}, less than within the shorter horizon."


def outside(model: ReleasedModel, values: Mapping[str, float | None]) -> tuple[str, ...]:
    """Why a customer is none of those the model learnt from, in words.

    A model of default knows customers that do business and are not in default. Of one that is, or that had no
    invoice for a year, its probability is an extrapolation, and a person has to look.

    Args:
        model: The model of default.
        values: The customer's facts.
    """
    found = []
    overdue, dpd = values.get(OLDEST), model.spec.label.get("dpd")
    if overdue is not None and isinstance(dpd, int) and overdue > dpd:
        found.append(
            f"The customer is in default: its oldest overdue item is {overdue:.0f} days past due, more than {dpd}. "
            "The probability is that of a customer who is not."
        )
    if values.get(INVOICES) == 0:
        found.append("The customer had no invoice in the last 365 days; the model learnt from customers that had.")
    if _companies_only(model) and values.get(PERSON) == 1:
        found.append("The customer is a natural person; the model learnt from companies alone.")
    return tuple(found)
