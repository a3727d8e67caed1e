"""SEQ given out: one UPDATE … RETURNING for all that wait, so that no two vectors share an SQN (TS 33.102 Annex C.1).

The same statement brings the sealed keys, so a vector costs one trip to the store. It locks its rows in the order of
their IMSIs: processes that advance the same subscribers wait for one another and never in a circle. Time-based profiles
are not counted here (hss.counting.time_based).
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import BigInteger, Connection, case, cast, literal_column, select, update

from hss.api import ServiceRefused
from hss.counting.rows import GENERATION, KEYS, SERVING, SUBSCRIBED, barred, no_way_on, unknown
from hss.keys.custody import SealedKeys
from hss.models import AlgorithmProfile, Scheme, Subscriber, SubscriberState
from hss.store.prepared import Prepared
from hss.store.rowset import ROWS, number, rowset
from wire.aka.sqn import SQN_BITS, SQN_LIMIT
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Allocation:
    """`count` SEQs for `imsi`; after a genuine AUTS, `seq_ms` is what the USIM has seen."""

    imsi: str
    count: int
    seq_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Allocated(SealedKeys):
    """The SEQs that end with `last_seq`, given out for ever, and the keys; `subscribed` with any APN.

    An IND that was read in another `generation` may be another node's by now.

    Its fields are the columns that `_ADVANCE` returns, in their order.
    """

    last_seq: int
    serving_aaa: str | None = None
    subscribed: bool = True
    revision: int = 1
    generation: int = 0


@dataclass(frozen=True, slots=True)
class NotCounted:
    """This subscriber's profile is another than was thought: `profile`."""

    profile: str


Answer = Allocated | NotCounted | ServiceRefused

_NOTHING = (0, 0, SQN_LIMIT)
_WANTED = rowset()
_LOCKED = (
    select(
        Subscriber.imsi.label("locked_imsi"),
        number(_WANTED, 0).label("count"),
        number(_WANTED, 1).label("floor"),
        number(_WANTED, 2).label("within_delta_of"),
    )
    .select_from(_WANTED)
    .join(Subscriber, Subscriber.imsi == _WANTED.c.key)
    .order_by(Subscriber.imsi)
    # NO KEY UPDATE is what an UPDATE takes as well
    .with_for_update(of=Subscriber, key_share=True)
    .cte("locked")
)
_FOLLOWING = case((Subscriber.seq < _LOCKED.c.floor, _LOCKED.c.floor), else_=Subscriber.seq) + _LOCKED.c.count
_SEQ_LIMIT = cast(literal_column("1"), BigInteger).bitwise_lshift(SQN_BITS - AlgorithmProfile.ind_bits)
_ADVANCE = Prepared(
    update(Subscriber)
    .where(
        Subscriber.imsi == _LOCKED.c.locked_imsi,
        Subscriber.state == SubscriberState.ENABLED,
        AlgorithmProfile.name == Subscriber.profile,
        AlgorithmProfile.scheme == Scheme.COUNTER,
        _FOLLOWING < _SEQ_LIMIT,
        _FOLLOWING - _LOCKED.c.within_delta_of <= AlgorithmProfile.delta,
    )
    .values(seq=_FOLLOWING)
    .returning(*KEYS, Subscriber.seq, SERVING, SUBSCRIBED, Subscriber.revision, GENERATION)
)
_STATES = (
    select(Subscriber.imsi, Subscriber.state, Subscriber.seq, Subscriber.profile, AlgorithmProfile.scheme)
    .select_from(_WANTED)
    .join(Subscriber, Subscriber.imsi == _WANTED.c.key)
    .join(AlgorithmProfile, AlgorithmProfile.name == Subscriber.profile)
)


def allocate(connection: Connection, requests: Sequence[Allocation]) -> list[Answer]:
    """An answer for each request, in order; a refusal is a value here, because it spoils no other request.

    Those for one subscriber share one run, the first the lowest, which begins above what any USIM of them has seen.
    """
    wanted: dict[str, tuple[int, int, int]] = {}
    for request in requests:
        count, floor, within = wanted.get(request.imsi, _NOTHING)
        if request.seq_ms is not None:
            floor, within = max(floor, request.seq_ms), min(within, request.seq_ms)
        wanted[request.imsi] = (count + request.count, floor, within)
    found: dict[str, Answer] = {row[0]: Allocated(*row) for row in _ADVANCE.rows(connection, wanted)}
    if len(found) < len(wanted):
        found |= _refusals(connection, {imsi: () for imsi in wanted if imsi not in found})
    if len(wanted) == len(requests):
        return [found[imsi] for imsi in wanted]
    return _shared_out(requests, found, {imsi: count for imsi, (count, _, _) in wanted.items()})


def _refusals(connection: Connection, imsis: dict[str, tuple[()]]) -> dict[str, Answer]:
    found: dict[str, Answer] = {imsi: unknown(imsi) for imsi in imsis}
    for imsi, state, seq, profile, scheme in connection.execute(_STATES, {ROWS: imsis}):
        if state is not SubscriberState.ENABLED:
            found[imsi] = barred(imsi)
        else:
            found[imsi] = no_way_on(imsi, seq) if scheme is Scheme.COUNTER else NotCounted(profile)
    return found


def _shared_out(requests: Sequence[Allocation], found: dict[str, Answer], left: dict[str, int]) -> list[Answer]:
    """Each subscriber's run divided among the requests for it."""
    answers: list[Answer] = []
    for request in requests:
        answer = found[request.imsi]
        left[request.imsi] -= request.count
        if isinstance(answer, Allocated) and left[request.imsi]:
            answer = replace(answer, last_seq=answer.last_seq - left[request.imsi])
        answers.append(answer)
    return answers
