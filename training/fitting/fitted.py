"""What a training leaves behind: the model as text, its calibrator and how it did on cases it had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.calibration import Calibrator
from scoring.model import ModelSpec, ReleasedModel
from scoring.pay_time import PayTimeText
from scoring.scorecard import Scorecard
from scoring.trees import Trees
from training.judging.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, ready to be registered.

    Attributes:
        spec: What the model is: target, features in order, directions, dates.
        model_texts: LightGBM model text of each seed; the score is the mean of their log-odds. None for
            a scorecard.
        calibrator: Turns the score into a probability.
        evaluation: How it did on later, matured cases.
        sketches: Sketch of each feature by name and of the score (``score``), on the training and the evaluation
            cases, as plain values for JSON.
        data_version: Which data the book held, 12 hex characters.
        training: What was chosen on the past and how it did there, as plain values for JSON.
        scorecard: The scorecard; None for trees.
        pay_time: The time-to-pay model beside it; None for a model that has none.
        challenger: The scorecard of the same cases; None where none was made. It is a version of its own.
    """

    spec: ModelSpec
    model_texts: tuple[str, ...]
    calibrator: Calibrator
    evaluation: Evaluation
    sketches: Mapping[str, Mapping[str, Any]]
    data_version: str
    training: Mapping[str, Any]
    scorecard: Scorecard | None = None
    pay_time: PayTimeText | None = None
    challenger: "Fitted | None" = None

    def model(self, *, threads: int = 1) -> ReleasedModel:
        """The model, ready to score, whatever its form.

        Args:
            threads: Threads of one call; the result is the same, bit for bit.
        """
        learner = self.scorecard if self.scorecard is not None else Trees.from_text(self.model_texts)
        pay_time = None if self.pay_time is None else self.pay_time.model(threads=threads)
        return ReleasedModel(self.spec, learner, self.calibrator, threads, pay_time)
