"""The gates of promotion: which figures a model must show, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from training.fitting.fitted import Fitted
from training.judging.evaluation import Evaluation
from training.judging.reliability import calibration_slope, perfect_ece
from training.lifecycle.measures import STANDARD, Measures
from training.lifecycle.missing import DIRECTIONS, why_missing
from training.lifecycle.monotone import Probes, probed
from training.lifecycle.segments import segment_figures

GATES: Final = Path(__file__).with_name("gates.yaml")
NO_CHAMPION: Final = "no champion yet"
ITSELF: Final = "this version is the champion"
NOT_COMPARED: Final = "on the cases of both there is no such figure: they are too few, or all came out alike"
STANDS_IN: Final = "this version is the champion's recipe on the features as they are defined now"


class Gate(BaseModel):
    """One figure and its bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None
    kind: str | tuple[str, ...] | None = Field(
        default=None, description="Label kind or kinds it applies to; None: all."
    )
    against: Literal["champion"] | None = Field(default=None, description="Whom the figure compares the model with.")
    why: str

    @model_validator(mode="after")
    def _one_bound(self) -> "Gate":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"gate {self.name!r} needs exactly one of at_least and at_most")
        return self

    @property
    def bound(self) -> str:
        """The bound in words.

        Example:
            >>> Gate(name="n", figure="cases", at_least=500, why="").bound
            'at least 500'
        """
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"

    def is_for(self, kind: str) -> bool:
        """Whether the gate applies to models of a label kind.

        Example:
            >>> gate = Gate(name="n", figure="cases", at_least=500, kind=("late", "default"), why="")
            >>> gate.is_for("late"), gate.is_for("distress")
            (True, False)
        """
        return self.kind is None or kind in ((self.kind,) if isinstance(self.kind, str) else self.kind)

    def passes(self, value: float | None) -> bool:
        """Whether a figure passes; one that is missing or not a number does not.

        Example:
            >>> gate = Gate(name="n", figure="cases", at_least=500, why="")
            >>> gate.passes(500), gate.passes(499), gate.passes(None), gate.passes(float("nan"))
            (True, False, False, False)
        """
        if value is None:
            return False
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)


class Gates(BaseModel):
    """All gates, with who owns them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    owner: str
    measures: Measures = STANDARD
    gates: Annotated[tuple[Gate, ...], Field(min_length=1)]


class GateResult(BaseModel):
    """One gate at one model."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: int
    gate: str
    figure: str
    value: float | None
    bound: str
    passed: bool
    why: str
    note: str = ""

    @property
    def sentence(self) -> str:
        """The result in one line."""
        if self.passed and self.value is None:
            return f"{self.model} v{self.version}: {self.gate}: passes, {self.note}."
        value = "missing" if self.value is None else _written(self.value)
        return (
            f"{self.model} v{self.version}: {self.gate}: {self.figure} is {value}, wanted {self.bound}. {self.why}"
            + (f" ({self.note})" if self.note else "")
        )


@dataclass(frozen=True)
class Beside:
    """A model beside the champion it would replace.

    Attributes:
        champion: Version of the champion; None: there is none yet.
        figures: Figures that compare the two; one that does not exist is None or absent.
        told: The comparison in plain values, for the record of the promotion.
        note: Why figures are missing; empty if they are not.
        itself: Whether the version is what stands in for a champion that cannot be scored, so that it would be
            compared with itself.
    """

    champion: int | None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    itself: bool = False


class NoGatesError(ValueError):
    """No gate applies to a model, so that nothing would be asked of it.

    Attributes:
        model: Name of the model.
        kind: Its label kind.
    """

    def __init__(self, model: str, kind: str) -> None:
        self.model = model
        self.kind = kind
        super().__init__(f"No gate applies to {model} (label kind {kind}). Add gates for it to gates.yaml.")


def load_gates(path: Path = GATES) -> Gates:
    """Read the gates; pydantic's ``ValidationError`` says what is wrong with them."""
    return Gates.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def check(fitted: Fitted, version: int, gates: Gates, *, beside: Beside | None = None) -> tuple[GateResult, ...]:
    """Hold a model against the gates of its kind.

    Args:
        fitted: The model with its figures.
        version: Its version.
        gates: The gates.
        beside: The model beside its champion; None: nobody has looked, so that such figures are missing. Without a
            champion, and for the champion itself, the gates against it pass and say why.

    Raises:
        NoGatesError: None applies.
    """
    kind = str(fitted.spec.label.get("kind"))
    applying = [gate for gate in gates.gates if gate.is_for(kind)]
    if not applying:
        raise NoGatesError(fitted.spec.name, kind)
    probes = probed(fitted)
    figures = _figures(fitted, gates.measures, probes) | dict(beside.figures if beside else {})
    return tuple(
        _against_none(gate, fitted.spec.name, version, why)
        if gate.against and (why := _no_opponent(beside, version))
        else _against_champion(gate, figures.get(gate.figure), fitted.spec.name, version, beside)
        if gate.against
        else _explained(_result(gate, figures.get(gate.figure), fitted.spec.name, version), fitted, gates, probes)
        for gate in applying
    )


