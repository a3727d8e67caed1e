"""Sessions of Diameter gateways in SQL: `hss.active_api.ActiveSessions`, with one commit for all that waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from hss.active_api import GatewaySession
from hss.models import DiameterSession
from hss.sessions.departures import note_departures
from hss.sessions.unavailable import unavailable
from hss.sessions.upsert import Insert
from hss.sessions.written import Written
from hss.store.database import Database
from hss.store.keyed import Answering, Keyed
from wire.identity import Imsi

Dated = tuple[GatewaySession, datetime]
"""A session, and when that is, in UTC."""
Holder = tuple[str, str]
"""A gateway: its peer, and its Origin-Host."""
Ended = tuple[str, datetime, Holder | None]
"""A Session-Id, when its session is over, and whose alone it may be, unless that is None."""

SOME = 32
"""Sessions of a gateway that are read at once: no more than may be ended in a transaction that others wait for."""
_COLUMNS = (
    DiameterSession.session_id,
    DiameterSession.peer,
    DiameterSession.origin_host,
    DiameterSession.imsi,
    DiameterSession.document,
    DiameterSession.ending,
)


class SqlActiveSessions:
    """`hss.active_api.ActiveSessions` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, session: GatewaySession, at: datetime) -> bool:
        """As `ActiveSessions.keep`."""
        with unavailable():
            return await self._database.together(_keep, (session, at))

    async def change(self, session: GatewaySession, at: datetime) -> bool:
        """As `ActiveSessions.change`."""
        with unavailable():
            return await self._database.write(lambda connection: _change(connection, session, at))

    async def find(self, session_id: str) -> GatewaySession | None:
        """As `ActiveSessions.find`."""
        with unavailable():
            return await self._database.read_at_once(_find, session_id)

    async def of_user(self, imsi: Imsi) -> tuple[GatewaySession, ...]:
        """As `ActiveSessions.of_user`."""
        order = (DiameterSession.started, DiameterSession.session_id)
        chosen = select(*_COLUMNS).where(DiameterSession.imsi == str(imsi)).order_by(*order)
        with unavailable():
            rows = await self._database.read(lambda connection: connection.execute(chosen).all())
        return tuple(_session(row) for row in rows)

    async def of_gateway(self, peer: str, origin_host: str, after: str) -> tuple[GatewaySession, ...]:
        """As `ActiveSessions.of_gateway`; reads all sessions of all gateways, which is for what seldom happens."""
        which = [DiameterSession.peer == peer, func.lower(DiameterSession.origin_host) == origin_host.lower()]
        if after:
            which.append(DiameterSession.session_key > key_of(after))
        chosen = select(*_COLUMNS).where(*which).order_by(DiameterSession.session_key).limit(SOME)
        with unavailable():
            rows = await self._database.read(lambda connection: connection.execute(chosen).all())
        return tuple(_session(row) for row in rows)

    async def end(self, session_id: str, at: datetime) -> bool:
        """As `ActiveSessions.end`; who was ended by the HSS has not left by himself."""
        with unavailable():
            return await self._database.together(_end, (session_id, at, None)) is not None

    async def end_of(self, peer: str, origin_host: str, session_id: str, at: datetime) -> GatewaySession | None:
        """As `ActiveSessions.end_of`."""
        with unavailable():
            return await self._database.together(_end, (session_id, at, (peer, origin_host)))


def key_of(session_id: str) -> bytes:
    """What a row of the table is found by, 32 octets."""
    return sha256(session_id.encode(errors="surrogateescape")).digest()


def _keep(connection: Connection, wanted: Sequence[Dated]) -> list[bool]:
    kept = [True] * len(wanted)
    for places in _rounds([session.session_id for session, _ in wanted]):
        rows = [_row(*wanted[place]) for place in places]
        if _MERGED.rows(connection, rows) < len(rows):
            ours = _held(connection, rows)
            for place, row in zip(places, rows, strict=True):
                kept[place] = ours.get(row["session_key"]) == (row["peer"], row["origin_host"].lower())
    return kept


def _replacing(insert: Insert) -> Insert:
    """A session that its own gateway has is what it says now."""
    old, new = DiameterSession, insert.excluded
    same = and_(old.peer == new.peer, func.lower(old.origin_host) == func.lower(new.origin_host))
    changed = ("peer", "origin_host", "imsi", "document", "ending", "updated", "until")
    return insert.on_conflict_do_update(
        index_elements=["session_key"], set_={name: new[name] for name in changed}, where=same
    )


_MERGED = Written(DiameterSession, _replacing)


