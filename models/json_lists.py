"""The elements of a list that is kept as JSON, as rows of a query, on either database."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias


class _Elements(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Elements, "sqlite")
def _on_sqlite(element: _Elements, compiler: Any, **words: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **words)})"


@compiles(_Elements, "postgresql")
def _on_postgresql(element: _Elements, compiler: Any, **words: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **words)})"


def elements_of(column: InstrumentedAttribute[Any]) -> TableValuedAlias:
    """A table with one column, `value`: an element of this column's list a row, and no row where there is no list."""
    return _Elements(column).table_valued("value")
