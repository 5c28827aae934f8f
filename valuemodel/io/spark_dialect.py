"""Ibis's Spark backend, where ibis 12 says less, or something else, than it does of DuckDB.

Why this way: an expression is written once and must mean the same on every engine. Where it does not,
the engine's dialect is put right here, so that no feature needs to know where it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.formats.pyarrow import PyArrowData


class SparkCompiler(PySparkCompiler):  # type: ignore[misc] # ibis ships no types
    """The rules that differ from ibis's own."""

    __slots__ = ()

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802 - ibis's name
        """Count the rows for which a condition holds; 0, not null, where it is unknown for all."""
        if where is None:
            return super().visit_CountStar(op, arg=arg, where=where)
        return self.f.count_if(where)

    def visit_BitOr(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802 - ibis's name
        """Join bits: Spark has the function, ibis 12 does not know it."""
        del op
        return self.agg.bit_or(arg, where=where)


class SparkBackend(Backend):  # type: ignore[misc] # ibis ships no types
    """Spark behind Ibis, with these rules; results come as Arrow, not through pandas."""

    compiler = SparkCompiler()

    def to_pyarrow(
        self,
        expr: ir.Expr,
        /,
        *,
        params: Mapping[ir.Scalar, Any] | None = None,
        limit: int | str | None = None,
        **options: Any,
    ) -> Any:
        """Run an expression and return its result with the types that the expression has."""
        del options
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        query = self.compile(table, params=params, limit=limit)
        found = PyArrowData.convert_table(self._session.sql(query).toArrow(), table.schema())
        return expr.__pyarrow_result__(found)
