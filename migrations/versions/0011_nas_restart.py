"""NASes that have begun anew: what they had is over before its rows say so."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_RESTARTS = sa.table("nas_restart", *map(sa.column, ("client", "nas", "at")))
_SESSIONS = sa.table("access_session", *map(sa.column, ("client", "nas", "imsi", "updated", "ended", "end_cause")))
_DEPARTURES = sa.table("departure", *map(sa.column, ("imsi", "told", "telling", "seen_gone", "not_before")))


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "nas_restart",
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("nas", sa.String(253), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("client", "nas", "at", name="pk_nas_restart"),
    )


def downgrade() -> None:
    """Drop it, once the rows of all sessions say what it said."""
    restart, session = _RESTARTS.c, _SESSIONS.c
    earliest = sa.select(sa.func.min(restart.at)).where(
        restart.client == session.client, restart.nas == session.nas, restart.at >= session.updated
    )
    ended = earliest.correlate(_SESSIONS).scalar_subquery()
    is_over, no = sa.and_(session.ended.is_(None), ended.is_not(None)), sa.false()
    left = sa.select(session.imsi, no, no, no, ended).where(is_over, session.imsi.is_not(None))
    op.execute(sa.insert(_DEPARTURES).from_select([column.name for column in _DEPARTURES.c], left))
    op.execute(sa.update(_SESSIONS).where(is_over).values(ended=ended, end_cause="nas-restarted"))
    op.drop_table("nas_restart")
