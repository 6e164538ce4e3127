"""Listens to what SQL the real service sends: each statement as it reaches the database driver, and its rows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg
from sqlalchemy import Engine, event

from script.bench_recipes import Statement

MARKS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
#: What the pool asks to see whether a connection still lives.
PING = "SELECT 1"


class _Recording:
    """Mixed into a driver's cursor: notes what is sent, and what comes back when somebody fetches it."""

    sent: ClassVar[list[Statement]] = []

    def execute(self, sql: str, parameters: Any = (), **options: Any) -> Any:
        self.sent.append(Statement(sql, parameters))
        return super().execute(sql, parameters, **options)  # type: ignore[misc]

    def executemany(self, sql: str, parameters: Any, **options: Any) -> Any:
        self.sent.append(Statement(sql, list(parameters), many=True))
        return super().executemany(sql, parameters, **options)  # type: ignore[misc]

    def fetchone(self) -> Any:
        row = super().fetchone()  # type: ignore[misc]
        self.sent[-1].rows += [] if row is None else [row]
        return row

    def fetchmany(self, *size: int) -> Any:
        rows = super().fetchmany(*size)  # type: ignore[misc]
        self.sent[-1].rows += rows
        return rows

    def fetchall(self) -> Any:
        rows = super().fetchall()  # type: ignore[misc]
        self.sent[-1].rows += rows
        return rows


class _SqliteCursor(_Recording, sqlite3.Cursor):  # type: ignore[misc]
    pass


class _SqliteConnection(sqlite3.Connection):
    def cursor(self, _factory: Any = None) -> Any:
        return super().cursor(_SqliteCursor)


class _PostgresCursor(_Recording, psycopg.Cursor[Any]):  # type: ignore[misc]
    pass


@contextmanager
def recorded(engine: Engine) -> Iterator[Callable[[], list[Statement]]]:
    """Record what this engine sends; gives a function that tells the statements sent since its last call.

    Transaction marks are left out.
    """
    engine.dispose()  # connections that are open already record nothing
    event.listen(engine, "do_connect", _connect_recording)
    try:
        yield _take
    finally:
        event.remove(engine, "do_connect", _connect_recording)
        engine.dispose()
        _take()


def _connect_recording(dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        options["factory"] = _SqliteConnection
    else:
        options["cursor_factory"] = _PostgresCursor


def _take() -> list[Statement]:
    taken = [s for s in _Recording.sent if not s.sql.lstrip().startswith(MARKS) and s.sql.strip(" ;") not in ("", PING)]
    _Recording.sent.clear()
    return taken
