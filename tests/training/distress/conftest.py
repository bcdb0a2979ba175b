"""A made-up sample in the form of the Polish files, and the real ones where they lie beside this checkout."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.distress.files import NAMES, line, written
from training.distress.sample import read_sample

POLISH = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "polish"


@pytest.fixture(scope="session")
def polish():
    """Folder of the Polish bankruptcy files, which lies beside the checkout and is never part of it."""
    if not (POLISH / "5year.arff").is_file():
        pytest.skip("the Polish bankruptcy files are not beside this checkout (../shared/data/polish)")
    return POLISH.resolve()


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """600 companies, about a quarter bad: the worse margin and equity, the likelier; a tenth of ratios missing."""
    rng = np.random.default_rng(5)
    lines = []
    for _ in range(600):
        values = rng.normal(size=64)
        bad = rng.random() < 1 / (1 + np.exp(1.5 + 1.5 * values[22] + 1.5 * values[9]))
        told = {name: "?" if rng.random() < 0.1 else f"{value:.4f}" for name, value in zip(NAMES, values, strict=True)}
        lines.append(line(bad, **told))
    return read_sample(written(tmp_path_factory.mktemp("polish"), lines))
