"""What came of a training: registered models and how they did, for machines and for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.output import count, say, show_table

if TYPE_CHECKING:
    from training.fitting.fitted import Fitted
    from training.judging.evaluation import Interval
    from training.lifecycle.register import Registered
    from training.lifecycle.standing import Standing

FIGURES: Final = ("auc", "average_precision", "ks", "brier")


@dataclass(frozen=True)
class Trained:
    """A registered model and how it did.

    Attributes:
        registered: Its version.
        fitted: The model.
        standing: The scorecard that stands beside it as the challenger; None where none was made.
    """

    registered: "Registered"
    fitted: "Fitted"
    standing: "Standing | None" = None

    @property
    def card(self) -> Path:
        """The model card, Markdown; the HTML lies beside it."""
        return self.registered.card

    def as_dict(self) -> dict[str, Any]:
        """Name, version, dates and figures, for JSON."""
        spec, evaluation = self.fitted.spec, self.fitted.evaluation
        return {
            "model": spec.name,
            "version": self.registered.version,
            "target": spec.target,
            "known_at": spec.known_at,
            "train_rows": spec.train_rows,
            "train_bad": spec.train_bad,
            "card": self.card,
            "evaluation": evaluation.as_dict(),
            "content": self.registered.content,
            "challenger": None if self.standing is None else self.standing.as_dict(),
        }


def tell(trained: Sequence[Trained]) -> None:
    """Figures on later matured cases with their intervals, for a person."""
    headings = ("cases", "bad", "AUC", "AP", "KS", "Brier")
    rows = [row for model in trained for row in _rows(model)]
    show_table(
        "Models, judged on later matured cases (95 % intervals by resampling customers)",
        ("model", "target", "judged on", *headings),
        rows,
        numbers=headings,
    )
    for model in trained:
        say(f"Model card of {model.registered.name} version {model.registered.version}: {model.card}")
        if model.standing is not None:
            say(_challenging(model.standing))


def _challenging(standing: "Standing") -> str:
    name, number = standing.registered.name, standing.registered.version
    if standing.challenger == number:
        return f"Its scorecard, version {number}, is the challenger: o2c-risk compare {name} --challenger {number}"
    kept = "it is the champion" if standing.challenger is None else f"version {standing.challenger} was named"
    return f"Its scorecard is version {number}; it is not the challenger, for {kept}."


def _rows(model: Trained) -> list[tuple[Any, ...]]:
    made = [_row(model.fitted, f"{model.fitted.spec.name} v{model.registered.version}")]
    if model.standing is not None:
        made.append(_row(model.standing.fitted, f"  scorecard v{model.standing.registered.version}"))
    return made


def _row(fitted: "Fitted", title: str) -> tuple[Any, ...]:
    spec, evaluation = fitted.spec, fitted.evaluation
    figures = [_figure(evaluation.metrics.get(name)) for name in FIGURES]
    return (
        title,
        spec.target,
        evaluation.period,
        count(evaluation.n),
        count(evaluation.bad),
        *figures,
    )


def _figure(interval: "Interval | None") -> str | None:
    return None if interval is None else f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
