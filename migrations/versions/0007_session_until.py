"""Until when a Diameter session may last, so that it ages where its gateway never ends it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; sessions of before have none, and age by silence alone."""
    op.add_column("diameter_session", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_diameter_session_until", "diameter_session", ["until"])


def downgrade() -> None:
    """Forget it."""
    op.drop_index("ix_diameter_session_until", "diameter_session")
    op.drop_column("diameter_session", "until")
