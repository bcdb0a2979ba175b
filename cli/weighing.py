"""A version beside the champion it would replace: on the same cases, and in the decisions that rest on them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.book import Book
from data.settings import Settings
from features.build import as_of_now
from features.feature_sets import LIMIT_INPUTS
from policy.limit_policy import LimitPolicy
from policy.limits import LimitRecommendation, recommend
from policy.released import OwnBook, ReleasedPolicy
from scoring.bundle import known_feature_hashes
from scoring.model import ReleasedModel
from serving.default_score import MODEL as DECIDES
from serving.default_score import in_twelve_months, needed, outside
from serving.limit_facts import limit_facts

if TYPE_CHECKING:
    from training.lifecycle.gates import Beside
    from training.lifecycle.impact import Decided, Impact
    from training.lifecycle.promote import Weigh
    from training.lifecycle.stored import Stored

LIMIT: Final = "limit_amount"
CENT: Final = Decimal("0.01")
NO_DECISION: Final = "no limit and no outcome rests on this model"


def weigher(settings: Settings, book: Book, policy: Mapping[str, Any], as_of: date) -> "Weigh":
    """What promotion asks of a version and its champion.

    Args:
        settings: Threads are taken from it.
        book: The book: cases and customers come from it.
        policy: The policy part of the release.
        as_of: The day of the decisions that are compared.
    """
    from training.lifecycle.gates import GATES, load_gates

    move = load_gates(GATES).measures.limit_move

    def weigh(champion: "Stored", candidate: "Stored") -> "Beside":
        return _weighed(settings, book, ReleasedPolicy.from_json(policy), as_of, champion, candidate, move)

    return weigh


def _weighed(
    settings: Settings,
    book: Book,
    policy: ReleasedPolicy,
    as_of: date,
    champion: "Stored",
    candidate: "Stored",
    move: float,
) -> "Beside":
    from training.lifecycle.compare import LabelsDifferError, compare, usual_cases
    from training.lifecycle.gates import Beside
    from training.lifecycle.rebuilt import CasesUnknownError, NothingMaturedError
    from training.lifecycle.stand_in import NotScorableError, require_scorable

    try:
        require_scorable([champion, candidate], known_feature_hashes())
        effect = decision_impact(book, policy, champion, candidate, as_of=as_of, move=move)
        figures, told = dict(effect.figures), {"impact": effect.as_dict()}
        compared = compare(book, champion, candidate, *usual_cases(champion, candidate), threads=settings.threads)
    except (CasesUnknownError, NotScorableError, LabelsDifferError, NothingMaturedError) as error:
        return Beside(champion.version, note=str(error))  # figures that are missing fail their gates
    gains = {f"{name}_gain{end}": value for name, gain in compared.gains.items()
             for end, value in (("", gain.value), ("_low", gain.low), ("_high", gain.high))}  # fmt: skip
    cases = {"compared_cases": float(compared.of_champion.n)}
    return Beside(champion.version, {**figures, **gains, **cases}, {**told, "comparison": compared.as_dict()})


def decision_impact(
    book: Book, policy: ReleasedPolicy, champion: "Stored", candidate: "Stored", *, as_of: date, move: float
) -> "Impact":
    """Decide about every customer of the book with either model, as the service would.

    Args:
        book: The book.
        policy: The limit policy and the own book.
        champion: The version in force.
        candidate: The version that would take its place.
        as_of: The day, at whose end the customers' facts are taken.
        move: Share beyond which a limit has moved.

    Raises:
        FeaturesChangedError: This code defines the features of one otherwise.
        NoParametersInForceError: No policy speaks for the day.
    """
    from scoring.bundle import known_feature_hashes
    from training.lifecycle.impact import impact, no_impact
    from training.lifecycle.same_features import require_same_features

    specs = [model.fitted.spec for model in (champion, candidate)]
    require_same_features(specs, known_feature_hashes())
    currency = policy.book.currency
    if specs[0].name != DECIDES:
        return no_impact(as_of=as_of, currency=currency, customers=_customers(book, as_of), move=move, note=NO_DECISION)
    models = [released(model) for model in (champion, candidate)]
    names = [*needed(models[0]), *needed(models[1]), *LIMIT_INPUTS.names, LIMIT]
    facts = as_of_now(book, as_of, features=list(dict.fromkeys(names)))
    before, after = (_decided(facts, model, policy, as_of) for model in models)
    return impact(before, after, as_of=as_of, currency=currency, move=move)


def _customers(book: Book, as_of: date) -> int:
    return int(as_of_now(book, as_of, features=[LIMIT]).num_rows)


def released(model: "Stored") -> ReleasedModel:
    """A version of the registry, ready to score."""
    return model.fitted.model()


def recommendations(
    facts: pa.Table,
    model: ReleasedModel,
    policy: ReleasedPolicy,
    as_of: date,
    *,
    stated: NDArray[np.float64] | None = None,
) -> list[LimitRecommendation]:
    """The limit that the service would recommend for each customer, scored in one go.

    Args:
        facts: Shape (n, 3 + k), as `features.build.as_of_now` gives it: what the model needs, the inputs of the limit
            and ``limit_amount``.
        model: The model of default that decides.
        policy: The limit policy and the own book.
        as_of: The day, at whose end the facts were taken.
        stated: The probability of each customer, shape (n,), in [0, 1], of the model's horizon; what the model
            states unless given, as when asking what another probability would do.

    Returns:
        One recommendation per row, in order.

    Raises:
        NoParametersInForceError: No policy speaks for the day.
    """
    columns = {name: facts[name].cast(pa.float64()) for name in facts.column_names if name not in _KEYS}
    if stated is None:
        stated = model.probability(model.matrix({name: column.to_numpy() for name, column in columns.items()}))
    name, rules = model.spec.probability_name, policy.in_force(as_of)
    return [
        _recommended(values, in_twelve_months(name, chance)[0], model, policy.book, rules)
        for values, chance in zip(pa.table(columns).to_pylist(), stated.tolist(), strict=True)
    ]


_KEYS: Final = frozenset({"case_id", "customer_id", "as_of"})


def _recommended(
    values: Mapping[str, float | None],
    pd_12m: Decimal | None,
    model: ReleasedModel,
    book: OwnBook,
    rules: LimitPolicy,
) -> LimitRecommendation:
    limit = values.get(LIMIT)
    held = None if limit is None else Decimal(repr(limit)).quantize(CENT)
    given = limit_facts(values, book, pd_12m=pd_12m, limit_in_force=held)
    return recommend(given.inputs, rules, doubts=(*outside(model, values), *given.doubts))


def _decided(facts: pa.Table, model: ReleasedModel, policy: ReleasedPolicy, as_of: date) -> "list[Decided]":
    """The service's limit and outcome of each customer."""
    from training.lifecycle.impact import Decided

    found = recommendations(facts, model, policy, as_of)
    return [
        Decided(customer, limit.outcome.value if limit.outcome else None, limit.amount)
        for customer, limit in zip(facts["customer_id"].to_pylist(), found, strict=True)
    ]
