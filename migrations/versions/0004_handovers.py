"""handing over what a leaver held, and filings taken over from their applicants"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    open_ones = sa.text("closed_at IS NULL")
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=64), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_handovers_department_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_handovers_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    with op.batch_alter_table("handovers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handovers_department_id"), ["department_id"], unique=False)
        batch_op.create_index(
            "uq_handovers_open",
            ["person_id", "department_id"],
            unique=True,
            sqlite_where=open_ones,
            postgresql_where=open_ones,
        )
    op.create_table(
        "handover_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                *("responsible", "owner", "administrator"),
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("successor_name", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR declined_at IS NULL", name=op.f("ck_handover_items_one_answer")
        ),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR successor_id IS NOT NULL", name=op.f("ck_handover_items_confirmed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_handover_items_group_id")),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handover_items_handover_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["people.id"], name=op.f("fk_handover_items_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_items")),
        sa.UniqueConstraint(
            "handover_id",
            "group_id",
            "role",
            "position",
            name=op.f("uq_handover_items_handover_id_group_id_role_position"),
        ),
    )
    with op.batch_alter_table("handover_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_items_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_items_successor_id"), ["successor_id"], unique=False)
    op.execute("ALTER TABLE filings ADD COLUMN taken_over_from VARCHAR(64) DEFAULT '' NOT NULL")
    op.execute(
        "ALTER TABLE messages ADD COLUMN handover_id INTEGER "
        "CONSTRAINT fk_messages_handover_id REFERENCES handovers (id)"
    )
    op.create_index("ix_messages_handover_id", "messages", ["handover_id"], unique=False)


def downgrade():
    op.drop_index("ix_messages_handover_id", "messages")
    op.execute("ALTER TABLE messages DROP COLUMN handover_id")
    op.execute("ALTER TABLE filings DROP COLUMN taken_over_from")
    op.drop_table("handover_items")
    op.drop_table("handovers")
