"""SEQ given out: one UPDATE … RETURNING for all that wait, so that no two vectors share an SQN (TS 33.102 Annex C.1).

The same statement brings the sealed keys, so a vector costs one trip to the store. Time-based profiles are not counted
here (hss.time_based).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, case, select, update

from hss.algorithms import AlgorithmSettings
from hss.api import Refusal, ServiceRefused
from hss.custody import SealedKeys
from hss.models import Scheme, Subscriber, SubscriberState
from hss.rows import KEYS, SERVING, barred, sealed, unknown
from hss.sqn import seq_max


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
    serving_aaa: str | None = None


@dataclass(frozen=True, slots=True)
class NotCounted:
    """This subscriber's profile is another than was thought: `profile`."""

    profile: str


Answer = Allocated | NotCounted | ServiceRefused

_COUNT = bindparam("count", type_=Subscriber.seq.type)
_SEQ_MS = bindparam("seq_ms", type_=Subscriber.seq.type)
_IMSIS: BindParameter[list[str]] = bindparam("imsis", expanding=True)
_FURTHER = case((Subscriber.seq < _SEQ_MS, _SEQ_MS), else_=Subscriber.seq)
_STANDING = select(Subscriber.imsi, Subscriber.state, Subscriber.seq, Subscriber.profile).where(
    Subscriber.imsi.in_(_IMSIS)
)
# NO KEY UPDATE is what an UPDATE takes as well; in one order, so that no two processes wait for each other
_LOCK = _STANDING.order_by(Subscriber.imsi).with_for_update(key_share=True)


class Allocator:
    """Counts for subscribers of the profiles in `settings` that have a counter."""

    def __init__(self, settings: Mapping[str, AlgorithmSettings]) -> None:
        counted = {name: one for name, one in settings.items() if one.scheme is Scheme.COUNTER}
        self._counted = frozenset(counted)
        last = case({name: seq_max(one.ind_bits) for name, one in counted.items()}, value=Subscriber.profile, else_=-1)
        delta = case({name: one.delta for name, one in counted.items()}, value=Subscriber.profile, else_=0)
        known = (Subscriber.imsi.in_(_IMSIS), Subscriber.state == SubscriberState.ENABLED)
        returned = (Subscriber.seq, SERVING, *KEYS)
        self._advance = (
            update(Subscriber)
            .where(*known, Subscriber.seq <= last - _COUNT)
            .values(seq=Subscriber.seq + _COUNT)
            .returning(*returned)
        )
        self._resynchronise = (
            update(Subscriber)
            .where(*known, last - _COUNT >= _FURTHER, delta >= _FURTHER + _COUNT - _SEQ_MS)
            .values(seq=_FURTHER + _COUNT)
            .returning(*returned)
        )

    def allocate(self, connection: Connection, requests: Sequence[Allocation]) -> list[Answer]:
        """An answer for each request, in order; a refusal is a value here, because it spoils no other request."""
        if len(requests) > 1 and connection.dialect.name == "postgresql":
            connection.execute(_LOCK, {"imsis": list({request.imsi for request in requests})})
        answers: list[Answer | None] = [None] * len(requests)
        together: dict[str, list[int]] = defaultdict(list)
        for place, request in enumerate(requests):
            if request.seq_ms is None:
                together[request.imsi].append(place)
            else:
                answers[place] = self._one_resynchronised(connection, request, request.seq_ms)
        by_count: dict[int, list[str]] = defaultdict(list)
        for imsi, places in together.items():
            by_count[sum(requests[place].count for place in places)].append(imsi)
        for count, imsis in by_count.items():
            found = self._rows(connection, count, imsis)
            for imsi in imsis:
                for place, answer in _shared_out(found[imsi], [(p, requests[p].count) for p in together[imsi]]):
                    answers[place] = answer
        return [answer for answer in answers if answer is not None]

    def _rows(self, connection: Connection, count: int, imsis: list[str]) -> dict[str, Answer]:
        rows = connection.execute(self._advance, {"imsis": imsis, "count": count})
        found: dict[str, Answer] = {row[2]: _allocated(row) for row in rows}
        missing = [imsi for imsi in imsis if imsi not in found]
        return found | (self._why(connection, missing) if missing else {})

    def _one_resynchronised(self, connection: Connection, request: Allocation, seq_ms: int) -> Answer:
        parameters = {"imsis": [request.imsi], "count": request.count, "seq_ms": seq_ms}
        row = connection.execute(self._resynchronise, parameters).first()
        return _allocated(row) if row is not None else self._why(connection, [request.imsi])[request.imsi]

    def _why(self, connection: Connection, imsis: list[str]) -> dict[str, Answer]:
        rows = {row.imsi: row for row in connection.execute(_STANDING, {"imsis": imsis})}
        return {imsi: self._cause(imsi, rows.get(imsi)) for imsi in imsis}

    def _cause(self, imsi: str, row: Row[str, SubscriberState, int, str] | None) -> Answer:
        if row is None:
            return unknown(imsi)
        if row.state is not SubscriberState.ENABLED:
            return barred(imsi)
        if row.profile not in self._counted:
            return NotCounted(row.profile)
        cause = f"SEQ of {imsi} stands at {row.seq}: it cannot go on from there, nor back to what the USIM accepts"
        return ServiceRefused(Refusal.UNAVAILABLE, f"{cause}; give the subscriber a new K")


def _allocated(row: Sequence[Any]) -> Allocated:
    last_seq, serving, *keys = row
    return Allocated(last_seq, sealed(keys), serving)


def _shared_out(answer: Answer, wanted: Iterable[tuple[int, int]]) -> Iterable[tuple[int, Answer]]:
    """One subscriber's run of SEQs divided among the requests for it, the first request the lowest."""
    if not isinstance(answer, Allocated):
        return [(place, answer) for place, _ in wanted]
    last = answer.last_seq - sum(count for _, count in wanted)
    shares = []
    for place, count in wanted:
        last += count
        shares.append((place, Allocated(last, answer.keys, answer.serving_aaa)))
    return shares
