"""SEQ given out: one UPDATE … RETURNING for all that wait, so that no two vectors share an SQN (TS 33.102 Annex C.1).

The same statement brings the sealed keys, so a vector costs one trip to the store.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, case, select, update
from sqlalchemy.engine import RowMapping

from hss.api import Refusal, ServiceRefused
from hss.custody import SealedKeys
from hss.models import Subscriber, SubscriberState
from hss.sqn import DELTA, SEQ_MAX


@dataclass(frozen=True, slots=True)
class Allocation:
    """`count` SEQs for `imsi`; after a genuine AUTS, `seq_ms` is what the USIM has seen."""

    imsi: str
    count: int
    seq_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Allocated:
    """The SEQs that end with `last_seq`, given out for ever."""

    last_seq: int
    keys: SealedKeys


_KEYS = (Subscriber.imsi, Subscriber.k, Subscriber.opc, Subscriber.data_key_id, Subscriber.amf, Subscriber.profile)
_COUNT = bindparam("count", type_=Subscriber.seq.type)
_SEQ_MS = bindparam("seq_ms", type_=Subscriber.seq.type)
_IMSIS: BindParameter[list[str]] = bindparam("imsis", expanding=True)

_ADVANCE = (
    update(Subscriber)
    .where(Subscriber.imsi.in_(_IMSIS), Subscriber.state == SubscriberState.ENABLED, Subscriber.seq <= SEQ_MAX - _COUNT)
    .values(seq=Subscriber.seq + _COUNT)
    .returning(Subscriber.seq, *_KEYS)
)
_FURTHER = case((Subscriber.seq < _SEQ_MS, _SEQ_MS), else_=Subscriber.seq)
_RESYNCHRONISE = (
    update(Subscriber)
    .where(
        Subscriber.imsi.in_(_IMSIS),
        Subscriber.state == SubscriberState.ENABLED,
        _FURTHER <= SEQ_MAX - _COUNT,
        _FURTHER + _COUNT - _SEQ_MS <= DELTA,
    )
    .values(seq=_FURTHER + _COUNT)
    .returning(Subscriber.seq, *_KEYS)
)
_STATES = select(Subscriber.imsi, Subscriber.state, Subscriber.seq).where(Subscriber.imsi.in_(_IMSIS))
_SEALED = select(Subscriber.state, *_KEYS).where(Subscriber.imsi == bindparam("imsi"))


def allocate(connection: Connection, requests: Sequence[Allocation]) -> list[Allocated | ServiceRefused]:
    """An answer for each request, in order; a refusal is a value here, because it spoils no other request."""
    answers: list[Allocated | ServiceRefused | None] = [None] * len(requests)
    together: dict[str, list[int]] = defaultdict(list)
    for place, request in enumerate(requests):
        if request.seq_ms is None:
            together[request.imsi].append(place)
        else:
            answers[place] = _resynchronise(connection, request, request.seq_ms)
    by_count: dict[int, list[str]] = defaultdict(list)
    for imsi, places in together.items():
        by_count[sum(requests[place].count for place in places)].append(imsi)
    for count, imsis in by_count.items():
        rows = _rows(connection, count, imsis)
        for imsi in imsis:
            for place, answer in _shared_out(rows[imsi], [(p, requests[p].count) for p in together[imsi]]):
                answers[place] = answer
    return [answer for answer in answers if answer is not None]


def sealed_keys(connection: Connection, imsi: str) -> SealedKeys | ServiceRefused:
    """The keys of `imsi` without moving SEQ, to verify an AUTS with."""
    row = connection.execute(_SEALED, {"imsi": imsi}).mappings().first()
    if row is None:
        return _unknown(imsi)
    if row["state"] is not SubscriberState.ENABLED:
        return _barred(imsi)
    return _keys(row)


def _rows(connection: Connection, count: int, imsis: list[str]) -> dict[str, Allocated | ServiceRefused]:
    rows = connection.execute(_ADVANCE, {"imsis": imsis, "count": count}).mappings()
    found: dict[str, Allocated | ServiceRefused] = {row["imsi"]: Allocated(row["seq"], _keys(row)) for row in rows}
    missing = [imsi for imsi in imsis if imsi not in found]
    return found | (_refusals(connection, missing) if missing else {})


def _shared_out(
    answer: Allocated | ServiceRefused, wanted: Iterable[tuple[int, int]]
) -> Iterable[tuple[int, Allocated | ServiceRefused]]:
    """One subscriber's run of SEQs divided among the requests for it, the first request the lowest."""
    if isinstance(answer, ServiceRefused):
        return [(place, answer) for place, _ in wanted]
    last = answer.last_seq - sum(count for _, count in wanted)
    shares = []
    for place, count in wanted:
        last += count
        shares.append((place, Allocated(last, answer.keys)))
    return shares


def _resynchronise(connection: Connection, request: Allocation, seq_ms: int) -> Allocated | ServiceRefused:
    parameters = {"imsis": [request.imsi], "count": request.count, "seq_ms": seq_ms}
    row = connection.execute(_RESYNCHRONISE, parameters).mappings().first()
    if row is not None:
        return Allocated(row["seq"], _keys(row))
    return _refusals(connection, [request.imsi])[request.imsi]


def _refusals(connection: Connection, imsis: list[str]) -> dict[str, Allocated | ServiceRefused]:
    rows = {row.imsi: row for row in connection.execute(_STATES, {"imsis": imsis})}
    return {imsi: _why(imsi, rows[imsi].state, rows[imsi].seq) if imsi in rows else _unknown(imsi) for imsi in imsis}


def _why(imsi: str, state: SubscriberState, seq: int) -> ServiceRefused:
    if state is not SubscriberState.ENABLED:
        return _barred(imsi)
    cause = f"SEQ of {imsi} stands at {seq}: it cannot go on from there, nor back to what the USIM accepts"
    return ServiceRefused(Refusal.UNAVAILABLE, f"{cause}; give the subscriber a new K")


def _unknown(imsi: str) -> ServiceRefused:
    return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")


def _barred(imsi: str) -> ServiceRefused:
    return ServiceRefused(Refusal.SUBSCRIBER_BARRED, f"subscriber {imsi} is barred")


def _keys(row: RowMapping) -> SealedKeys:
    return SealedKeys(row["imsi"], row["k"], row["opc"], row["data_key_id"], row["amf"], row["profile"])
