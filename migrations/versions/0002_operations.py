"""Algorithm profiles, data keys, the audit trail, imports, API tokens, notices, and an IND for each length of IND."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NOW = sa.text("CURRENT_TIMESTAMP")
_SEQ_LIMIT = 281474976710655
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the new tables, then let subscribers and nodes name what they need of them."""
    _create_algorithm_profile()
    _create_data_key()
    _create_import_batch()
    _create_audit()
    _create_api_token()
    _create_notice()
    _widen_subscriber()
    _exchange_nodes(_create_nodes, {"ind_bits": 5, "horizon": 0, "epoch": 0})


def downgrade() -> None:
    """Go back, unless something is there that schema 0001 cannot hold: it would be lost for ever."""
    _refuse("SELECT count(*) FROM subscriber WHERE data_key_id IS NOT NULL", "subscribers are sealed under data keys")
    _refuse("SELECT count(*) FROM subscriber WHERE profile <> 'milenage'", "subscribers have profiles of their own")
    _refuse("SELECT count(*) FROM requesting_node WHERE ind_bits <> 5 OR horizon > 0", "nodes have an IND of their own")
    _refuse("SELECT count(*) FROM audit", "entries of the audit trail")
    _exchange_nodes(_create_old_nodes, {}, without=("ind_bits", "horizon", "epoch"))
    _narrow_subscriber()
    for table in ("notice", "api_token", "audit_head", "audit", "import_batch", "data_key", "algorithm_profile"):
        op.drop_table(table)


def _refuse(query: str, what: str) -> None:
    count = op.get_bind().scalar(sa.text(query))
    if count:
        raise ValueError(f"{count} {what}, which schema 0001 cannot hold; take a backup, and stay at 0002")


def _create_algorithm_profile() -> None:
    table = op.create_table(
        "algorithm_profile",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=True),
        sa.Column("ind_bits", sa.Integer(), nullable=False),
        sa.Column("delta", sa.BigInteger(), nullable=False),
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("reserve", sa.Integer(), nullable=False),
        sa.Column("clock_unit_ms", sa.Integer(), nullable=False),
        sa.Column("custody", sa.String(16), nullable=False),
        _check("algorithm_profile", "algorithm", "algorithm IN ('milenage', 'tuak', 'test')"),
        _check("algorithm_profile", "scheme", "scheme IN ('counter', 'time')"),
        _check("algorithm_profile", "custody", "custody IN ('sealed', 'token')"),
        _check("algorithm_profile", "ind_bits", "ind_bits BETWEEN 1 AND 16"),
        _check("algorithm_profile", "delta", "delta > 0"),
        _check("algorithm_profile", "reserve", "reserve BETWEEN 1 AND 65536"),
        _check("algorithm_profile", "clock_unit_ms", "clock_unit_ms BETWEEN 1 AND 60000"),
        sa.PrimaryKeyConstraint("name", name="pk_algorithm_profile"),
    )
    usual = {"name": "milenage", "algorithm": "milenage", "ind_bits": 5, "delta": 1 << 28, "scheme": "counter"}
    op.bulk_insert(table, [usual | {"reserve": 1, "clock_unit_ms": 100, "custody": "sealed"}])


def _create_data_key() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("retired", _MOMENT, nullable=True),
        _check("data_key", "purpose", "purpose IN ('subscriber', 'audit')"),
        _check("data_key", "state", "state IN ('active', 'retiring', 'retired')"),
        _check("data_key", "wrapped", "(state = 'retired') = (wrapped IS NULL)"),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
    )
    active = sa.text("state = 'active'")
    op.create_index(
        "ix_data_key_active", "data_key", ["purpose"], unique=True, sqlite_where=active, postgresql_where=active
    )


def _create_import_batch() -> None:
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("file_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("mapping", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("started", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("finished", _MOMENT, nullable=True),
        _check("import_batch", "state", "state IN ('running', 'done', 'rolled-back')"),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_audit_key_id"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("seal", sa.LargeBinary(32), nullable=True),
        _check("audit_head", "id", "id = 1"),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_audit_head_key_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "mac": bytes(32)}])


