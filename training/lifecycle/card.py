"""The model card: what a model is, how it was made, how it did, what it is not for. Generated, never typed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from features.catalogue import Feature
from features.feature_sets import FEATURES
from training.fitting.evidence import GRADES
from training.fitting.fitted import Fitted
from training.judging.evaluation import Bin, Evaluation, Interval, Segment
from training.judging.rates import rate_interval
from training.judging.reliability import calibration_slope, perfect_ece
from training.lifecycle.grade_lines import grade_lines, passed, sure_lines
from training.lifecycle.measures import STANDARD
from training.lifecycle.missing import DIRECTIONS as DIRECTION_FIGURE
from training.lifecycle.missing import why_missing
from training.lifecycle.monotone import probed

FIGURES: Final = {
    "auc": "Area under the ROC curve",
    "average_precision": "Average precision",
    "ks": "Kolmogorov-Smirnov distance",
    "brier": "Brier score",
    "mean_probability": "Mean stated probability",
    "rate": "Observed rate",
    "ece": "Expected calibration error",
    "calibration_slope": "Calibration slope (1 is right)",
    "calibration_intercept": "Calibration in the large (intercept; 0 is right)",
}
RECALIBRATION: Final = ("calibration_slope", "calibration_intercept")
"""Versions registered before there were these figures are not said to lack them."""
TIME_TO_PAY: Final = "time_to_pay"
TIME_TO_PAY_WORDS: Final = (
    ("crps", "CRPS, days"),
    ("own_crps", "CRPS of the customer's own delays, days"),
    ("crps_difference", "Difference, paired"),
    ("coverage_80_not_on_due", "Share inside the 80 % interval"),
)
SHOWN_APART: Final = (TIME_TO_PAY, GRADES)
"""Parts of a training that have a table of their own."""
DIRECTIONS: Final = {1: "rises", -1: "falls", 0: "free"}
NO_DIRECTION: Final = "None is declared."
HELD: Final = "The model was held to the declared directions while it was made."
NOT_HELD: Final = (
    "The model was not held to the declared directions while it was made: it keeps them only as far as its cases did."
)
NO_MEANING: Final = "not in the catalogue of this version"
PLOT: Final = 320
"""Side of the reliability plot in pixels."""
MARGIN: Final = 46
TICKS: Final = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Approval:
    """A person's promotion of this version."""

    by: str
    reason: str
    at: str
    """ISO timestamp in UTC."""
    release: str


@dataclass(frozen=True)
class FeatureLine:
    """One feature as the card lists it."""

    name: str
    meaning: str
    unit: str
    direction: str
    group: str


@dataclass(frozen=True)
class ReliabilityLine:
    """One bin as the card lists it, with its place in the plot (pixels)."""

    row: Bin
    low: float
    """Lower end of the 95 % Jeffreys interval of the rate."""
    high: float
    x: float
    y: float
    y_low: float
    y_high: float


