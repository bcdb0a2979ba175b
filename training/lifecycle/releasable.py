"""What may never be released, whatever its figures."""

from collections.abc import Sequence

from scoring.model import ModelSpec
from training.fitting.proxies import is_proxy


class NotReleasableError(RuntimeError):
    """A model reads features that may stand in for protected traits: it was trained for research alone.

    Attributes:
        model: Name of the model.
        features: Those features.
    """

    def __init__(self, model: str, features: Sequence[str]) -> None:
        self.model = model
        self.features = tuple(features)
        super().__init__(
            f"{model} was trained with --with-proxies and reads {len(features)} features that may stand in for "
            f"protected traits ({', '.join(features[:3])} ...). It is for research and can never be released: "
            "train a model without --with-proxies and promote that one."
        )


def require_releasable(specs: Sequence[ModelSpec]) -> None:
    """Raise if one of the models may never be released.

    Args:
        specs: The models of a release.

    Raises:
        NotReleasableError: One of them reads what stands in for protected traits.
    """
    for spec in specs:
        proxies = [name for name in spec.feature_names if is_proxy(name)]
        if proxies or "proxies" in spec.label:
            raise NotReleasableError(spec.name, proxies or ["its label says so"])
