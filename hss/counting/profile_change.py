"""What changes with a subscriber's algorithm profile, so that no SQN comes twice (TS 33.102 Annex C)."""

from sqlalchemy import Connection, select

from hss.algorithms import AlgorithmSettings
from hss.counting.sqn import moved
from hss.models import AlgorithmProfile, Subscriber


def columns_of_change(connection: Connection, imsi: str, new: AlgorithmSettings) -> dict[str, object] | None:
    """What the row of `imsi` gets with the profile `new`: profile, seq, time_offset; None for an unknown subscriber.

    Write them in this same transaction, and count revision up: the row stays locked until it ends. Whatever was
    given out, reserved or is being given out under the old profile is at most the old seq, and whatever the new one
    gives is above the new seq.
    SequenceExhausted when the new profile leaves no SEQ.
    """
    row = connection.execute(
        select(Subscriber.seq, Subscriber.time_offset, Subscriber.profile, AlgorithmProfile.ind_bits)
        .join(AlgorithmProfile, AlgorithmProfile.name == Subscriber.profile)
        .where(Subscriber.imsi == imsi)
        .with_for_update(of=Subscriber, key_share=True)
    ).first()
    if row is None:
        return None
    if row.profile == new.name:
        return {"profile": new.name, "seq": row.seq, "time_offset": row.time_offset}
    seq = row.seq if row.ind_bits == new.ind_bits else moved(row.seq, row.ind_bits, new.ind_bits)
    # without an offset a time-based profile opens its first window above seq
    return {"profile": new.name, "seq": seq, "time_offset": 0}
