"""The floor: a bare Flask app with one route, which sends the very SQL of a task and nothing else.

No sign-in, no CSRF token, no forms, no encryption, no object mapper, no template: each statement that the real
service was seen to send goes to the driver as it is, in one transaction and with fresh parameters (see
`bench_recipes`). The answer is the recorded one. Writers to SQLite queue on a file lock, as the service's do.
"""

import fcntl
import os
import pickle
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, Response, request

from script.bench_recipes import Recipe, Values

#: The environment variable that names the file with the plan.
PLAN = "BENCH_FLOOR_PLAN"


@dataclass(frozen=True)
class Plan:
    """What the floor does: the statements of one request, the body it answers with, and on which database."""

    database_url: str
    writes: bool
    recipes: Sequence[Recipe]
    body: bytes

    def save(self, path: Path) -> None:
        """Leave the plan for `create_floor` in another process."""
        path.write_bytes(pickle.dumps(self))


def create_floor() -> Flask:
    """The floor of the plan in the file that the environment names; gunicorn's target."""
    plan: Plan = pickle.loads(Path(os.environ[PLAN]).read_bytes())  # noqa: S301 - our own, from our own folder
    app = Flask("floor")
    local = threading.local()

    @app.route("/", methods=["GET", "POST"])
    def answer() -> Response:
        if not hasattr(local, "connection"):
            local.connection = connect(plan.database_url)
        with turn(plan.database_url, writes=plan.writes), transaction(local.connection, plan.writes):
            _send(local.connection, plan.recipes, Values(request.args["key"]))
        return Response(plan.body)

    return app


def connect(url: str) -> Any:
    """A bare connection of the driver."""
    if not url.startswith("sqlite"):
        return psycopg.connect(url.replace("+psycopg", "", 1))
    # As the service's own connections are set up, in models/database.py.
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def turn(url: str, *, writes: bool) -> Any:
    """The turn to write, which only SQLite needs."""
    if writes and url.startswith("sqlite"):
        return _lock(url.removeprefix("sqlite:///") + ".floor-lock")
    return nullcontext()


@contextmanager
def _lock(path: str) -> Iterator[None]:
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def transaction(connection: Any, writes: bool) -> Iterator[None]:
    """Committed at the end of the block, rolled back if it raises."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _send(connection: Any, recipes: Sequence[Recipe], values: Values) -> None:
    cursor = connection.cursor()
    for recipe in recipes:
        send = cursor.executemany if recipe.many else cursor.execute
        send(recipe.sql, values.of(recipe.parameters))
        values.rows.append(cursor.fetchall() if cursor.description else [])
