"""How the database is opened and how a change is written: one transaction, behind one lock on SQLite."""

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.orm import Session

from extensions import db
from models.base import Base

if TYPE_CHECKING:
    import psycopg

#: How long SQLite waits for a writer outside this service (a backup, a shell), in milliseconds.
BUSY_TIMEOUT = 10_000
#: libpq's patience with a PostgreSQL that is gone without a word: seconds, the last milliseconds. Its own is hours.
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
#: PostgreSQL's patience with one of us who is: until then their locks stay, and everybody waits who wants the same.
OF_SERVER = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "5min",
}
WRITES = {"writes": True}
#: PostgreSQL's names for the turns that are taken; any fixed numbers will do. Taken in this order, the last of them
#: after every row's lock: who reminds people, which sync of the directory runs, who holds which post, which audit entry
#: follows which.
REMINDERS_TURN = 743_198
SYNC_TURN = 743_199
POSTS_TURN = 743_200
AUDIT_TURN = 743_201
#: Taken by workers alone, beside a message's row: who sends to one member.
MEMBER_TURN = 743_202
#: Where a session keeps what `do_last` was given.
_LAST = "to be done last"


def init_database(app: Flask) -> None:
    """Bind the database to the app and set each SQLite connection up as the service needs it."""
    # An error's text must not quote names and phones into a log.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True}
    database = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if database.drivername == "sqlite":
        # Phones are in there, if encrypted: nobody else on the machine need read the folder.
        Path(database.database or "").parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        patience = {name: value for name, value in PATIENCE.items() if name not in database.query}
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] |= {"pool_pre_ping": True, "connect_args": patience}
    db.init_app(app)
    with app.app_context():
        set_up = _set_up_sqlite if db.engine.dialect.name == "sqlite" else _set_up_postgresql
        set_up(db.engine)


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def open_connection(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN comes too late for a consistent read; `begin` below says it instead.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins by reading and writes later can be refused at once, however long the
        # busy timeout: whoever means to write says so at the start.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def open_connection(connection: "psycopg.Connection", _record: Any) -> None:
        # Said here and not in the address: what stands between may take no options there.
        for name, value in OF_SERVER.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One transaction that writes: committed at the end of the block, rolled back if it raises.

    What was read before is forgotten, so that the block decides on what is true under its lock.
    """
    session = db.session
    session.rollback()
    session().info[_LAST] = {}
    with _turn_to_write():
        try:
            session.connection(execution_options=WRITES)
            yield session()
            _do_what_comes_last(session())
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session().info.pop(_LAST, None)


def do_last(session: Session, act: Callable[[Session, list[Any]], None], item: Any) -> None:
    """Call `act` with this item and all others it is given, when the unit of work at hand has written all else.

    Raises KeyError outside a unit of work: nothing would ever call it.
    """
    session.info[_LAST].setdefault(act, []).append(item)


def _do_what_comes_last(session: Session) -> None:
    session.flush()
    for act, items in session.info[_LAST].items():
        act(session, items)


def take_turn(session: Session, lock: int, *, shared: bool = False, of: str = "") -> None:
    """Wait, until the transaction ends, for everybody else who takes the same turn; sharers do not wait for each other.

    `of` names whose turn it is, where each has their own. Only PostgreSQL needs it: SQLite lets one transaction write
    at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        kind = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        which = ":lock, hashtext(:of)" if of else ":lock"
        session.execute(text(f"SELECT {kind}({which})"), {"lock": lock, **({"of": of} if of else {})})


def insert_for(session: Session, model: type[Base]) -> sqlite_dialect.Insert | postgresql.Insert:
    """An INSERT into the model's table that may say ON CONFLICT, as the database at hand speaks it."""
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite_dialect
    return kind.insert(model)


def _turn_to_write() -> Any:
    """SQLite's writers queue on a file lock, across threads and processes.

    Its own busy handler sleeps between tries: with eight writers that cost a hundred milliseconds at the tail.
    """
    if db.engine.dialect.name != "sqlite":
        return nullcontext()
    return _file_lock(Path(f"{db.engine.url.database}.lock"))


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
