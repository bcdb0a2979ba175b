"""Feast may be imported without the process noticing: counters, environment and warning filters stay."""

import subprocess
import sys

WATCH = """
import os, warnings
before, filters = dict(os.environ), list(warnings.filters)
import features.store.feast_api
import prometheus_client
from prometheus_client.values import MutexValue, ValueClass
assert dict(os.environ) == before, set(os.environ) ^ set(before)
assert warnings.filters == filters, warnings.filters[:3]
assert ValueClass is MutexValue, ValueClass
import sys
assert not {"mlflow", "evidently", "bentoml"} & set(sys.modules)
"""


def test_importing_feast_leaves_the_process_as_it_was():
    done = subprocess.run([sys.executable, "-c", WATCH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
