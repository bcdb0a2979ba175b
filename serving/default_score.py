"""How likely a customer is to default, within the model's horizon and within twelve months."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy.horizon import twelve_months_from_180_days
from scoring.model import ReleasedModel
from serving.facts import Facts
from serving.scored import Scored, columns_of, score

MODEL: Final = "default"


@dataclass(frozen=True)
class DefaultScore:
    """A probability of default with its conversion.

    Attributes:
        name: Name of the model's probability, its horizon included.
        scored: The model's probability and reasons.
        pd_12m: Within twelve months; None when the model's horizon cannot be converted.
        note: How ``pd_12m`` came about; empty if the model itself states it.
    """

    name: str
    scored: Scored
    pd_12m: Decimal | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """The probabilities and reasons as an answer states them."""
        pd_12m = None if self.pd_12m is None else float(self.pd_12m)
        return {self.name: self.scored.probability, "pd_12m": pd_12m, "reasons": self.scored.told}


def default_score(model: ReleasedModel, facts: Facts, *, currency: str) -> DefaultScore:
    """Score a customer on its facts, whose amounts are in ``currency``."""
    scored = score(model, columns_of(facts.values), currency=currency)
    name = model.spec.probability_name
    exact = Decimal(repr(scored.probability))
    if name == "pd_12m":
        return DefaultScore(name, scored, exact, "")
    if name == "pd_180d":
        year = twelve_months_from_180_days(exact)
        return DefaultScore(name, scored, year.pd_12m, year.note)
    return DefaultScore(name, scored, None, f"{name} is not converted to twelve months: no rule for its horizon.")
