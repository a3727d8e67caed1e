"""What AAA processes share: sessions of Diameter gateways, errands, departures, and the epochs of identity keys."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("revoked_identity", "identity_epoch", "departure", "errand", "diameter_session")


def upgrade() -> None:
    """Create the tables, and let a grant say how long it was for."""
    op.add_column("access_grant", sa.Column("session_timeout", sa.Integer(), nullable=True))
    _create_diameter_session()
    _create_errand()
    _create_departure()
    _create_identity_epoch()
    _create_revoked_identity()


def downgrade() -> None:
    """Go back, unless there are keys: every identity that they sealed would be lost with them."""
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM identity_epoch"))
    if count:
        raise ValueError(f"{count} epochs of identity keys, which schema 0004 cannot hold; take a backup, and stay")
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("access_grant", "session_timeout")


def _create_diameter_session() -> None:
    op.create_table(
        "diameter_session",
        sa.Column("session_key", sa.LargeBinary(32), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("peer", sa.String(255), nullable=False),
        sa.Column("origin_host", sa.String(255), nullable=False),
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("ending", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("started", _MOMENT, nullable=False, server_default=sa.func.current_timestamp()),
        sa.Column("updated", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_key", name="pk_diameter_session"),
    )
    op.create_index("ix_diameter_session_imsi", "diameter_session", ["imsi"])
    op.create_index("ix_diameter_session_updated", "diameter_session", ["updated"])


def _create_errand() -> None:
    op.create_table(
        "errand",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("via", sa.String(271), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_errand"),
    )
    op.create_index("ix_errand_via", "errand", ["via", "not_before"])


def _create_departure() -> None:
    op.create_table(
        "departure",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_departure"),
    )
    op.create_index("ix_departure_not_before", "departure", ["not_before"])


def _create_identity_epoch() -> None:
    op.create_table(
        "identity_epoch",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("transport", sa.String(64), nullable=False),
        sa.Column("retired", _MOMENT, nullable=True),
        _check("number", "number >= 1"),
        _check("sealed", "(sealed IS NULL) = (retired IS NOT NULL)"),
        sa.PrimaryKeyConstraint("number", name="pk_identity_epoch"),
    )


def _create_revoked_identity() -> None:
    op.create_table(
        "revoked_identity",
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("imsi", name="pk_revoked_identity"),
    )


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_identity_epoch_{name}"))
