"""Runs the migrations for Flask-Migrate, so that no row is lost on either database."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from models import Base
from models.base import EncryptedText, UTCDateTime

#: A migration that cannot have its table soon gives up rather than hold every request behind it.
LOCK_TIMEOUT = "10s"


def run_migrations() -> None:
    """Bring the app's database to the revision asked for, in one transaction a revision."""
    extension = current_app.extensions["migrate"]
    with extension.db.engine.connect() as connection:
        prepare(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transactional_ddl=True,
            transaction_per_migration=True,
            render_item=render_plainly,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        check(connection)


def render_plainly(kind: str, item: object, _context: object) -> str | bool:
    """A migration names the database's own types: ours may change later, what was migrated may not."""
    plain = {UTCDateTime: "sa.DateTime(timezone=True)", EncryptedText: "sa.Text()"}
    return plain.get(type(item), False) if kind == "type" else False


def prepare(connection: Connection) -> None:
    """SQLite alters a table by making it anew: with foreign keys on, dropping the old one deletes its children."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
        return
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()


def check(connection: Connection) -> None:
    """Refuse to leave a row behind whose parent is gone, and switch SQLite's foreign keys on again."""
    if connection.dialect.name != "sqlite":
        return
    sqlite = connection.connection.dbapi_connection
    orphans = sqlite.execute("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise RuntimeError(f"{len(orphans)} rows lost their parent in table {orphans[0][0]}")
    sqlite.execute("PRAGMA foreign_keys = ON")


run_migrations()
