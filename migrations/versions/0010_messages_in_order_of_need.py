"""messages in order of need, within the platform's limits, read in the inbox, and counted"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Each has a default: a process of the version before, still at work during an update, writes rows without them.
ADDED = {
    "urgency": "INTEGER DEFAULT 1 NOT NULL CONSTRAINT ck_messages_urgency_is_known CHECK (urgency BETWEEN 0 AND 2)",
    "format": "INTEGER DEFAULT 1 NOT NULL",
    "tried_at": "{moment}",
    "errcode": "INTEGER",
    "carried_by_id": "INTEGER CONSTRAINT fk_messages_carried_by_id REFERENCES messages (id)",
    "read_at": "{moment}",
}
#: name: (columns, over which rows)
INDEXES = {
    "ix_messages_due": (["state", "urgency", "run_at"], None),
    "ix_messages_tried": (["recipient_user_id", "tried_at"], None),
    "ix_messages_inbox": (["recipient_id", "id"], None),
    "ix_messages_spread": (["urgency", "tried_at"], None),
    "ix_messages_sent": (["sent_at"], None),
    "ix_messages_unread": (["recipient_id"], "read_at IS NULL"),
    "ix_messages_carried_by_id": (["carried_by_id"], None),
}
BEFORE = {"ix_messages_due": ["state", "run_at"], "ix_messages_recipient_id": ["recipient_id"]}


def upgrade():
    moment = sa.DateTime(timezone=True).compile(dialect=op.get_bind().dialect)
    for name, definition in ADDED.items():
        op.execute(f"ALTER TABLE messages ADD COLUMN {name} {definition.format(moment=moment)}")
    op.execute("UPDATE messages SET urgency = 0 WHERE kind <> 'notice'")
    op.execute("UPDATE messages SET urgency = 2 WHERE reminds_of IS NOT NULL")
    # What was sent before there was an inbox need not be read in it.
    op.execute("UPDATE messages SET read_at = created_at")
    _tell_codes_apart()
    for name in BEFORE:
        op.drop_index(name, table_name="messages")
    for name, (columns, rows) in INDEXES.items():
        where = sa.text(rows) if rows else None
        op.create_index(name, "messages", columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "message_tallies",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "worker", name=op.f("pk_message_tallies")),
    )


def _tell_codes_apart():
    """An error that the platform gave begins with its code."""
    messages = sa.table("messages", sa.column("id"), sa.column("error", sa.Text), sa.column("errcode", sa.Integer))
    connection = op.get_bind()
    for message_id, error in connection.execute(sa.select(messages.c.id, messages.c.error).where(messages.c.error != "")):
        code = re.match(r"-?[0-9]{1,9}\b", error)
        if code:
            connection.execute(messages.update().where(messages.c.id == message_id).values(errcode=int(code[0])))


def downgrade():
    op.drop_table("message_tallies")
    for name in INDEXES:
        op.drop_index(name, table_name="messages")
    for name, columns in BEFORE.items():
        op.create_index(name, "messages", columns, unique=False)
    for name in reversed(ADDED):
        op.execute(f"ALTER TABLE messages DROP COLUMN {name}")
