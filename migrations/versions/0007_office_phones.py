"""office phones of the directory are encrypted: in some offices they are somebody's mobile"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from models.encryption import Unreadable

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    _write_anew("TEXT", current_app.extensions["field_cipher"].encrypt)


def downgrade():
    _write_anew("VARCHAR(64)", _opened)


def _opened(token):
    """The number again. One that no key opens is left out: the next sync asks the directory for it."""
    text = current_app.extensions["field_cipher"].decrypt(token)
    return "" if isinstance(text, Unreadable) else text


def _write_anew(kind, written):
    """Put the column into one of this kind, each value as `written` says, and leave none behind in the old one.

    PostgreSQL keeps a dropped column's values in its rows, hence the empty text; SQLite keeps what was written over
    unless it is told not to.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA secure_delete = ON")
    op.execute(f"ALTER TABLE people ADD COLUMN written {kind} DEFAULT '' NOT NULL")
    people = sa.table("people", sa.column("id"), sa.column("office_phone"), sa.column("written"))
    rows = op.get_bind().execute(
        sa.select(people.c.id, people.c.office_phone).where(people.c.office_phone != "").order_by(people.c.id)
    )
    values = [{"row": row.id, "value": written(row.office_phone)} for row in rows]
    if values:
        new = {"written": sa.bindparam("value"), "office_phone": ""}
        op.get_bind().execute(sa.update(people).where(people.c.id == sa.bindparam("row")).values(new), values)
    op.execute("ALTER TABLE people DROP COLUMN office_phone")
    op.execute("ALTER TABLE people RENAME COLUMN written TO office_phone")
