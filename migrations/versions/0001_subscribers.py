"""Subscribers, their APN profiles, the nodes that ask and the servers that serve."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    """Create the five tables."""
    _create_subscriber()
    _create_apn_profile()
    op.create_table(
        "requesting_node",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ind", sa.Integer(), nullable=False),
        sa.CheckConstraint("ind BETWEEN 0 AND 31", name=op.f("ck_requesting_node_ind")),
        sa.PrimaryKeyConstraint("name", name="pk_requesting_node"),
        sa.UniqueConstraint("ind", name="uq_requesting_node_ind"),
    )
    op.create_table(
        "registration",
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("aaa_name", sa.String(255), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["imsi"], ["subscriber.imsi"], name="fk_registration_imsi", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("imsi", name="pk_registration"),
    )
    op.create_table(
        "serving_gateway",
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("apn", sa.String(100), nullable=False),
        sa.Column("address", sa.String(39), nullable=False),
        sa.ForeignKeyConstraint(["imsi"], ["registration.imsi"], name="fk_serving_gateway_imsi", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("imsi", "apn", name="pk_serving_gateway"),
    )


def _create_subscriber() -> None:
    op.create_table(
        "subscriber",
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("k", sa.LargeBinary(), nullable=False),
        sa.Column("opc", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("amf", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("msisdn", sa.String(15), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.CheckConstraint("state IN ('enabled', 'barred')", name=op.f("ck_subscriber_state")),
        sa.CheckConstraint("amf BETWEEN 0 AND 65535", name=op.f("ck_subscriber_amf")),
        sa.CheckConstraint("seq BETWEEN 0 AND 8796093022207", name=op.f("ck_subscriber_seq")),
        sa.PrimaryKeyConstraint("imsi", name="pk_subscriber"),
    )


def _create_apn_profile() -> None:
    op.create_table(
        "apn_profile",
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("pdn_type", sa.Integer(), nullable=False),
        sa.Column("home_address", sa.String(39), nullable=True),
        sa.Column("home_address_v4", sa.String(15), nullable=True),
        sa.Column("ambr_up", sa.BigInteger(), nullable=True),
        sa.Column("ambr_down", sa.BigInteger(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.CheckConstraint("pdn_type BETWEEN 0 AND 3", name=op.f("ck_apn_profile_pdn_type")),
        sa.CheckConstraint("(ambr_up IS NULL) = (ambr_down IS NULL)", name=op.f("ck_apn_profile_ambr")),
        sa.ForeignKeyConstraint(["imsi"], ["subscriber.imsi"], name="fk_apn_profile_imsi", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("imsi", "context_id", name="pk_apn_profile"),
        sa.UniqueConstraint("imsi", "name", name="uq_apn_profile_imsi"),
        sa.UniqueConstraint("home_address", "name", name="uq_apn_profile_home_address"),
        sa.UniqueConstraint("home_address_v4", "name", name="uq_apn_profile_home_address_v4"),
    )
    op.create_index(
        "ix_apn_profile_default",
        "apn_profile",
        ["imsi"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )


def downgrade() -> None:
    """Drop the five tables."""
    for table in ("serving_gateway", "registration", "requesting_node", "apn_profile", "subscriber"):
        op.drop_table(table)
