"""The models against their aims on the Datarisk extract as known on 2021-03-01, beside the quick model.

Every comparison is on the same cases, whole customers resampled, 95 %, seeds fixed. What was measured before with the
same code and the same data is read back; a run that was stopped goes on where it was.

Examples:
    python -m benchmarks.models                        all parts, then the table of aims (about an hour on one core)
    python -m benchmarks.models --only default --again
    python -m benchmarks.models --only late --only pay-time --json aims.json
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from benchmarks.models import default, distress, late, one_split, pay_time, peers, simulator, speed
from benchmarks.models.aims import table
from benchmarks.models.kept import own_code
from benchmarks.models.work import Work, say

PARTS: Final[dict[str, ModuleType]] = {
    "late": late,
    "default": default,
    "pay-time": pay_time,
    "distress": distress,
    "simulator": simulator,
    "speed": speed,
    "one-split": one_split,
    "peers": peers,
}
SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared"
NOT_THERE: Final = 2


def asked(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.models",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", choices=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--again", action="store_true", help="measure anew what was measured before")
    parser.add_argument("--data", type=Path, default=SHARED / "data", help="folder with datarisk/ and polish/")
    parser.add_argument("--quick", type=Path, default=SHARED / "reference" / "quick_models.py", help="the quick model")
    parser.add_argument("--home", type=Path, default=Path(".o2c-risk/benchmarks"), help="where it is kept")
    parser.add_argument("--threads", type=int, default=1, help="threads of every fit (default: %(default)s)")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print the table; the exit code is 2 where the data are not there.

    Args:
        words: The command line without the program's name; that of the process unless given.
    """
    given = asked(words)
    missing = [path for path in (given.data / "datarisk", given.data / "polish", given.quick) if not path.exists()]
    if missing:
        say(f"{missing[0]} is not there: give the folder of the data by --data, and the quick model by --quick.")
        return NOT_THERE
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    work = Work(given.data / "datarisk", given.quick, given.data / "polish", given.home, given.again, given.threads)
    found = {name: part(work, name) for name in given.only or PARTS}
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    told = [line for name, figures in found.items() for line in PARTS[name].lines(figures["figures"])]
    print(table(told))
    return 0


def part(work: Work, name: str) -> dict[str, Any]:
    """The figures of one part and its lines of the table, as plain values, measured now or read back."""
    began, module = time.monotonic(), PARTS[name]
    figures = work.kept.figures(name, own_code(*module.CODE), lambda: module.measure(work))
    say(f"{name}: {time.monotonic() - began:.0f} s")
    return {"figures": figures, "aims": [asdict(line) | {"verdict": line.verdict} for line in module.lines(figures)]}


if __name__ == "__main__":
    sys.exit(main())
