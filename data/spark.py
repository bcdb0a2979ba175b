"""The Spark engine: the expressions that DuckDB runs, on this machine's cores or on a cluster, with the same values.

One process has one Spark context, as Spark wants it: the first engine starts it, the last one that is closed stops it.
Each engine is a session of its own, with tables of its own.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.operations as ops
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkType
from ibis.formats.pyarrow import PyArrowData
from ibis.util import gen_name
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import TimestampType

from data.contracts import Contract
from data.engine import EngineMissingError
from data.spark_dialect import SparkDialect
from data.spark_options import SESSION, SparkOptions, settings_of
from data.spark_steps import shared_steps

_JAVA: Final = (
    "Spark runs on Java 17 or later, and none was found. Install it (`apt-get install openjdk-17-jre-headless`, "
    "`dnf install java-17-openjdk-headless`, `brew install openjdk@17`), or set JAVA_HOME to where it is; "
    "the engine duckdb needs none."
)


class SparkEngine(Backend):  # type: ignore[misc]  # Ibis publishes no types
    """Ibis on one Spark session, with temporary tables and answers in Arrow, neither of which Ibis's own has."""

    compiler = SparkDialect()
    _open: ClassVar[set[int]] = set()
    _is_ours: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._names: set[str] = set()

    def create_table(self, name: str, obj: Any = None, /, *, temp: bool | None = None, **how: Any) -> ibis.Table:
        """A table of rows or of an expression, which is computed now; like Ibis's own unless ``temp``.

        A temporary one lives in the session. It is cut off from what it was computed from: a plan stays as small as
        the step that it is for. Where it does not fit into memory it lies on the executors' disks.
        """
        if not temp:
            return super().create_table(name, obj, temp=temp, **how)
        if not isinstance(obj, ibis.Table):
            return self._named(name, self._session.createDataFrame(obj))
        with self._shared_steps_done(obj) as step:
            self._put(name, step)
        return self.table(name)

    def drop_table(self, name: str, /, **how: Any) -> None:
        """Let a table go; like Ibis's own unless it is a temporary one."""
        self._drop(name) if name in self._names else super().drop_table(name, **how)

    def read_files(self, contract: Contract, files: list[str]) -> ibis.Table:
        """A table of the lake in its contract's columns and types; what older files lack is unknown in their rows.

        Args:
            contract: The table's contract.
            files: Its Parquet files, at least one, at paths that every executor can read.
        """
        schema = from_arrow_schema(contract.book_schema)
        # Spark takes a path for a pattern.
        rows = self._session.read.schema(schema).parquet(*(re.sub(r"([][{}*?\\])", r"\\\1", file) for file in files))
        return self._named(contract.name, rows.fillna(False, ["is_deleted"]))

    def get_schema(self, table_name: str, **where: Any) -> ibis.Schema:
        """The columns and types; Spark's timestamps are instants, which Ibis's own forgets."""
        plain = super().get_schema(table_name, **where)
        if not any(kind.is_timestamp() for kind in plain.types):
            return plain
        instants = {c.name for c in self._session.table(table_name).schema if isinstance(c.dataType, TimestampType)}
        utc = ibis.dtype("timestamp('UTC', 6)")
        return ibis.schema({name: utc if name in instants else kind for name, kind in plain.items()})

    def to_pyarrow(self, expr: Any, /, *, params: Any = None, limit: Any = None, **how: Any) -> Any:
        """The answer as Arrow, never by way of pandas, where an absent integer makes floats of all the others."""
        with self._shared_steps_done(expr.as_table()) as rows:
            self._run_pre_execute_hooks(rows)
            found = self._session.sql(self.compile(rows, params=params, limit=limit, **how)).toArrow()
            return expr.__pyarrow_result__(PyArrowData.convert_table(found, rows.schema()))

    def frame(self, rows: ibis.Table) -> DataFrame:
        """The rows as Spark's own data frame, for what is not an expression; nothing is computed yet."""
        self._run_pre_execute_hooks(rows)
        found: DataFrame = self._session.sql(self.compile(rows))
        return found

    def disconnect(self) -> None:
        """Let go of the session's tables; the last engine to go stops the context that the first one started."""
        for name in list(self._names):
            self._drop(name)
        SparkEngine._open.discard(id(self))
        if SparkEngine._is_ours and not SparkEngine._open:
            SparkEngine._is_ours = False
            self._session.stop()

    @contextmanager
    def _shared_steps_done(self, rows: ibis.Table) -> Iterator[ibis.Table]:
        """The rows in terms of temporary tables, which are let go afterwards, for what several of their steps read."""
        query = rows.op()
        done: dict[Any, Any] = {}
        try:
            for step in shared_steps(query):
                name = gen_name("step")
                self._put(name, step.replace(done).to_expr())
                done[step] = ops.DatabaseTable(name, schema=step.schema, source=self, namespace=ops.Namespace())
            yield query.replace(done).to_expr()
        finally:
            for table in done.values():
                self._drop(table.name)

    def _put(self, name: str, rows: ibis.Table) -> None:
        """Compute the rows into a temporary table, in the types that Ibis says they have: Spark's sums are wider."""
        self._run_pre_execute_hooks(rows)
        found = self._session.sql(self.compile(rows))
        wanted = {column: PySparkType.from_ibis(kind) for column, kind in rows.schema().items()}
        cast = found.select(*(found[column].cast(wanted[column]) for column in found.columns))
        self._named(name, cast.localCheckpoint())

    def _named(self, name: str, rows: DataFrame) -> ibis.Table:
        rows.createOrReplaceTempView(name)
        self._names.add(name)
        return self.table(name)

    def _drop(self, name: str) -> None:
        self._session.catalog.dropTempView(name)
        self._names.discard(name)


def spark_engine(threads: int = 2, *, spill: Path | None = None, options: SparkOptions | None = None) -> SparkEngine:
    """A Spark session behind Ibis: UTC, strict arithmetic, no page, nothing listening but on this machine.

    The context is started if none runs in this process; one that runs keeps its master, memory and further settings.

    Args:
        threads: Cores of this machine to use, 1 or more, where ``options`` name no cluster.
        spill: Folder for what does not fit into memory; None keeps Spark's own choice.
        options: How to start Spark.

    Returns:
        An engine of its own; tables of two engines cannot be joined.

    Raises:
        ValueError: ``threads`` is below 1.
        EngineMissingError: There is no Java, or none that Spark runs on.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}")
    started = _context(threads, spill, options or SparkOptions())
    SparkEngine.register_options()
    engine = SparkEngine()
    engine.do_connect(started.newSession(), **SESSION)
    SparkEngine._open.add(id(engine))
    return engine


def _context(threads: int, spill: Path | None, options: SparkOptions) -> SparkSession:
    if SparkContext._active_spark_context is None:
        _want_java()
        SparkEngine._is_ours = True
    settings = settings_of(threads, spill, options)
    try:
        session = SparkSession.builder.config(conf=SparkConf().setAll(list(settings.items()))).getOrCreate()
    except PySparkRuntimeError as problem:
        if problem.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise EngineMissingError("spark", f"Java did not start Spark. {_JAVA}") from problem
    if settings["spark.master"].startswith("local"):
        _share_python(session.sparkContext)
    return session


def _share_python(context: SparkContext) -> None:
    """Let worker processes on this machine be of this Python and find this code; on a cluster its operator says so."""
    if "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = sys.executable
    context.environment.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))


def _want_java() -> None:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise EngineMissingError("spark", _JAVA)
