"""No library of ours may report home.

The switches are environment variables that each library reads when it is imported, so
``switch_off`` comes before the import of MLflow, BentoML, Feast or Evidently.
"""

import os
from typing import Final

SWITCHES: Final = {
    "DO_NOT_TRACK": "1",  # Evidently, and whoever honours the common switch
    "BENTOML_DO_NOT_TRACK": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "FEAST_USAGE": "False",
}


def switch_off() -> None:
    """Switches off the telemetry of every library in this process and in those it starts.

    Example:
        >>> switch_off()
        >>> os.environ["DO_NOT_TRACK"]
        '1'
    """
    os.environ.update(SWITCHES)
