"""Grants, accounting records and sessions of the AAA server, and how RADIUS clients protect what they send."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTERS = ("seconds", "octets_in", "octets_out", "packets_in", "packets_out")


def upgrade() -> None:
    """Create the tables."""
    _create_access_grant()
    _create_accounting_record()
    _create_access_session()
    _create_client_report()


def downgrade() -> None:
    """Go back, unless accounting is there: it would be lost for ever."""
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM accounting_record"))
    if count:
        raise ValueError(f"{count} accounting records, which schema 0002 cannot hold; take a backup, and stay at 0003")
    for table in ("radius_client_report", "access_session", "accounting_record", "access_grant"):
        op.drop_table(table)


def _create_access_grant() -> None:
    op.create_table(
        "access_grant",
        sa.Column("radius_class", sa.LargeBinary(253), nullable=False),
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("user_name", sa.String(253), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("nas", sa.String(253), nullable=False),
        sa.Column("apn", sa.String(100), nullable=True),
        sa.Column("calling_station", sa.String(253), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("radius_class", name="pk_access_grant"),
    )
    op.create_index("ix_access_grant_at", "access_grant", ["at"])


def _create_accounting_record() -> None:
    op.create_table(
        "accounting_record",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("session_key", sa.LargeBinary(16), nullable=True),
        sa.Column("session_id", sa.String(253), nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("nas", sa.String(253), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("received", _MOMENT, nullable=False),
        sa.Column("user_name", sa.String(253), nullable=True),
        sa.Column("radius_class", sa.LargeBinary(253), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _COUNTERS),
        sa.Column("end_cause", sa.String(32), nullable=True),
        _check("accounting_record", "kind", "kind IN ('start', 'stop', 'interim', 'on', 'off')"),
        _check("accounting_record", "session_key", "(kind IN ('on', 'off')) = (session_key IS NULL)"),
        sa.PrimaryKeyConstraint("id", name="pk_accounting_record"),
        sa.UniqueConstraint("fingerprint", name="uq_accounting_record_fingerprint"),
    )
    op.create_index("ix_accounting_record_session_key", "accounting_record", ["session_key"])
    op.create_index("ix_accounting_record_received", "accounting_record", ["received"])


def _create_access_session() -> None:
    op.create_table(
        "access_session",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("session_key", sa.LargeBinary(16), nullable=True),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("nas", sa.String(253), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(253), nullable=False),
        sa.Column("user_name", sa.String(253), nullable=True),
        sa.Column("imsi", sa.String(15), nullable=True),
        sa.Column("radius_class", sa.LargeBinary(253), nullable=True),
        sa.Column("calling_station", sa.String(253), nullable=True),
        sa.Column("framed_address", sa.String(64), nullable=True),
        sa.Column("started", _MOMENT, nullable=True),
        sa.Column("updated", _MOMENT, nullable=False),
        sa.Column("ended", _MOMENT, nullable=True),
        sa.Column("end_cause", sa.String(32), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTERS),
        sa.PrimaryKeyConstraint("id", name="pk_access_session"),
        sa.UniqueConstraint("session_key", name="uq_access_session_session_key"),
    )
    op.create_index("ix_access_session_imsi", "access_session", ["imsi"])
    op.create_index("ix_access_session_ended", "access_session", ["ended", "id"])


def _create_client_report() -> None:
    op.create_table(
        "radius_client_report",
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("protected", sa.BigInteger(), nullable=False),
        sa.Column("unprotected", sa.BigInteger(), nullable=False),
        sa.Column("last_protected", _MOMENT, nullable=True),
        sa.Column("last_unprotected", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("client", name="pk_radius_client_report"),
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
