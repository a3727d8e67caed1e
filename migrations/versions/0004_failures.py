"""Authentications that failed, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLE = "failed_authentication"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imsi", sa.String(15), nullable=True),
        sa.Column("session", sa.String(255), nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("apn", sa.String(100), nullable=True),
        sa.Column("access", sa.String(255), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(500), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("hypothesis", sa.String(48), nullable=True),
        sa.Column("certainty", sa.String(16), nullable=True),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("dialogue", sa.Text(), nullable=False),
        sa.CheckConstraint("certainty IN ('proven', 'indicated')", name=op.f(f"ck_{_TABLE}_certainty")),
        sa.CheckConstraint("(certainty IS NULL) = (hypothesis IS NULL)", name=op.f(f"ck_{_TABLE}_verdict")),
        sa.PrimaryKeyConstraint("id", name=f"pk_{_TABLE}"),
    )
    for name, columns in (
        ("reference", ["reference"]),
        ("session", ["session"]),
        ("imsi", ["imsi", "id"]),
        ("at", ["at"]),
    ):
        op.create_index(f"ix_{_TABLE}_{name}", _TABLE, columns)


def downgrade() -> None:
    """Go back; what failed once is forgotten."""
    op.drop_table(_TABLE)
