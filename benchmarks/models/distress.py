"""Distress beside LightGBM out of the box on the Polish bankruptcy files, out of fold, with paired gains.

All ways learn from and state the same five folds of companies, duplicates removed. Intervals resample companies; a gain
is paired. The recipes were chosen on the other file, 1year.arff.
"""

import re
from typing import Any, Final

from benchmarks.models.aims import Line, figure
from benchmarks.models.kept import digest, digest_of_files, own_code
from benchmarks.models.paired import plain
from benchmarks.models.work import Work, say
from training.distress.compare import SHOWN, compared
from training.distress.sample import WITHIN_A_YEAR, read_sample

CODE: Final = ("distress", "paired")


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    data = digest_of_files([work.polish / WITHIN_A_YEAR], work.polish)
    return work.kept.figures("distress", digest(own_code(*CODE), data), lambda: _measured(work))


def _measured(work: Work) -> dict[str, Any]:
    sample = read_sample(work.polish, WITHIN_A_YEAR)
    ways = compared(sample, threads=work.threads, say=lambda text: say(f"distress: {text}"))
    return {
        "companies": len(sample),
        "bad": int(sample.bad.sum()),
        "duplicates": sample.duplicates,
        "ways": [
            {"name": way.name, "against": way.against, "figures": plain(way.figures), "gains": plain(way.gains)}
            for way in ways
        ],
    }


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    told = (
        f"distress, {found['companies']} companies, {found['bad']} bankrupt, {found['duplicates']} duplicates left out"
    )
    return [Line(told, "five folds, out of fold; gains paired"), *(_line(way) for way in found["ways"])]


def _line(way: dict[str, Any]) -> Line:
    shown = "; ".join(f"{name} {way['figures'][name]['value']:.4f}" for name in SHOWN)
    if not way["gains"]:
        return Line(f"  {way['name']}", shown)
    gain = way["gains"]["auc"]
    reached = gain["low"] > 0 if same_ratios(way["name"], way["against"]) else None
    return Line(f"  {way['name']}: AUC gained over {way['against']}", f"{shown}; {figure(gain, signed=True)}", reached)


def same_ratios(name: str, against: str) -> bool:
    """Whether two ways read as many ratios, so that a gain is one of method; both name their number.

    Example:
        >>> same_ratios("ours, the product's 6 ratios", "out of the box, 64 attributes")
        False
    """
    return re.findall(r"\d+", name) == re.findall(r"\d+", against)