@dataclass(frozen=True)
class Card:
    """Everything a card shows."""

    fitted: Fitted
    version: int
    tags: Mapping[str, str]
    features: tuple[FeatureLine, ...]
    reliability: tuple[ReliabilityLine, ...]
    slope: float | None
    """Slope on the table's bins, shown where the cases' own is not among the figures."""
    perfect_ece: float | None
    top: float
    """Largest value on the axes of the plot."""
    probing: str = ""
    """What came of probing the model for its declared directions, in words."""
    gates: tuple[Mapping[str, Any], ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def evaluation(self) -> Evaluation:
        """How the model did."""
        return self.fitted.evaluation

    @property
    def figures(self) -> list[tuple[str, str, str, str]]:
        """Name, value and both ends of the interval, as text; ``missing`` where a figure does not exist."""
        there = self.evaluation.metrics
        asked = [name for name in FIGURES if name in there or name not in RECALIBRATION]
        return [(FIGURES[name], *_interval(there.get(name))) for name in asked]

    @property
    def directions(self) -> str:
        """What the directions of the features are worth, in words."""
        spec = self.fitted.spec
        if not any(spec.monotone):
            return NO_DIRECTION
        return HELD if spec.held else NOT_HELD

    @property
    def ticks(self) -> list[tuple[str, float]]:
        """Labels of the plot's axes and their distance from the origin in pixels."""
        return [(f"{tick:.0%}", _place(tick, self.top)) for tick in TICKS if tick <= self.top * 1.001]


def card_of(
    fitted: Fitted,
    version: int,
    tags: Mapping[str, str],
    *,
    catalogue: Mapping[str, Feature] = FEATURES,
    gates: Sequence[Mapping[str, Any]] = (),
    approvals: Sequence[Approval] = (),
) -> Card:
    """Bring together what a card shows.

    Args:
        fitted: The model with its figures.
        version: Version in the registry.
        tags: Labels of the version.
        catalogue: Meaning and unit of each feature, by name.
        gates: Results of the gates of promotion, as plain values.
        approvals: Promotions of this version.
    """
    bins = fitted.evaluation.reliability
    top = _top(bins)
    return Card(
        fitted=fitted,
        version=version,
        tags=tags,
        features=tuple(_feature_line(fitted, place, catalogue) for place in range(len(fitted.spec.feature_names))),
        reliability=tuple(_reliability_line(row, top) for row in bins),
        slope=calibration_slope(bins),
        perfect_ece=perfect_ece(bins),
        top=top,
        probing=_probing(fitted, gates),
        gates=tuple(gates),
        approvals=tuple(approvals),
    )


def write_card(card: Card, folder: Path) -> Path:
    """Write ``<name>-v<version>.md`` and ``.html``; equal cards give equal bytes.

    Returns:
        Path of the Markdown file; the HTML lies beside it and needs no network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{card.fitted.spec.name}-v{card.version}.md"
    path.write_text(markdown(card), encoding="utf-8")
    path.with_suffix(".html").write_text(html(card), encoding="utf-8")
    return path


def markdown(card: Card) -> str:
    """The card as Markdown."""
    return _environment(autoescape=False).get_template("card.md").render(**_shown(card))


def html(card: Card) -> str:
    """The card as one self-contained HTML page."""
    return _environment(autoescape=True).get_template("card.html").render(**_shown(card))


def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("training.lifecycle"),
        autoescape=autoescape,  # Markdown is text; the HTML card escapes
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(figure=_figure, percent=_percent, cell=_cell, span=_span, part_auc=_part_auc)
    environment.filters.update(counted=_counted)
    return environment


def _shown(card: Card) -> dict[str, Any]:
    return {
        "card": card,
        "spec": card.fitted.spec,
        "evaluation": card.evaluation,
        "calibrator": card.fitted.calibrator,
        "training": _flat({name: value for name, value in card.fitted.training.items() if name not in SHOWN_APART}),
        "grades": grade_lines(card.fitted),
        "grades_passed": passed(card.fitted),
        "sure": sure_lines(card.fitted),
        "time_to_pay": card.fitted.training.get(TIME_TO_PAY, {}),
        "time_to_pay_words": TIME_TO_PAY_WORDS,
        "scorecard": () if card.fitted.scorecard is None else card.fitted.scorecard.table(),
        "plot": PLOT,
        "margin": MARGIN,
    }


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values as one list, figures shortened for reading.

    Example:
        >>> _flat({"recipe": {"trees": 150, "rate": 0.0312345}})
        {'recipe, trees': 150, 'recipe, rate': '0.0312'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{before}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            found |= _flat(value, f"{key}, ")
        else:
            found[key] = _figure(value) if isinstance(value, float) else value
    return found


def _probing(fitted: Fitted, gates: Sequence[Mapping[str, Any]]) -> str:
    """What came of probing; told by the gate that asked for it where one did, for it takes seconds."""
    told = next((str(gate["note"]) for gate in gates if gate["figure"] == DIRECTION_FIGURE), "")
    if told:
        return told
    probes = probed(fitted)
    return why_missing(DIRECTION_FIGURE, fitted, STANDARD) if probes is None else probes.told


def _feature_line(fitted: Fitted, place: int, catalogue: Mapping[str, Feature]) -> FeatureLine:
    name = fitted.spec.feature_names[place]
    feature = catalogue.get(name)
    return FeatureLine(
        name=name,
        meaning=feature.meaning if feature else NO_MEANING,
        unit=feature.unit if feature else "",
        direction=DIRECTIONS[fitted.spec.monotone[place]],
        group=fitted.spec.groups[name].replace("_", " "),
    )


def _reliability_line(row: Bin, top: float) -> ReliabilityLine:
    low, high = rate_interval(row.n, row.bad)
    places = [_place(value, top) for value in (row.mean_probability, row.rate, low, high)]
    return ReliabilityLine(row, low, high, *places)


def _top(bins: Sequence[Bin]) -> float:
    """End of the axes: just above the largest probability or interval, never above 1."""
    largest = max((max(row.mean_probability, rate_interval(row.n, row.bad)[1]) for row in bins), default=1.0)
    return min(1.0, largest * 1.05)


def _place(value: float, top: float) -> float:
    """Distance from the origin in pixels on a square-root axis, which spreads small probabilities apart.

    Example:
        >>> _place(0.25, top=1.0) == 0.5 * PLOT
        True
    """
    return math.sqrt(min(max(value, 0.0), top) / top) * PLOT


def _figure(value: float | None) -> str:
    """Four digits after the point.

    Example:
        >>> _figure(0.94789), _figure(None)
        ('0.9479', 'missing')
    """
    return "missing" if value is None else f"{value:.4f}"


def _interval(figure: Interval | None) -> tuple[str, str, str]:
    return ("missing", "", "") if figure is None else (_figure(figure.value), _figure(figure.low), _figure(figure.high))


def _percent(value: float) -> str:
    """A share with two digits after the point.

    Example:
        >>> _percent(0.0123)
        '1.23 %'
    """
    return f"{100 * value:.2f} %"


def _span(low: float | None, high: float | None) -> str:
    """Both ends of an interval of shares; empty where there is none.

    Example:
        >>> _span(0.0123, 0.0456), _span(None, None)
        ('1.23 to 4.56 %', '')
    """
    return "" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f} %"


def _part_auc(part: Segment) -> str:
    """AUC of a part with its interval, or why there is none.

    Example:
        >>> _part_auc(Segment("size", "SMALL", 9, 1, 0.1, None, note="too few"))
        'too few'
        >>> _part_auc(Segment("size", "SMALL", 900, 90, 0.1, 0.8, auc_low=0.7, auc_high=0.9))
        '0.8000 (0.7000 to 0.9000)'
    """
    if part.auc is None:
        return part.note or _figure(None)
    ends = "" if part.auc_low is None or part.auc_high is None else f" ({part.auc_low:.4f} to {part.auc_high:.4f})"
    return _figure(part.auc) + ends


def _counted(value: float | None) -> str:
    """A count, which may be a fraction where cases of one customer count together.

    Example:
        >>> _counted(1234.0), _counted(5.26), _counted(None)
        ('1,234', '5.3', '')
    """
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")


def _cell(value: object) -> str:
    r"""Text that cannot break a Markdown table.

    Example:
        >>> _cell("a | b\nc")
        'a \\| b c'
    """
    return str(value).replace("|", "\\|").replace("\n", " ")