def _held(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[bytes, tuple[str, str]]:
    """By whom each session is held, among those of `rows`: peer, and origin_host in lower case."""
    columns = (DiameterSession.session_key, DiameterSession.peer, DiameterSession.origin_host)
    chosen = select(*columns).where(DiameterSession.session_key.in_([row["session_key"] for row in rows]))
    return {bytes(key): (peer, host.lower()) for key, peer, host in connection.execute(chosen)}


def _rounds(names: Sequence[str]) -> list[list[int]]:
    """Places of `names`, so often that no name is twice in one round, and locked in the same order by everybody."""
    rounds: list[dict[str, int]] = []
    for place, name in enumerate(names):
        free = next((one for one in rounds if name not in one), None)
        if free is None:
            free = {}
            rounds.append(free)
        free[name] = place
    return [sorted(one.values(), key=lambda place: key_of(names[place])) for one in rounds]


def _row(session: GatewaySession, at: datetime) -> dict[str, Any]:
    return {
        "session_key": key_of(session.session_id),
        "session_id": session.session_id,
        "peer": session.peer,
        "origin_host": session.origin_host,
        "imsi": str(session.imsi),
        "document": session.document,
        "ending": session.ending,
        "started": at,
        "updated": at,
        "until": session.until,
    }


def _change(connection: Connection, session: GatewaySession, at: datetime) -> bool:
    which = [DiameterSession.session_key == key_of(session.session_id)]
    if not session.ending:
        which.append(DiameterSession.ending.is_(False))
    changed = (
        update(DiameterSession)
        .where(*which)
        .values(document=session.document, ending=session.ending, updated=at, until=session.until)
    )
    return connection.execute(changed).rowcount > 0


def _find(connection: Connection, wanted: Sequence[str]) -> list[GatewaySession | None]:
    keys = [key_of(session_id) for session_id in wanted]
    found = {key: _session(row) for key, *row in _FOUND.rows(connection, list(dict.fromkeys(keys)))}
    return [found.get(key) for key in keys]


def _end(connection: Connection, wanted: Sequence[Ended]) -> list[GatewaySession | None]:
    keys = [key_of(session_id) for session_id, _, _ in wanted]
    by_holder: dict[Holder | None, dict[bytes, int]] = {}
    for place, (_, _, holder) in enumerate(wanted):
        # of two that end one session the second finds it over
        by_holder.setdefault(holder, {}).setdefault(keys[place], place)
    over: list[GatewaySession | None] = [None] * len(wanted)
    # two processes lock rows in the same order
    for holder, places in sorted(by_holder.items(), key=lambda one: one[0] or ()):
        for key, *row in _deleted(connection, sorted(places), holder):
            over[places[key]] = _session(row)
    ended = [(session, at) for session, (_, at, _) in zip(over, wanted, strict=True) if session is not None]
    note_departures(connection, [(str(session.imsi), at) for session, at in ended if not session.ending])
    return over


def _deleted(connection: Connection, keys: Sequence[bytes], holder: Holder | None) -> list[list[Any]]:
    if holder is None:
        return _DELETED.rows(connection, keys)
    peer, origin_host = holder
    return _DELETED_OF.rows(connection, keys, peer=peer, origin_host=origin_host, lowered=origin_host.lower())


def _locked(keys: Sequence[BindParameter[bytes]], *which: ColumnElement[bool]) -> Answering:
    """Two processes lock rows in the same order; SQLite has one writer, and takes no notice."""
    chosen = select(DiameterSession.session_key).where(DiameterSession.session_key.in_(keys), *which)
    ordered = chosen.order_by(DiameterSession.session_key).with_for_update()
    return (
        delete(DiameterSession)
        .where(DiameterSession.session_key.in_(ordered))
        .returning(DiameterSession.session_key, *_COLUMNS)
    )


_FOUND = Keyed(lambda keys: select(DiameterSession.session_key, *_COLUMNS).where(DiameterSession.session_key.in_(keys)))
_DELETED = Keyed(_locked)
_DELETED_OF = Keyed(
    lambda keys: _locked(
        keys,
        DiameterSession.peer == bindparam("peer"),
        or_(
            DiameterSession.origin_host == bindparam("origin_host"),
            func.lower(DiameterSession.origin_host) == bindparam("lowered"),
        ),
    )
)


def _session(row: Sequence[Any]) -> GatewaySession:
    session_id, peer, origin_host, imsi, document, ending = row
    return GatewaySession(session_id, peer, origin_host, Imsi(imsi), document, ending)
