"""posts from day to day, with deputies and delegations; what the directory does not know of departments"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns are added in SQL that both databases take, constraints and all: SQLite would otherwise make each table anew
# and lose its other CHECKs. Their defaults let a version of the service that does not know them go on writing.
ADDED = {
    "people": {
        "pinyin": "VARCHAR(255) DEFAULT '' NOT NULL",
        "initials": "VARCHAR(64) DEFAULT '' NOT NULL",
        "marked_left": "BOOLEAN DEFAULT false NOT NULL "
        "CONSTRAINT ck_people_marked_has_left CHECK (NOT marked_left OR left_at IS NOT NULL)",
    },
    "departments": {
        "kind": "VARCHAR(32) CONSTRAINT ck_departments_kind CHECK "
        "(kind IN ('office', 'faculty', 'support', 'mass_organization', 'party_branch', 'other'))",
        "party_branch_id": "INTEGER CONSTRAINT fk_departments_party_branch_id REFERENCES departments (id)",
        "all_heads": "BOOLEAN DEFAULT false NOT NULL",
        "merged_into_id": "INTEGER CONSTRAINT fk_departments_merged_into_id REFERENCES departments (id) "
        "CONSTRAINT ck_departments_merged_is_removed CHECK (merged_into_id IS NULL OR removed_at IS NOT NULL)",
    },
    "posts": {
        "is_deputy": "BOOLEAN DEFAULT false NOT NULL",
        "begun": "BOOLEAN DEFAULT true NOT NULL",
        "ends_on": "DATE",
    },
    "decisions": {
        "on_behalf_of_id": "INTEGER CONSTRAINT fk_decisions_on_behalf_of_id REFERENCES people (id)",
        "on_behalf_of": "VARCHAR(64) DEFAULT '' NOT NULL",
    },
}


def upgrade():
    for table, columns in ADDED.items():
        for name, definition in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {definition}")
    op.create_table(
        "department_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                *("renamed", "short_name", "merged", "split"),
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("old_name", sa.String(length=128), nullable=False),
        sa.Column("new_name", sa.String(length=128), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_department_changes_department_id")),
        sa.ForeignKeyConstraint(["other_id"], ["departments.id"], name=op.f("fk_department_changes_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_changes")),
    )
    with op.batch_alter_table("department_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_department_changes_department_id"), ["department_id"], unique=False)
    op.create_table(
        "delegations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("from_person_id", sa.Integer(), nullable=False),
        sa.Column("to_person_id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_delegations_ends_after_it_starts")),
        sa.CheckConstraint("from_person_id <> to_person_id", name=op.f("ck_delegations_not_to_oneself")),
        sa.ForeignKeyConstraint(["from_person_id"], ["people.id"], name=op.f("fk_delegations_from_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_delegations_post_id")),
        sa.ForeignKeyConstraint(["to_person_id"], ["people.id"], name=op.f("fk_delegations_to_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    open_ones = sa.text("ended_at IS NULL")
    with op.batch_alter_table("delegations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegations_post_id"), ["post_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegations_to_person_id"), ["to_person_id"], unique=False)
        batch_op.create_index(
            "uq_delegations_open",
            ["post_id", "from_person_id", "to_person_id"],
            unique=True,
            sqlite_where=open_ones,
            postgresql_where=open_ones,
        )


def downgrade():
    # What the earlier version does not know must not turn into rights: a post to come, a deputy's, one that is over.
    op.execute(
        "UPDATE posts SET ended_at = CURRENT_TIMESTAMP "
        "WHERE ended_at IS NULL AND (is_deputy OR NOT begun OR ends_on < CURRENT_DATE)"
    )
    op.drop_table("delegations")
    op.drop_table("department_changes")
    for table, columns in ADDED.items():
        for name in reversed(columns):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
