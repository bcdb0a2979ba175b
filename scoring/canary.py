"""The first load of a bundle's models, in a child process that may die of it.

LightGBM ends the process (SIGSEGV, SIGABRT) on some damaged model texts. The manifest's sums catch damage
after writing; a text that was damaged before them is caught here, and the caller lives.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import lightgbm as lgb
import numpy as np

from scoring.manifest import BundleError, verified
from scoring.model import ReleasedModel
from scoring.model_files import ModelFiles

Canary = Mapping[str, list[str]]
"""Model name → probability of each canary row, as hexadecimal floats: equal text means equal bits."""

TIMEOUT_SECONDS: Final = 120.0
ADDITIVE: Final = 1e-6
"""How far contributions may sum to something else than the log-odds they explain."""


def sing(model: ReleasedModel) -> list[str]:
    """Probability of three rows: nothing known, all zero, and 1, 2, 3 … along the features; then their times to pay.

    Raises:
        BundleError: What the features add does not sum to the score, so that its reasons would not be its reasons.
    """
    k = len(model.spec.feature_names)
    rows = np.vstack([np.full(k, np.nan), np.zeros(k), np.arange(1.0, k + 1.0)])
    if not np.allclose(model.contributions(rows).sum(axis=1), model.log_odds(rows), rtol=0, atol=ADDITIVE):
        raise BundleError(f"the contributions of model {model.spec.name} do not sum to its score")
    return [value.hex() for value in [*model.probability(rows).tolist(), *_pay_times(model)]]


def _pay_times(model: ReleasedModel) -> list[float]:
    """Probability of each delay of the same rows, due in 30 days; none where the model does not state delays."""
    if model.pay_time is None:
        return []
    k = len(model.pay_time.spec.feature_names)
    rows = np.vstack([np.full(k, np.nan), np.zeros(k), np.arange(1.0, k + 1.0)])
    stated: list[float] = model.pay_time.pay_times(rows, np.full(3, 30.0)).mass.sum(axis=0).tolist()
    return stated


def first_load(folder: Path, *, timeout: float = TIMEOUT_SECONDS) -> Canary:
    """Load and score every model of a bundle in a child process.

    Args:
        folder: The bundle.
        timeout: Seconds after which the child is ended and the bundle refused.

    Raises:
        BundleError: The child died, took too long, or could not load the bundle.
    """
    command = [sys.executable, "-P", "-m", "scoring.canary", str(folder.absolute())]
    try:
        child = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, env=_environment(), check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BundleError(f"loading the models of {folder} took more than {timeout:g} s") from error
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise BundleError(f"loading the models of {folder} ended the process that tried it ({name})")
    if child.returncode:
        said = child.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BundleError(f"the models of {folder} cannot be loaded: {said[-1] if said else 'no reason given'}")
    songs: Canary = json.loads(child.stdout.splitlines()[-1])
    return songs


def main(folder: Path) -> int:
    """Load and score every model of the bundle; print the probabilities as one line of JSON."""
    try:
        manifest, contents = verified(folder)
        models = [ModelFiles.read(name, entry, contents).model() for name, entry in manifest.models.items()]
    except (BundleError, ValueError, lgb.basic.LightGBMError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("\n" + json.dumps({model.spec.name: sing(model) for model in models}) + "\n")
    return 0


def _environment() -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
