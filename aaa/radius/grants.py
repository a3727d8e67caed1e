"""An accepted authentication as the ledger keeps it, under the Class that accounting will repeat (RFC 2865 §5.25)."""

from datetime import datetime

from aaa.messages import Accept
from aaa.radius.front import Serve
from aaa.radius.nas import first_text, nas_name
from hss.session_api import Grant
from wire.radius.dictionary import VALUE_LIMIT


def to_grant(serving: Serve, accept: Accept, moment: datetime) -> Grant | None:
    """The grant; None when the answer carries no Class."""
    if not 0 < len(accept.session_id) <= VALUE_LIMIT:
        return None
    return Grant(
        radius_class=accept.session_id,
        imsi=accept.imsi,
        user_name=accept.user_name,
        method=accept.method.name,
        client=serving.client.name,
        nas=nas_name(serving.packet, serving.key.source[0]),
        at=moment,
        apn=None if accept.apn is None else accept.apn.name,
        calling_station=first_text(serving.packet, "Calling-Station-Id"),
        session_timeout=accept.profile.session_timeout,
    )
