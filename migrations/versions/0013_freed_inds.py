"""INDs that can be given back, and when a node last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables; when the nodes of before asked is not known."""
    op.add_column("requesting_node", sa.Column("used", _MOMENT, nullable=True))
    op.create_table(
        "freed_ind",
        sa.Column("ind_bits", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("ind", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("freed", _MOMENT, nullable=False, server_default=sa.func.current_timestamp()),
        _check("freed_ind", "ind_bits", "ind_bits BETWEEN 1 AND 16"),
        _check("freed_ind", "ind", "ind BETWEEN 0 AND 65535"),
        _check("freed_ind", "horizon", "horizon >= 0"),
        sa.PrimaryKeyConstraint("ind_bits", "ind", name="pk_freed_ind"),
    )
    generation = op.create_table(
        "ind_generation",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        _check("ind_generation", "id", "id = 1"),
        sa.PrimaryKeyConstraint("id", name="pk_ind_generation"),
    )
    op.bulk_insert(generation, [{"id": 1, "generation": 0}])


def downgrade() -> None:
    """Go back, unless an IND was given back: what was used with it would be forgotten."""
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM freed_ind"))
    if count:
        raise ValueError(f"{count} INDs that were given back, which schema 0012 cannot hold; take a backup, and stay")
    op.drop_table("ind_generation")
    op.drop_table("freed_ind")
    op.drop_column("requesting_node", "used")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
