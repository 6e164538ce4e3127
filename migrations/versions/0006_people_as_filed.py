"""whose number a contact's is, and the people whom a filing that is over named"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE contacts ADD COLUMN given_by_owner BOOLEAN DEFAULT false NOT NULL")
    op.execute("ALTER TABLE filings ADD COLUMN people_as_filed TEXT DEFAULT '' NOT NULL")


def downgrade():
    op.execute("ALTER TABLE filings DROP COLUMN people_as_filed")
    op.execute("ALTER TABLE contacts DROP COLUMN given_by_owner")
