"""How Spark is started: the master, its memory, and what the figures rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_JAVA_OPTIONS: Final = "spark.driver.extraJavaOptions"
_QUIET: Final = Path(__file__).with_name("spark_log4j2.properties")
# What every session of ours must have, whoever started the context.
SESSION: Final = {
    # The book's instants are UTC, and so is the day on which something became known.
    "spark.sql.session.timeZone": "UTC",
    # A number that overflows is an error, as on DuckDB, and no null.
    "spark.sql.ansi.enabled": "true",
    # A product of decimals keeps all its places, as on DuckDB, rather than being rounded to make room in front.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # What Spark infers of a kept table may name columns that it no longer has ("key not found" in a union of such).
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


@dataclass(frozen=True)
class SparkOptions:
    """How Spark is started, should no context run in this process yet.

    Attributes:
        master: Address of a cluster; None for ``local[threads]``, this machine.
        memory: Memory of the driver, which on this machine does all the work, as Java writes it.
        more: Further settings of Spark by name; they overrule ours, options of Java are added.
    """

    master: str | None = None
    memory: str = "2g"
    more: Mapping[str, str] = field(default_factory=dict)


def settings_of(threads: int, spill: Path | None, options: SparkOptions) -> dict[str, str]:
    """What Spark is started with, by the names of its settings.

    Example:
        >>> settings = settings_of(2, None, SparkOptions(memory="4g"))
        >>> [settings[f"spark.{name}"] for name in ("master", "driver.memory", "driver.bindAddress", "ui.enabled")]
        ['local[2]', '4g', '127.0.0.1', 'false']
    """
    master = options.master or f"local[{threads}]"
    settings = {
        "spark.master": master,
        "spark.app.name": "o2c-risk",
        "spark.driver.memory": options.memory,
        _JAVA_OPTIONS: f"-Dlog4j2.configurationFile={_QUIET.as_uri()}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **SESSION,
    }
    if master.startswith("local"):
        # A cluster's executors call the driver back, so that there the address is for its operator to say.
        own = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        # Spark's own pages are so large that on a small heap a query of twenty sorts finds none left.
        settings |= own | {"spark.sql.shuffle.partitions": str(threads), "spark.buffer.pageSize": "1m"}
    if spill is not None:
        settings["spark.local.dir"] = str(spill.absolute())
    java = f"{settings[_JAVA_OPTIONS]} {options.more.get(_JAVA_OPTIONS, '')}".strip()
    return settings | dict(options.more) | {_JAVA_OPTIONS: java}
