"""Where Ibis's SQL for Spark would not mean what its SQL for DuckDB means, and what is said instead.

Each rule here is one that an expression of the features has met. Mended in the engine, it is mended for all of them.
"""

from typing import Any

import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import STAR
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.util import gen_name


class SparkDialect(PySparkCompiler):  # type: ignore[misc]  # Ibis publishes no types
    """Ibis's compiler for Spark, with DuckDB's answers."""

    __slots__ = ()

    def visit_Select(self, op: Any, *, qualified: Any, **parts: Any) -> Any:
        """A filter on a window function.

        Spark has no QUALIFY, and sqlglot's way around it leaves a name in the condition that nothing defines.
        """
        if not qualified:
            return super().visit_Select(op, qualified=qualified, **parts)
        # Ibis merges such a selection with no other, so that it is nothing but the condition and all columns.
        kept = gen_name("kept")
        source = sg.select(STAR, sg.and_(*qualified).as_(kept, quoted=self.quoted)).from_(parts["parent"])
        if parts["predicates"]:
            source = source.where(*parts["predicates"])
        columns = [sg.column(name, quoted=self.quoted) for name in parts["selections"]]
        rows = sg.select(*columns).from_(source.subquery(gen_name("marked")))
        return rows.where(sg.column(kept, quoted=self.quoted))

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:
        """Rows for which a condition holds: 0, not null, where it is unknown for every row."""
        return self.f.count(STAR) if where is None else self.f.count_if(where)

    def visit_DateDelta(self, op: Any, *, left: Any, right: Any, part: Any) -> Any:
        """Days between dates, without the way over instants and a time zone."""
        if not (isinstance(part, sge.Literal) and part.name == "day"):
            return super().visit_DateDelta(op, left=left, right=right, part=part)
        return self.f.anon.datediff(left, right)
