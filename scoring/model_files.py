"""A model as files: its spec, its LightGBM texts or its scorecard, and its calibrator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from scoring.calibration import Calibrator
from scoring.manifest import BundleError, ModelEntry
from scoring.model import ModelSpec, ReleasedModel
from scoring.pay_time import PayTimeText
from scoring.scorecard import Scorecard
from scoring.trees import Trees

T = TypeVar("T")


@dataclass(frozen=True)
class ModelFiles:
    """What is written of one model.

    Attributes:
        spec: What the model is.
        texts: LightGBM model text of each booster, ``Booster.model_to_string()``; none for a scorecard.
        calibrator: Maps the learner's probability to the calibrated one.
        version: Version in the registry.
        scorecard: The scorecard; None for trees.
        pay_time: The time-to-pay model beside it; None for a model that has none.

    Raises:
        ValueError: The spec's form asks for a scorecard that is not there, or the other way round.
    """

    spec: ModelSpec
    texts: tuple[str, ...]
    calibrator: Calibrator
    version: str
    scorecard: Scorecard | None = None
    pay_time: PayTimeText | None = None

    def __post_init__(self) -> None:
        is_card = self.spec.form == "scorecard"
        if is_card != (self.scorecard is not None) or is_card == bool(self.texts):
            raise ValueError(
                f"model {self.spec.name} is said to be {self.spec.form} but has {len(self.texts)} model text(s) "
                f"and {'no' if self.scorecard is None else 'a'} scorecard; give what its form says, and that alone"
            )

    def entry(self) -> ModelEntry:
        """What the manifest says of this model."""
        return ModelEntry(
            version=self.version,
            feature_set=self.spec.feature_set,
            feature_set_version=self.spec.feature_set_version,
            feature_set_hash=self.spec.feature_set_hash,
        )

    def contents(self) -> dict[str, bytes]:
        """Path relative to the bundle → content."""
        folder = f"models/{self.spec.name}"
        card = {} if self.scorecard is None else {f"{folder}/scorecard.json": self.scorecard.to_json()}
        return {
            f"{folder}/model.json": self.spec.to_json(),
            f"{folder}/calibrator.json": self.calibrator.to_json(),
            **{f"{folder}/model_{i}.txt": text.encode("utf-8") for i, text in enumerate(self.texts)},
            **card,
            **{f"{folder}/{name}": content for name, content in self._pay_time_files().items()},
        }

    def _pay_time_files(self) -> dict[str, bytes]:
        return {} if self.pay_time is None else self.pay_time.contents()

    def model(self) -> ReleasedModel:
        """The model, ready to score; LightGBM parses the texts here."""
        learner = self.scorecard if self.scorecard is not None else Trees.from_text(self.texts)
        pay_time = None if self.pay_time is None else self.pay_time.model()
        return ReleasedModel(self.spec, learner, self.calibrator, pay_time=pay_time)

    @classmethod
    def read(cls, name: str, entry: ModelEntry, contents: Mapping[str, bytes]) -> "ModelFiles":
        """Take one model out of the contents of a bundle; its texts are not parsed yet.

        Raises:
            BundleError: A file of it is missing, not readable, or does not agree with the manifest.
        """
        folder = f"models/{name}"
        spec = _parsed(f"{folder}/model.json", contents, ModelSpec.from_json)
        paths = [f"{folder}/model_{i}.txt" for i in range(len(spec.seeds))]
        files = cls(
            spec=spec,
            texts=tuple(_parsed(path, contents, lambda text: text.decode("utf-8")) for path in paths),
            calibrator=_parsed(f"{folder}/calibrator.json", contents, Calibrator.from_json),
            version=entry.version,
            scorecard=_scorecard(folder, contents) if spec.form == "scorecard" else None,
            pay_time=_pay_time(folder, contents),
        )
        if spec.name != name or files.entry() != entry:
            raise BundleError("does not agree with the manifest", file=f"{folder}/model.json")
        return files


def _scorecard(folder: str, contents: Mapping[str, bytes]) -> Scorecard:
    return _parsed(f"{folder}/scorecard.json", contents, Scorecard.from_json)


def _pay_time(folder: str, contents: Mapping[str, bytes]) -> PayTimeText | None:
    here = {path.removeprefix(f"{folder}/"): content for path, content in contents.items() if path.startswith(folder)}
    return _parsed(f"{folder}/model.json", contents, lambda _: PayTimeText.from_contents(here))


def _parsed(path: str, contents: Mapping[str, bytes], parse: Callable[[bytes], T]) -> T:
    if path not in contents:
        raise BundleError("is missing", file=path)
    try:
        return parse(contents[path])
    except ValueError as error:  # pydantic's, JSON's and UTF-8's errors are all ValueErrors
        raise BundleError(f"cannot be read ({error})", file=path) from error
