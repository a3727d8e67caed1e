"""Moving subscribers from keys that retire to the active one, while the HSS serves (NIST SP 800-57 §5.3)."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from hss.algorithms import AlgorithmSettings, read_settings
from hss.counting.rows import KEYS, sealed
from hss.keys.custody import Custodian, SealedKeys, key_check
from hss.keys.data_keys import active_key, retire, unused_keys
from hss.models import Custody, KeyPurpose, Subscriber
from hss.store.engines import Begin, transactions
from hss.store.location import Location

AT_ONCE = 500
"""Subscribers that are looked up together."""
WRITTEN_AT_ONCE = 100
"""Subscribers of one transaction, for which every login waits on SQLite."""

_key: ColumnElement[int] = func.coalesce(Subscriber.data_key_id, 0)
_MOVE = (
    update(Subscriber)
    # unless somebody has given the subscriber other keys meanwhile
    .where(Subscriber.imsi == bindparam("of"), Subscriber.k == bindparam("old_k"), _key == bindparam("old_key"))
    .values(
        {name: bindparam(name) for name in ("k", "opc", "data_key_id")}
        | {name: func.coalesce(getattr(Subscriber, name), bindparam(name)) for name in ("k_check", "opc_check")}
    )
)


class _Rotated(Exception):
    """Another key has become the active one meanwhile."""


def rewrap(location: Location, custodian: Custodian, progress: Callable[[int], None]) -> tuple[int, list[int]]:
    """Seal every subscriber under the active key; how many were moved, and which keys have retired by that.

    It may be interrupted and begun again at any time. `progress` is told after each transaction how many it moved.
    VaultError when a row does not open: it stays as it is, and so do those after it.

    Whatever takes its time, looking rows up and sealing them, is done while others write.
    """
    moved, after, is_over = 0, "", False
    with transactions(location, read_only=True) as read, transactions(location) as write:
        while not is_over:
            prepare(write, custodian)
            with suppress(_Rotated):
                while moves := _following(read, custodian, after):
                    for first in range(0, len(moves), WRITTEN_AT_ONCE):
                        some = moves[first : first + WRITTEN_AT_ONCE]
                        _store(write, custodian.keyring.current, some)
                        after = str(some[-1]["of"])
                        moved += len(some)
                        progress(len(some))
                is_over = True
        return moved, _retired(read, write)


def prepare(write: Begin, custodian: Custodian) -> None:
    """Have `custodian` know the active key, which is made if there is none."""
    with write() as connection:
        custodian.keyring.prepare(connection)


def waiting(connection: Connection, current: int | None) -> int:
    """How many subscribers another key than `current` seals."""
    return connection.scalar(select(func.count()).where(_key != (current or 0))) or 0


def _following(read: Begin, custodian: Custodian, after: str) -> list[dict[str, object]]:
    """The subscribers behind that IMSI whom another key seals, sealed under this one; none when there are no more."""
    keyring = custodian.keyring
    wanted = select(*KEYS).where(Subscriber.imsi > after, _key != keyring.current)
    with read() as connection:
        rows = [sealed(row) for row in connection.execute(wanted.order_by(Subscriber.imsi).limit(AT_ONCE))]
        settings: dict[str, AlgorithmSettings] = read_settings(connection)
        if active_key(connection, KeyPurpose.SUBSCRIBER, held=False) != keyring.current:
            raise _Rotated
        keyring.load(connection)
    return [
        {
            "of": row.imsi,
            "old_k": row.k,
            "old_key": row.data_key_id or 0,
            **custodian.resealed(row),
            **_checks(custodian, row, settings[row.profile]),
        }
        for row in rows
    ]


def _store(write: Begin, current: int | None, moves: Sequence[dict[str, object]]) -> None:
    """Unless another key seals by now: `current`, under which these are sealed, may retire when no row needs it."""
    with write() as connection:
        if active_key(connection, KeyPurpose.SUBSCRIBER) != current:
            raise _Rotated
        connection.execute(_MOVE, moves)


def _retired(read: Begin, write: Begin) -> list[int]:
    with read() as connection:
        unused = unused_keys(connection)
    if not unused:
        return []
    with write() as connection:
        return retire(connection, unused)


def _checks(custodian: Custodian, row: SealedKeys, settings: AlgorithmSettings) -> dict[str, object]:
    """The check values that a row of the first release lacks."""
    if settings.custody is Custody.TOKEN or row.data_key_id is not None:
        return {"k_check": None, "opc_check": None}
    keys = custodian.open(row)
    return {"k_check": key_check(keys.k), "opc_check": key_check(keys.opc)}
