"""Sessions and clients out of their tables."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from hss.models import AccessGrant, AccessSession, ClientReport
from hss.session_api import ClientSeen, Session, SessionQuery, Usage
from hss.sessions.restarted import END_CAUSE, ENDED, IS_OPEN
from hss.sessions.upsert import insert_into, later
from wire.identity import Imsi

_ROW = AccessSession.__table__.c
_SESSIONS = select(
    *(column for column in _ROW if column.name not in {"ended", "end_cause"}),
    ENDED.label("ended"),
    END_CAUSE.label("end_cause"),
    AccessGrant.apn,
    AccessGrant.session_timeout,
).outerjoin(AccessGrant, AccessGrant.radius_class == AccessSession.radius_class)


def find_sessions(connection: Connection, query: SessionQuery) -> tuple[Session, ...]:
    """The sessions that `query` asks for, the newest first."""
    wanted = _SESSIONS.order_by(AccessSession.id.desc()).limit(query.limit)
    if not query.ended:
        wanted = wanted.where(IS_OPEN)
    if query.imsi is not None:
        wanted = wanted.where(AccessSession.imsi == query.imsi)
    if query.client is not None:
        wanted = wanted.where(AccessSession.client == query.client)
    if query.radius_class is not None:
        wanted = wanted.where(AccessSession.radius_class == query.radius_class)
    return tuple(_session(row) for row in connection.execute(wanted).mappings())


def find_session(connection: Connection, number: int) -> Session | None:
    """One session by its number."""
    row = connection.execute(_SESSIONS.where(AccessSession.id == number)).mappings().first()
    return None if row is None else _session(row)


def add_seen(connection: Connection, batches: Sequence[tuple[ClientSeen, ...]]) -> list[None]:
    """Add to what clients have sent before."""
    insert = insert_into(connection, ClientReport)
    old, new = ClientReport, insert.excluded
    merge = insert.on_conflict_do_update(
        index_elements=["client"],
        set_={
            "protected": old.protected + new.protected,
            "unprotected": old.unprotected + new.unprotected,
            "last_protected": later(old.last_protected.expression, new.last_protected),
            "last_unprotected": later(old.last_unprotected.expression, new.last_unprotected),
        },
    )
    for seen in sorted((one for batch in batches for one in batch), key=lambda one: one.client):
        values = {name: getattr(seen, name) for name in ClientReport.__table__.c.keys()}  # noqa: SIM118
        connection.execute(merge, [values])
    return [None] * len(batches)


def find_clients(connection: Connection) -> tuple[ClientSeen, ...]:
    """What every client has sent, by name."""
    rows = connection.execute(select(*ClientReport.__table__.c).order_by(ClientReport.client))
    return tuple(ClientSeen(**row._mapping) for row in rows)  # noqa: SLF001


def _session(row: RowMapping) -> Session:
    return Session(
        number=row["id"],
        client=row["client"],
        nas=row["nas"],
        source=row["source"],
        session_id=row["session_id"],
        user_name=row["user_name"],
        imsi=None if row["imsi"] is None else Imsi(row["imsi"]),
        radius_class=row["radius_class"],
        calling_station=row["calling_station"],
        framed_address=row["framed_address"],
        started=row["started"],
        updated=row["updated"],
        ended=row["ended"],
        end_cause=row["end_cause"],
        usage=Usage(row["seconds"], row["octets_in"], row["octets_out"], row["packets_in"], row["packets_out"]),
        apn=row["apn"],
        session_timeout=row["session_timeout"],
    )
