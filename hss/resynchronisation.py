"""What a genuine AUTS changes for a subscriber whose SEQ comes from the clock (TS 33.102 §6.3.5, Annex C.1.1.3)."""

from sqlalchemy import Connection, case, update

from hss.models import Subscriber


def move_offset(connection: Connection, imsi: str, time_offset: int) -> None:
    """Let the offset of `imsi` be at least `time_offset`; it never goes back."""
    further = case((Subscriber.time_offset < time_offset, time_offset), else_=Subscriber.time_offset)
    connection.execute(update(Subscriber).where(Subscriber.imsi == imsi).values(time_offset=further))
