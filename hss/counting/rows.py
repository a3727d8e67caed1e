"""A subscriber's row as a vector needs it, read for many at once; and what is said when it gives none."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    bindparam,
    literal_column,
    select,
    text,
    update,
)

from hss.api import Refusal, ServiceRefused
from hss.keys.custody import SealedKeys
from hss.models import Apn, IndGeneration, Registration, RequestingNode, Subscriber, SubscriberState
from wire.frozen import dataclass

KEYS = (
    Subscriber.imsi,
    Subscriber.k,
    Subscriber.opc,
    Subscriber.data_key_id,
    Subscriber.amf,
    Subscriber.profile,
)
"""The columns of SealedKeys, in its order."""

# written out, because SQLAlchemy leaves the tables' names out of what stands in SQLite's RETURNING
SERVING: ScalarSelect[str | None] = (
    select(literal_column("registration.aaa_name", Registration.aaa_name.type))
    .select_from(Registration)
    .where(text("registration.imsi = subscriber.imsi"))
    .scalar_subquery()
)
"""The AAA server that serves the subscriber of the row, or NULL."""

SUBSCRIBED: ColumnElement[bool] = (
    select(literal_column("1")).select_from(Apn).where(text("apn_profile.imsi = subscriber.imsi")).exists()
)
"""Whether the subscriber of the row has any APN."""

GENERATION: ScalarSelect[int] = (
    select(literal_column("generation", IndGeneration.generation.type)).select_from(IndGeneration).scalar_subquery()
)
"""The generation of all INDs (hss.counting.nodes)."""

_IMSIS: BindParameter[list[str]] = bindparam("imsis", expanding=True)
_STATE = (
    Subscriber.state,
    Subscriber.seq,
    Subscriber.time_offset,
    SERVING.label("serving"),
    SUBSCRIBED.label("subscribed"),
    Subscriber.revision,
)
_ROWS = select(*_STATE, *KEYS).where(Subscriber.imsi.in_(_IMSIS))
_NODES = select(RequestingNode.name, RequestingNode.ind_bits, RequestingNode.ind, RequestingNode.epoch)


@dataclass(frozen=True, slots=True)
class Standing:
    """An enabled subscriber as it stands; `subscribed` when it has any APN.

    `nodes` are the IND and the epoch of every node (name, length of IND), read after it.
    """

    keys: SealedKeys
    seq: int
    time_offset: int
    serving_aaa: str | None
    subscribed: bool
    revision: int
    nodes: dict[tuple[str, int], tuple[int, int]]


def read_standings(connection: Connection, imsis: Sequence[str]) -> list[Standing | ServiceRefused]:
    """Each subscriber of `imsis`, in order, without changing anything."""
    found = {row[6]: row for row in connection.execute(_ROWS, {"imsis": list(set(imsis))})}
    # after the rows: a node that was taken over since the rows were read shows its new epoch
    nodes = {(name, ind_bits): (ind, epoch) for name, ind_bits, ind, epoch in connection.execute(_NODES)}
    return [_standing(imsi, found.get(imsi), nodes) for imsi in imsis]


def _standing(
    imsi: str, row: Sequence[Any] | None, nodes: dict[tuple[str, int], tuple[int, int]]
) -> Standing | ServiceRefused:
    if row is None:
        return unknown(imsi)
    state, seq, time_offset, serving, subscribed, revision, *keys = row
    if state is not SubscriberState.ENABLED:
        return barred(imsi)
    return Standing(sealed(keys), seq, time_offset, serving, bool(subscribed), revision, nodes)


def change_window(connection: Connection, seen: Standing, seq: int, time_offset: int) -> None:
    """Give the subscriber another window (hss.counting.windows), unless the row was changed since it was `seen`."""
    connection.execute(
        update(Subscriber)
        .where(
            Subscriber.imsi == seen.keys.imsi,
            Subscriber.state == SubscriberState.ENABLED,
            Subscriber.profile == seen.keys.profile,
            Subscriber.k == seen.keys.k,
            Subscriber.seq == seen.seq,
            Subscriber.time_offset == seen.time_offset,
        )
        .values(seq=seq, time_offset=time_offset)
    )


def first_keys(connection: Connection) -> SealedKeys | None:
    """The keys of the subscriber with the lowest IMSI, or None when there is nobody."""
    row = connection.execute(select(*KEYS).order_by(Subscriber.imsi).limit(1)).first()
    return None if row is None else sealed(row)


def keys_of(connection: Connection, imsi: str) -> SealedKeys | None:
    """The keys of `imsi`, barred or not; None when there is no such subscriber."""
    row = connection.execute(select(*KEYS).where(Subscriber.imsi == imsi)).first()
    return None if row is None else sealed(row)


def sealed(columns: Sequence[Any]) -> SealedKeys:
    """SealedKeys out of the values of `KEYS`."""
    return SealedKeys(*columns)


def unknown(imsi: str) -> ServiceRefused:
    """There is no such subscriber."""
    return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")


def no_way_on(imsi: str, seq: int) -> ServiceRefused:
    """SEQ of `imsi` is at its end, or out of the USIM's reach."""
    cause = f"SEQ of {imsi} stands at {seq}: it cannot go on from there, nor back to what the USIM accepts"
    return ServiceRefused(Refusal.UNAVAILABLE, f"{cause}; give the subscriber a new K")


def barred(imsi: str) -> ServiceRefused:
    """An operator has barred this subscriber."""
    return ServiceRefused(Refusal.SUBSCRIBER_BARRED, f"subscriber {imsi} is barred")
