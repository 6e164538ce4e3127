"""the directory's syncs, the changes it tells of, and when the platform was last heard"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "directory_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("new_user_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_events")),
    )
    with op.batch_alter_table("directory_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_directory_events_run_at"), ["run_at"], unique=False)
    op.create_table(
        "last_heard",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_last_heard")),
    )
    op.create_table(
        "directory_syncs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                *("waiting", "running", "done", "failed"),
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("accepts", sa.Integer(), nullable=False),
        sa.Column("accepts_departments", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("departments_read", sa.Integer(), nullable=False),
        sa.Column("departments_total", sa.Integer(), nullable=False),
        sa.Column("people_read", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("would_leave", sa.Integer(), nullable=False),
        sa.Column("would_remove", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state <> 'running' OR lease_until IS NOT NULL", name=op.f("ck_directory_syncs_running_is_leased")
        ),
        sa.ForeignKeyConstraint(["requested_by_id"], ["people.id"], name=op.f("fk_directory_syncs_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_syncs")),
        sa.UniqueConstraint("key", name=op.f("uq_directory_syncs_key")),
    )
    with op.batch_alter_table("directory_syncs", schema=None) as batch_op:
        batch_op.create_index("ix_directory_syncs_state", ["state"], unique=False)


def downgrade():
    for table in ("directory_syncs", "last_heard", "directory_events"):
        op.drop_table(table)
