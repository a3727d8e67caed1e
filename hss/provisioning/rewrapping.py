"""Moving subscribers from keys that retire to the active one, while the HSS serves (NIST SP 800-57 §5.3)."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from hss.algorithms import AlgorithmSettings, read_settings
from hss.counting.rows import KEYS, sealed
from hss.keys.custody import Custodian, SealedKeys, key_check
from hss.keys.data_keys import retire_unused
from hss.models import Custody, Subscriber
from hss.store.engines import transaction
from hss.store.location import Location

AT_ONCE = 500
"""Subscribers of one transaction: an interruption loses the work on no more of them."""

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


def rewrap(location: Location, custodian: Custodian, progress: Callable[[int], None]) -> tuple[int, list[int]]:
    """Seal every subscriber under the active key; how many were moved, and which keys have retired by that.

    It may be interrupted and begun again at any time. `progress` is told after each transaction how many it moved.
    VaultError when a row does not open: it stays as it is, and so do those after it.
    """
    moved, after = 0, ""
    while True:
        with transaction(location) as connection:
            custodian.keyring.prepare(connection)
            count, after = _batch(connection, custodian, after)
        if count == 0 and after == "":
            break
        moved += count
        progress(count)
    with transaction(location) as connection:
        retired = retire_unused(connection)
    return moved, retired


def waiting(connection: Connection, current: int | None) -> int:
    """How many subscribers another key than `current` seals."""
    return connection.scalar(select(func.count()).where(_key != (current or 0))) or 0


def _batch(connection: Connection, custodian: Custodian, after: str) -> tuple[int, str]:
    """How many were moved, and the last IMSI of them; "" when there are no more."""
    wanted = select(*KEYS).where(Subscriber.imsi > after, _key != custodian.keyring.current)
    rows = [sealed(row) for row in connection.execute(wanted.order_by(Subscriber.imsi).limit(AT_ONCE))]
    if not rows:
        return 0, ""
    settings: dict[str, AlgorithmSettings] = read_settings(connection)
    moves = [
        {
            "of": row.imsi,
            "old_k": row.k,
            "old_key": row.data_key_id or 0,
            **custodian.resealed(row),
            **_checks(custodian, row, settings[row.profile]),
        }
        for row in rows
    ]
    connection.execute(_MOVE, moves)
    return len(rows), rows[-1].imsi


def _checks(custodian: Custodian, row: SealedKeys, settings: AlgorithmSettings) -> dict[str, object]:
    """The check values that a row of the first release lacks."""
    if settings.custody is Custody.TOKEN or row.data_key_id is not None:
        return {"k_check": None, "opc_check": None}
    keys = custodian.open(row)
    return {"k_check": key_check(keys.k), "opc_check": key_check(keys.opc)}
