"""Distress beside LightGBM out of the box on the Polish bankruptcy files, out of fold, with paired gains.

Run: python benchmarks/distress.py ../shared/data/polish

All ways learn from and state the same five folds of companies, duplicates removed. Intervals resample companies; a gain
is paired. The recipes were chosen on the other file, 1year.arff.
"""

import argparse
import sys
from pathlib import Path

from training.distress.compare import SHOWN, Line, compared
from training.distress.sample import WITHIN_A_YEAR, read_sample


def main() -> None:
    """Read a folder, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the ARFF files")
    parser.add_argument("--file", default=WITHIN_A_YEAR, help="one of the files (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    sample = read_sample(asked.folder, asked.file)
    print(
        f"{sample.file}: {len(sample)} companies, {int(sample.bad.sum())} bankrupt within {sample.horizon_years} "
        f"year(s), {sample.rate:.2%}; {sample.duplicates} duplicates left out"
    )
    lines = compared(sample, threads=asked.threads, say=lambda text: print(f"  {text}", file=sys.stderr))
    for line in lines:
        _tell(line)


def _tell(line: Line) -> None:
    print(f"\n{line.name}")
    for name in SHOWN:
        figure, gain = line.figures[name], line.gains.get(name)
        text = f"  {name:18s} {figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]"
        if gain is not None:
            text += f"   {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] against {line.against}"
        print(text)


if __name__ == "__main__":
    main()