def _no_opponent(beside: Beside | None, version: int) -> str:
    """Why there is nothing to compare with; empty if there is."""
    if beside is None:
        return ""
    if beside.itself:
        return STANDS_IN
    return NO_CHAMPION if beside.champion is None else ITSELF if beside.champion == version else ""


def _against_champion(gate: Gate, value: float | None, model: str, version: int, beside: Beside | None) -> GateResult:
    note = beside.note if beside else ""
    if beside and value is None and not note:
        note = NOT_COMPARED
    return _result(gate, value, model, version, note)


def _explained(result: GateResult, fitted: Fitted, gates: Gates, probes: Probes | None) -> GateResult:
    """A result with why its figure is missing, or of how many probes it is; others as they are."""
    if result.value is None:
        return result.model_copy(update={"note": why_missing(result.figure, fitted, gates.measures)})
    if probes is not None and result.figure == DIRECTIONS:
        return result.model_copy(update={"note": probes.told})
    return result


def _against_none(gate: Gate, model: str, version: int, why: str) -> GateResult:
    return _result(gate, None, model, version, why).model_copy(update={"passed": True})


def figures_of(fitted: Fitted, measures: Measures = STANDARD) -> dict[str, float | None]:
    """Every figure a gate may name of a model alone; one that does not exist is None."""
    return _figures(fitted, measures, probed(fitted))


def _figures(fitted: Fitted, measures: Measures, probes: Probes | None) -> dict[str, float | None]:
    evaluation = fitted.evaluation
    stated = {
        f"{name}{end}": value
        for name, figure in evaluation.metrics.items()
        for end, value in (("", figure.value), ("_low", figure.low), ("_high", figure.high))
    }
    return {
        **stated,
        "cases": float(evaluation.n),
        "bad": float(evaluation.bad),
        "customers": float(evaluation.customers),
        "train_rows": float(fitted.spec.train_rows),
        "train_bad": float(fitted.spec.train_bad),
        "brier_skill": brier_skill(stated),
        "rate_low_to_stated": _ratio(stated.get("rate_low"), stated.get("mean_probability")),
        "stated_to_rate_high": _ratio(stated.get("mean_probability"), stated.get("rate_high")),
        # A version registered before the cases' own slope was a figure is held by that of its bins.
        "calibration_slope": stated.get("calibration_slope", calibration_slope(evaluation.reliability)),
        "ece_beyond_perfect": _ece_beyond_perfect(evaluation),
        DIRECTIONS: None if probes is None else float(probes.violations),
        **segment_figures(evaluation.segments, measures),
    }


def brier_skill(figures: Mapping[str, float]) -> float | None:
    """Share of the base rate's Brier score that the model saves: 1 is perfect, 0 is no better than the base rate.

    Example:
        >>> round(brier_skill({"brier": 0.06, "rate": 0.1}), 3)  # the base rate alone scores 0.1 * 0.9 = 0.09
        0.333
    """
    rate = figures.get("rate")
    ratio = _ratio(figures.get("brier"), None if rate is None else rate * (1 - rate))
    return None if ratio is None else 1 - ratio


def failed(results: Sequence[GateResult]) -> tuple[GateResult, ...]:
    """The gates that were not passed."""
    return tuple(result for result in results if not result.passed)


def _result(gate: Gate, value: float | None, model: str, version: int, note: str = "") -> GateResult:
    return GateResult(
        model=model,
        version=version,
        gate=gate.name,
        figure=gate.figure,
        value=value,
        bound=gate.bound,
        passed=gate.passes(value),
        why=gate.why,
        note=note,
    )


def _written(value: float) -> str:
    """A figure to four digits; a whole number in full, for it may be a count.

    Example:
        >>> _written(0.86123), _written(12345.0), _written(37.0)
        ('0.8612', '12,345', '37')
    """
    return f"{value:,.0f}" if value.is_integer() else f"{value:.4g}"


def _ratio(upper: float | None, lower: float | None) -> float | None:
    return None if upper is None or not lower else upper / lower


def _ece_beyond_perfect(evaluation: Evaluation) -> float | None:
    error, perfect = evaluation.metrics.get("ece"), perfect_ece(evaluation.reliability)
    return None if error is None or perfect is None else error.value - perfect
