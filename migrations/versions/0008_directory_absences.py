"""whom, and which departments, a refused sync would have taken for gone"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = {"sync_id": "directory_syncs.id", "person_id": "people.id", "department_id": "departments.id"}


def upgrade():
    op.create_table(
        "directory_absences",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=name != "sync_id") for name in COLUMNS),
        sa.CheckConstraint(
            "(person_id IS NULL) <> (department_id IS NULL)", name=op.f("ck_directory_absences_one_of_two")
        ),
        *(
            sa.ForeignKeyConstraint([name], [of], name=op.f(f"fk_directory_absences_{name}"), ondelete="CASCADE")
            for name, of in COLUMNS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_absences")),
    )
    for name in COLUMNS:
        op.create_index(op.f(f"ix_directory_absences_{name}"), "directory_absences", [name], unique=False)


def downgrade():
    op.drop_table("directory_absences")
