"""the department that an applicant filed for as one of its own"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    # Of filings sent before nobody knows it: they are taken over only from somebody who left.
    op.execute(
        "ALTER TABLE filings ADD COLUMN applicant_department_id INTEGER "
        "CONSTRAINT fk_filings_applicant_department_id REFERENCES departments (id)"
    )


def downgrade():
    op.execute("ALTER TABLE filings DROP COLUMN applicant_department_id")
