"""drafts as typed, evidence, commitments, opinions, what happens to a filing, and what groups still owe"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Added in SQL that both databases take, constraints and all (as in 0002).
ADDED = {
    "filings": {
        "version": "INTEGER DEFAULT 0 NOT NULL",
        "deleted_at": "{moment} "
        "CONSTRAINT ck_filings_only_drafts_are_deleted CHECK (deleted_at IS NULL OR state = 'draft')",
    },
    "decisions": {"on_paper": "BOOLEAN DEFAULT false NOT NULL"},
    "groups": {
        "name_key": "VARCHAR(64) DEFAULT '' NOT NULL",
        "owner_account": "VARCHAR(64) DEFAULT '' NOT NULL",
        "number_due_on": "DATE",
        "rename_due_on": "DATE",
    },
    "messages": {
        "commitment_id": "INTEGER CONSTRAINT fk_messages_commitment_id REFERENCES commitments (id)",
        "reminds_of": "JSON",
    },
    "steps": {
        "asked_since": "{moment}",
        "assignee_id": "INTEGER CONSTRAINT fk_steps_assignee_id REFERENCES people (id)",
        "assigned_by_id": "INTEGER CONSTRAINT fk_steps_assigned_by_id REFERENCES people (id)",
    },
}
INDEXES = {"messages": "commitment_id", "steps": "assignee_id"}
#: name: (table, columns, over which rows)
PARTIAL = {
    "ix_groups_live_name_key": ("groups", ["name_key"], "live"),
    "ix_groups_number_due": ("groups", ["state", "number_due_on"], "number_due_on IS NOT NULL"),
    "ix_groups_rename_due": ("groups", ["state", "rename_due_on"], "rename_due_on IS NOT NULL"),
    "ix_opinions_unanswered": ("opinions", ["asked_at"], "answered_at IS NULL"),
    "ix_commitments_unconfirmed": ("commitments", ["asked_at"], "confirmed_at IS NULL"),
}


def upgrade():
    op.create_table(
        "group_partners",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_group_partners_department_id")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_partners_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "department_id", name=op.f("pk_group_partners")),
    )
    with op.batch_alter_table("group_partners", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_partners_department_id"), ["department_id"], unique=False)

    op.create_table(
        "nickname_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=64), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("fitting", sa.Integer(), nullable=False),
        sa.Column("malformed", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("misplaced", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "fitting >= 0 AND malformed >= 0 AND unknown >= 0 AND misplaced >= 0",
            name=op.f("ck_nickname_checks_counts_positive"),
        ),
        sa.CheckConstraint(
            "total = fitting + malformed + unknown + misplaced", name=op.f("ck_nickname_checks_counts_add_up")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_nickname_checks_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_nickname_checks_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nickname_checks")),
    )
    with op.batch_alter_table("nickname_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nickname_checks_group_id"), ["group_id"], unique=False)

    op.create_table(
        "reminders",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reminders_person_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reminders")),
    )
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminders_person_id"), ["person_id"], unique=False)

    op.create_table(
        "commitments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "channel",
            sa.Enum("card", "page", "rule", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (channel IS NULL)", name=op.f("ck_commitments_confirmed_has_its_way")
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_commitments_filing_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_commitments_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_commitments_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
        sa.UniqueConstraint("group_id", "person_id", name=op.f("uq_commitments_group_id_person_id")),
    )
    with op.batch_alter_table("commitments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_commitments_filing_id"), ["filing_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_commitments_person_id"), ["person_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "qr_code",
                "real_names",
                "signed_form",
                "other",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("stored_name", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=False),
        sa.Column("uploaded_by_name", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_size_positive")),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_evidence_filing_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["people.id"], name=op.f("fk_evidence_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("stored_name", name=op.f("uq_evidence_stored_name")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_filing_id"), ["filing_id"], unique=False)

    op.create_table(
        "filing_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "submitted",
                "withdrawn",
                "taken_over",
                "nudged",
                "reassigned",
                "reminded",
                "escalated",
                "opinion_asked",
                "opinion_given",
                "committed",
                "number_given",
                "renamed",
                "given_up",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=64), nullable=False),
        sa.Column("post_label", sa.String(length=192), nullable=False),
        sa.Column("on_behalf_of", sa.String(length=64), nullable=False),
        sa.Column("to_names", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("card", "page", "rule", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_filing_events_filing_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_filing_events_person_id")),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_filing_events_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_events")),
    )
    with op.batch_alter_table("filing_events", schema=None) as batch_op:
        batch_op.create_index("ix_filing_events_filing", ["filing_id", "id"], unique=False)

    op.create_table(
        "opinions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_name", sa.String(length=64), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("adviser_name", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer = '')", name=op.f("ck_opinions_answer_has_its_time")),
        sa.CheckConstraint("asked_by_id <> adviser_id", name=op.f("ck_opinions_not_of_oneself")),
        sa.ForeignKeyConstraint(["adviser_id"], ["people.id"], name=op.f("fk_opinions_adviser_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_opinions_asked_by_id")),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_opinions_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinions")),
    )
    with op.batch_alter_table("opinions", schema=None) as batch_op:
        batch_op.create_index("ix_opinions_adviser", ["adviser_id", "answered_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_opinions_step_id"), ["step_id"], unique=False)
        batch_op.create_index(
            "uq_opinions_open",
            ["step_id", "adviser_id"],
            unique=True,
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )

    moment = sa.DateTime(timezone=True).compile(dialect=op.get_bind().dialect)
    for table, columns in ADDED.items():
        for name, definition in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {definition.format(moment=moment)}")
    for table, column in INDEXES.items():
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    op.execute("UPDATE steps SET asked_since = pending_since WHERE state = 'pending'")
    _fold_names()
    _tell_what_happened()
    for name, (table, columns, rows) in PARTIAL.items():
        where = sa.text(rows)
        op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)


def _fold_names():
    """As regulation.fold_name did when this was written."""
    groups = sa.table(
        "groups", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("name_key", sa.String)
    )
    connection = op.get_bind()
    for group_id, name in connection.execute(sa.select(groups.c.id, groups.c.name)).all():
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:64]
        connection.execute(groups.update().where(groups.c.id == group_id).values(name_key=key))


#: act: what the timeline calls it
HAPPENED = {"filing.submit": "submitted", "filing.withdraw": "withdrawn", "filing.take_over": "taken_over"}


def _tell_what_happened():
    """Give each filing the lines of its timeline that only the record had kept, with the names of that day."""
    connection = op.get_bind()
    moment = sa.DateTime(timezone=True)
    entries = sa.table(
        "audit_entries",
        *(sa.column("id"), sa.column("at", moment), sa.column("actor_id"), sa.column("actor_name")),
        *(sa.column("action"), sa.column("subject_id"), sa.column("details", sa.JSON)),
    )
    steps = sa.table("steps", sa.column("filing_id"), sa.column("round"), sa.column("pending_since", moment))
    people = sa.table("people", sa.column("id"), sa.column("name"))
    sent = {
        (filing_id, number): at
        for filing_id, number, at in connection.execute(
            sa.select(steps.c.filing_id, steps.c.round, sa.func.min(steps.c.pending_since)).group_by(
                steps.c.filing_id, steps.c.round
            )
        )
    }
    names = dict(connection.execute(sa.select(people.c.id, people.c.name)).all())
    lines = [
        {
            "filing_id": entry.subject_id,
            "kind": HAPPENED[entry.action],
            # What the rules passed on at once came after the sending, though the record was written last.
            "at": sent.get((entry.subject_id, entry.details.get("round"))) or entry.at,
            "person_id": entry.actor_id,
            "person_name": entry.actor_name,
            "to_names": names.get(entry.details.get("from"), ""),
            **{"post_label": "", "on_behalf_of": "", "text": "", "channel": "page"},
        }
        for entry in connection.execute(
            sa.select(entries).where(entries.c.action.in_(HAPPENED)).order_by(entries.c.id)
        )
    ]
    if lines:
        texts = ("kind", "person_name", "to_names", "post_label", "on_behalf_of", "text", "channel")
        columns = [sa.column(name, sa.String) for name in texts]
        numbers = [sa.column("filing_id", sa.Integer), sa.column("person_id", sa.Integer), sa.column("at", moment)]
        op.bulk_insert(sa.table("filing_events", *columns, *numbers), lines)


def downgrade():
    for name, (table, _, _) in PARTIAL.items():
        op.drop_index(name, table_name=table)
    for table, column in INDEXES.items():
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    for table, columns in ADDED.items():
        for name in reversed(columns):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    for table in (
        "opinions",
        "filing_events",
        "evidence",
        "commitments",
        "reminders",
        "nickname_checks",
        "group_partners",
    ):
        op.drop_table(table)
