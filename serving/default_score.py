"""How likely a customer is to default, within the model's horizon and within twelve months, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy.horizon import twelve_months_from_180_days
from scoring.doubts import doubts_of, facts_for_doubts
from scoring.model import ReleasedModel
from scoring.rating import STRETCHED, YEAR, facts_for_rating
from scoring.year_grade import YearGrade
from serving.facts import Facts
from serving.rating import Rated, Stated, next_grade, rated
from serving.scored import Scored, columns_of, score, stored_features

MODEL: Final = "default"
YEAR_MODEL: Final = "default-12m"


@dataclass(frozen=True)
class DefaultScore:
    """A probability of default with its conversion.

    Attributes:
        name: Name of the model's probability, its horizon included.
        scored: The model's probability and reasons.
        pd_12m: Within twelve months; None when the model's horizon cannot be converted.
        note: How ``pd_12m`` came about; empty if the model itself states it.
        rated: Grade, points and intervals.
        doubts: Why the customer is none of those the model speaks of; empty if it is.
    """

    name: str
    scored: Scored
    pd_12m: Decimal | None
    note: str
    rated: Rated
    doubts: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of the probabilities and of how sure they are."""
        return tuple(note for note in (self.note, *self.rated.notes) if note)

    def as_dict(self) -> dict[str, Any]:
        """The probabilities, what is made of them, and the reasons, as an answer states them."""
        pd_12m = None if self.pd_12m is None else float(self.pd_12m)
        return {
            self.name: self.scored.probability,
            "pd_12m": pd_12m,
            **self.rated.as_dict(),
            "reasons": self.scored.told,
        }


def needed(model: ReleasedModel, year: ReleasedModel | None = None) -> list[str]:
    """Stored features that a score, its doubts and its rating are made of.

    Args:
        model: The model of default.
        year: The model of default within twelve months, if the release has one.
    """
    models = [model] if year is None else [model, year]
    read = [name for one in models for name in stored_features(one)]
    beside = [name for one in models for name in (*facts_for_doubts(one.spec), *facts_for_rating(one.spec))]
    return list(dict.fromkeys([*read, *beside]))


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
    columns = columns_of(facts.values)
    scored = score(model, columns, currency=currency)
    name, stated = model.spec.probability_name, Stated(model.spec, scored.probability)
    pd_12m, note = in_twelve_months(name, scored.probability)
    if year is None or name == YEAR:
        return DefaultScore(
            name, scored, pd_12m, note, rated(stated, None, pd_12m, columns), outside(model, facts.values)
        )
    longer = Stated(year.spec, float(year.probability(year.matrix(columns))[0]))
    exact, of_year = Decimal(repr(stated.probability)), Decimal(repr(longer.probability))
    pd_12m = max(of_year, exact)
    doubts = dict.fromkeys((*outside(model, facts.values), *outside(year, facts.values)))
    made = rated(stated, longer, pd_12m, columns)
    return DefaultScore(name, scored, pd_12m, _of_year(year, of_year, name, exact), made, tuple(doubts))


def explained(
    model: ReleasedModel, facts: Facts, *, currency: str, year: ReleasedModel | None = None
) -> dict[str, Any] | None:
    """What would have to change for the next better grade; None where there is no grade. It costs milliseconds.

    Args:
        model: The model of default.
        facts: What is known of the customer.
        currency: ISO 4217 code of the amounts.
        year: The model that states ``pd_12m``, if the release has one.
    """
    name, longer = model.spec.probability_name, None if model.spec.probability_name == YEAR else year
    if longer is None and in_twelve_months(name, 0.0)[0] is None:
        return None
    return next_grade(YearGrade(model, longer), columns_of(facts.values), currency=currency)


def in_twelve_months(name: str, probability: float) -> tuple[Decimal | None, str]:
    """A model's probability as one of twelve months, and how it came about.

    Args:
        name: Name of the probability, its horizon included.
        probability: In [0, 1].

    Returns:
        The probability, None where its horizon cannot be converted; and a note, empty if nothing was converted.
    """
    exact = Decimal(repr(probability))
    if name == YEAR:
        return exact, ""
    if name == STRETCHED:
        year = twelve_months_from_180_days(exact)
        return year.pd_12m, year.note
    return None, f"{name} is not converted to twelve months: no rule for its horizon."


def _of_year(year: ReleasedModel, stated: Decimal, name: str, exact: Decimal) -> str:
    """Where ``pd_12m`` is from; a longer horizon is never the safer one."""
    if stated >= exact:
        return f"pd_12m is stated by the model {year.spec.name}."
    return f"pd_12m is {name}: the model {year.spec.name} states {stated:.6f}, less than within the shorter horizon."


def outside(model: ReleasedModel, values: Mapping[str, float | None]) -> tuple[str, ...]:
    """Why a customer is none of those the model learnt from, in words; see ``scoring.doubts``.

    Args:
        model: The model.
        values: The customer's facts.
    """
    return doubts_of(model.spec, values)
