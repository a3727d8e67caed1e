"""Records are not looked for by their session: an index that each of them was put into without anybody's asking it."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_accounting_record_session_key", "accounting_record")


def downgrade() -> None:
    """Add it."""
    op.create_index("ix_accounting_record_session_key", "accounting_record", ["session_key"])
