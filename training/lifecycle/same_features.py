"""Whether this code defines a model's features as it did when the model was trained."""

from collections.abc import Mapping, Sequence

from scoring.model import ModelSpec


class FeaturesChangedError(RuntimeError):
    """A model was trained on other feature definitions than this code has.

    Attributes:
        model: Name of the model.
    """

    def __init__(self, spec: ModelSpec, here: str | None) -> None:
        self.model = spec.name
        super().__init__(
            f"{spec.name} was trained on {spec.feature_set} version {spec.feature_set_version} with hash "
            f"{spec.feature_set_hash}, this code {f'defines it as {here}' if here else 'does not define it'}. "
            "Train the model again with this code, or use it with the code it was trained with."
        )


def require_same_features(specs: Sequence[ModelSpec], hashes: Mapping[str, str]) -> None:
    """Raise if a model's features are defined otherwise here.

    Args:
        specs: The models.
        hashes: Feature set name to hash of its definitions in this code.

    Raises:
        FeaturesChangedError: For the first such model.
    """
    for spec in specs:
        if hashes.get(spec.feature_set) != spec.feature_set_hash:
            raise FeaturesChangedError(spec, hashes.get(spec.feature_set))
