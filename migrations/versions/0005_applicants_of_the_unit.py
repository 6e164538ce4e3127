"""whether an applicant belonged to the filing's department when they sent it"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    # Of filings sent before nobody knows it: they are taken over only from somebody who left.
    op.execute("ALTER TABLE filings ADD COLUMN applicant_belonged BOOLEAN DEFAULT false NOT NULL")


def downgrade():
    op.execute("ALTER TABLE filings DROP COLUMN applicant_belonged")