def _create_api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("roles", sa.String(128), nullable=False),
        sa.Column("created", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("expires", _MOMENT, nullable=True),
        sa.Column("revoked", _MOMENT, nullable=True),
        _check("api_token", "roles", "length(roles) > 0"),
        sa.PrimaryKeyConstraint("name", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
    )


def _create_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("imsi", sa.String(15), nullable=False),
        sa.Column("aaa_name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.Column("reason_info", sa.String(255), nullable=True),
        sa.Column("created", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("not_before", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _check("notice", "kind", "kind IN ('rtr', 'ppr')"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_not_before", "notice", ["not_before"])


def _widen_subscriber() -> None:
    with op.batch_alter_table("subscriber") as table:
        table.drop_column("key_version")
        table.add_column(sa.Column("data_key_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("k_check", sa.LargeBinary(3), nullable=True))
        table.add_column(sa.Column("opc_check", sa.LargeBinary(3), nullable=True))
        table.add_column(sa.Column("profile", sa.String(32), nullable=False, server_default="milenage"))
        table.add_column(sa.Column("time_offset", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("batch_id", sa.Integer(), nullable=True))
        table.drop_constraint(op.f("ck_subscriber_seq"), type_="check")
        table.create_check_constraint(op.f("ck_subscriber_seq"), f"seq BETWEEN 0 AND {_SEQ_LIMIT}")
        table.create_check_constraint(
            op.f("ck_subscriber_time_offset"), f"time_offset BETWEEN -{_SEQ_LIMIT} AND {_SEQ_LIMIT}"
        )
        table.create_foreign_key("fk_subscriber_data_key_id", "data_key", ["data_key_id"], ["id"])
        table.create_foreign_key("fk_subscriber_profile", "algorithm_profile", ["profile"], ["name"])
        table.create_foreign_key("fk_subscriber_batch_id", "import_batch", ["batch_id"], ["id"])
    with op.batch_alter_table("subscriber") as table:
        for column in ("profile", "time_offset", "revision"):
            table.alter_column(column, server_default=None)
    op.create_index("ix_subscriber_msisdn", "subscriber", ["msisdn"])
    op.create_index("ix_subscriber_batch_id", "subscriber", ["batch_id", "imsi"])


def _narrow_subscriber() -> None:
    op.drop_index("ix_subscriber_batch_id", "subscriber")
    op.drop_index("ix_subscriber_msisdn", "subscriber")
    with op.batch_alter_table("subscriber") as table:
        for name in ("data_key_id", "profile", "batch_id"):
            table.drop_constraint(f"fk_subscriber_{name}", type_="foreignkey")
        table.drop_constraint(op.f("ck_subscriber_time_offset"), type_="check")
        table.drop_constraint(op.f("ck_subscriber_seq"), type_="check")
        table.create_check_constraint(op.f("ck_subscriber_seq"), "seq BETWEEN 0 AND 8796093022207")
        for column in ("data_key_id", "k_check", "opc_check", "profile", "time_offset", "revision", "batch_id"):
            table.drop_column(column)
        table.add_column(sa.Column("key_version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("subscriber") as table:
        table.alter_column("key_version", server_default=None)


def _exchange_nodes(create: Callable[[], sa.Table], more: dict[str, int], without: tuple[str, ...] = ()) -> None:
    """The nodes are few: read them, make the table anew, put them back."""
    connection = op.get_bind()
    rows = [dict(row) for row in connection.execute(sa.text("SELECT * FROM requesting_node")).mappings()]
    op.drop_table("requesting_node")
    table = create()
    kept = [{name: value for name, value in row.items() if name not in without} | more for row in rows]
    if kept:
        op.bulk_insert(table, kept)


def _create_nodes() -> sa.Table:
    return op.create_table(
        "requesting_node",
        sa.Column("name", sa.String(320), nullable=False),
        sa.Column("ind_bits", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ind", sa.Integer(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        _check("requesting_node", "ind_bits", "ind_bits BETWEEN 1 AND 16"),
        _check("requesting_node", "ind", "ind BETWEEN 0 AND 65535"),
        _check("requesting_node", "horizon", "horizon >= 0"),
        sa.PrimaryKeyConstraint("name", "ind_bits", name="pk_requesting_node"),
        sa.UniqueConstraint("ind_bits", "ind", name="uq_requesting_node_ind_bits"),
    )


def _create_old_nodes() -> sa.Table:
    return op.create_table(
        "requesting_node",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ind", sa.Integer(), nullable=False),
        _check("requesting_node", "ind", "ind BETWEEN 0 AND 31"),
        sa.PrimaryKeyConstraint("name", name="pk_requesting_node"),
        sa.UniqueConstraint("ind", name="uq_requesting_node_ind"),
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
