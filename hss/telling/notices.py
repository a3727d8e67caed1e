"""What a serving AAA server is to be told, written in the transaction of the change itself (TS 29.273 §8.1.2.3)."""

from sqlalchemy import Connection, insert, update

from hss.models import Notice, NoticeKind, Registration
from hss.registrations import serving_aaa

PERMANENT_TERMINATION, NEW_SERVER_ASSIGNED = 0, 1
"""Reason-Code (TS 29.229 §6.3.17)."""


def tell_deregistered(connection: Connection, imsi: str, info: str, reason: int = PERMANENT_TERMINATION) -> None:
    """Have an RTR sent to whoever serves `imsi` now; nothing when nobody does. Before the registration is forgotten."""
    _tell(connection, imsi, {"kind": NoticeKind.DEREGISTER, "reason": reason, "reason_info": info})


def tell_profile_changed(connection: Connection, imsi: str) -> None:
    """Have a PPR sent to whoever serves `imsi`, with the profile as it is when it is sent; nothing when nobody does."""
    _tell(connection, imsi, {"kind": NoticeKind.UPDATE_PROFILE})


def take_over(connection: Connection, imsi: str, node: str) -> None:
    """Have `node` serve `imsi` instead of an AAA server that has failed, and that one told when it is back."""
    if serving_aaa(connection, imsi) in {None, node.lower()}:
        return
    tell_deregistered(connection, imsi, "another AAA server serves the user", NEW_SERVER_ASSIGNED)
    connection.execute(update(Registration).where(Registration.imsi == imsi).values(aaa_name=node.lower()))


def _tell(connection: Connection, imsi: str, what: dict[str, object]) -> None:
    aaa = serving_aaa(connection, imsi)
    if aaa is not None:
        connection.execute(insert(Notice).values(imsi=imsi, aaa_name=aaa, **what))
