"""Grants are found by their user when a session ends, without reading all of the last minutes."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_access_grant_imsi", "access_grant", ["imsi", "at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_access_grant_imsi", "access_grant")
