"""The small college, made once and written again row by row: making it anew is a seventh of what a test takes."""

from typing import Any

from sqlalchemy import Connection, Table, event, insert, select, text

from extensions import db
from models import Base
from tests.college import College, make_college


class KeptCollege:
    """The rows of the college as it was made first."""

    def __init__(self) -> None:
        self._college = College({}, {})
        self._rows: dict[Table, list[dict[str, Any]]] = {}
        #: By kind of database, what its driver was sent: to have the same made again is most of what writing takes.
        self._sent: dict[str, list[tuple[str, Any]]] = {}

    def put_into_database(self) -> College:
        """Write the college into the empty database of the app at hand."""
        if not self._rows:
            self._college = make_college()
            self._rows = _all_rows()
        else:
            with db.engine.begin() as connection:
                self._write(connection)
        return College(dict(self._college.departments), dict(self._college.people))

    def _write(self, connection: Connection) -> None:
        kind = connection.dialect.name
        if kind in self._sent:
            for statement, parameters in self._sent[kind]:
                connection.exec_driver_sql(statement, parameters)
            return
        sent: list[tuple[str, Any]] = []
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, *said: sent.append(said[:2]))
        for table, rows in self._rows.items():
            connection.execute(insert(table), rows)
        if kind == "postgresql":
            # The ids came with the rows; the next one is counted from there.
            connection.execute(text(self._counting_on))
        self._sent[kind] = sent

    @property
    def _counting_on(self) -> str:
        last = ((table.name, max(row["id"] for row in rows)) for table, rows in self._rows.items() if "id" in rows[0])
        return "SELECT " + ", ".join(f"setval('{name}_id_seq', {number})" for name, number in last)


def _all_rows() -> dict[Table, list[dict[str, Any]]]:
    """Every row of the database, in an order in which none names one that is yet to come."""
    with db.engine.connect() as connection:
        rows = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }
    return {table: found for table, found in rows.items() if found}
