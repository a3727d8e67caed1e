"""What an operator does with the nodes that ask for vectors: see their INDs, and free those of nodes that are gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, type_coerce

from hss.algorithms import AlgorithmSettings, read_settings
from hss.counting.known_inds import NOTED_EVERY
from hss.counting.nodes import give_back, lock_inds
from hss.counting.time_based import EPOCH_MS
from hss.models import RequestingNode, Scheme
from hss.models.model import Utc
from hss.provisioning.change import Change, NotThere, ProvisioningRefused

UNUSED_FOR = timedelta(seconds=3 * NOTED_EVERY)
"""Who has not asked for so long does not ask; it is written down more often than that."""
_BEGINNING = datetime.fromtimestamp(EPOCH_MS / 1000, UTC)
_ROWS = select(RequestingNode.__table__)
_SUBJECT_LENGTH = 64
"""Characters that the audit trail has for what a change is about."""


def described(row: Row[Any], counts: str) -> dict[str, Any]:
    """A node as names and values; the HSS instance is None where its SEQs are counted in SQL alone."""
    node, _, instance = row.name.partition("|")
    used = None if row.used is None else row.used.isoformat(timespec="seconds")
    own = instance if "|" in row.name else None
    return {
        "name": row.name, "node": node, "instance": own, "ind_bits": row.ind_bits, "ind": row.ind, "counts": counts,
        "used": used,
    }  # fmt: skip


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every node that has an IND, for each length of it."""
    with_own = {
        bits: {one.scheme for one in read_settings(connection).values() if one.ind_bits == bits and _counts_apart(one)}
        for bits in connection.scalars(select(RequestingNode.ind_bits).distinct())
    }
    rows = connection.execute(_ROWS.order_by(RequestingNode.ind_bits, RequestingNode.ind))
    return [described(row, _way_of(row, with_own[row.ind_bits])) for row in rows]


def free(change: Change, name: str) -> list[dict[str, Any]]:
    """Take a node's INDs away, of every length; what they were. ProvisioningRefused while it asks, or may have."""
    name = name.lower()
    lock_inds(change.connection)
    before = [one for one in listed(change.connection) if one["name"] == name]
    if not before:
        raise NotThere(_nobody(change.connection, name))
    moment = change.connection.scalar(select(type_coerce(func.current_timestamp(), Utc())))
    for row in change.connection.execute(_ROWS.where(RequestingNode.name == name)).all():
        _refuse_in_use(row, moment or datetime.now(UTC))
    for one in before:
        give_back(change.connection, name, one["ind_bits"])
        change.record("node.free", name[:_SUBJECT_LENGTH], before=one)
    return before


def _refuse_in_use(row: Row[Any], moment: datetime) -> None:
    until = (_BEGINNING + timedelta(milliseconds=row.horizon)).replace(microsecond=0)
    if row.used is not None and moment - row.used < UNUSED_FOR:
        at, minutes = row.used.isoformat(timespec="seconds"), int(UNUSED_FOR.total_seconds()) // 60
        raise ProvisioningRefused(
            f"{row.name} has asked for vectors at {at}: it is in use; "
            f"free it when it has not asked for {minutes} minutes"
        )
    if until >= moment:
        raise ProvisioningRefused(
            f"{row.name} may have used SEQs of the clock up to {until.isoformat()}; free it after that"
        )


def _nobody(connection: Connection, name: str) -> str:
    of_instances = select(RequestingNode.name).where(RequestingNode.name.startswith(f"{name}|", autoescape=True))
    found = sorted(set(connection.scalars(of_instances)))
    if found:
        return f"{name} has INDs by HSS instance alone; free each by its name: {', '.join(found)}"
    return f"no node {name} has an IND; see them with: akadia node list"


def _counts_apart(settings: AlgorithmSettings) -> bool:
    return settings.scheme is Scheme.TIME or settings.reserve > 1


def _way_of(row: Row[Any], schemes: set[Scheme]) -> str:
    if "|" not in row.name:
        return "counter"
    by_clock = schemes == {Scheme.TIME} or (row.horizon > 0 and schemes != {Scheme.COUNTER})
    return "time" if by_clock else "reserve"
