"""How likely a company is to go bankrupt by its statement alone: for onboarding, where nothing was ever paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scoring.model import ReleasedModel
from serving.facts import Facts
from serving.scored import Scored, columns_of, score, stored_features

MODEL: Final = "distress"
STATEMENT_AGE: Final = "statement_age_days"
SETTLED: Final = "settled_count_ever"
OLDEST_STATEMENT_DAYS: Final = 730
"""Of two years; what is older says little about the next twelve months."""
NO_HISTORY: Final = (
    "The customer has no payment history. What its statement says is no probability of default of ours: "
    "a person has to look."
)


@dataclass(frozen=True)
class DistressScore:
    """What a statement says of a customer without a payment history.

    Attributes:
        name: Name of the model's probability, its horizon included.
        scored: The probability and its reasons.
        ratios: The ratios it was made of, None where not known.
        horizon_months: Months within which the bankruptcy would fall.
        statement_age_days: Age of the balance sheet.
        meaning: What the probability is, and what it is not.
        doubts: Why a person has to look; never empty.
    """

    name: str
    scored: Scored
    ratios: Mapping[str, float | None]
    horizon_months: int
    statement_age_days: float
    meaning: str
    doubts: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The probability with its meaning, as an answer states it."""
        return {
            self.name: self.scored.probability,
            "horizon_months": self.horizon_months,
            "what_it_is": self.meaning,
            "reasons": self.scored.told,
            "ratios": dict(self.ratios),
            "statement_age_days": self.statement_age_days,
        }


def needed(model: ReleasedModel) -> list[str]:
    """Stored features that a score is made of, and those that tell whether there is one."""
    return list(dict.fromkeys([*stored_features(model), STATEMENT_AGE, SETTLED]))


def distress_score(model: ReleasedModel, facts: Facts, *, currency: str) -> DistressScore | None:
    """Score a statement, if there is one and nothing else to go by.

    Args:
        model: The model of distress.
        facts: The customer's facts.
        currency: Currency of amounts in the reasons.

    Returns:
        None for a customer who has settled an invoice, whom the model of default knows better, and for one
        without a statement that holds at least one of the ratios.
    """
    values = facts.values
    ratios = {name: values.get(name) for name in model.spec.feature_names}
    age = values.get(STATEMENT_AGE)
    if (values.get(SETTLED) or 0.0) > 0 or age is None or all(value is None for value in ratios.values()):
        return None
    return DistressScore(
        name=model.spec.probability_name,
        scored=score(model, columns_of(values), currency=currency),
        ratios=ratios,
        horizon_months=_whole(model.spec.label.get("horizon_months")),
        statement_age_days=age,
        meaning=meaning_of(model),
        doubts=(NO_HISTORY, *_stale(age)),
    )


def meaning_of(model: ReleasedModel) -> str:
    """What the probability is, in a sentence made of what the model itself states."""
    label = model.spec.label
    rate, sample_rate = label.get("base_rate"), label.get("sample_rate")
    return (
        f"Probability of bankruptcy within {_whole(label.get('horizon_months'))} months by the ratios of an annual "
        f"statement alone. Learnt from {label.get('sample')}, and brought from the sample's rate of "
        f"{_percent(sample_rate)} to the base rate of {_percent(rate)} ({label.get('base_rate_source')}). "
        "It is not a probability of default from a payment history, enters no limit, and approves nobody."
    )


def _stale(age: float) -> tuple[str, ...]:
    if age <= OLDEST_STATEMENT_DAYS:
        return ()
    return (f"The latest balance sheet is {age:.0f} days old, more than {OLDEST_STATEMENT_DAYS}: ask for a newer one.",)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 12


def _percent(value: object) -> str:
    return f"{100 * value:.2f} %" if isinstance(value, float) else "an unknown share"
