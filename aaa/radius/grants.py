"""An accepted authentication as the ledger keeps it, under the Class that accounting will repeat (RFC 2865 §5.25)."""

from datetime import datetime

from aaa.messages import Accept
from aaa.radius.front import Serve
from aaa.radius.nas import first_text, nas_name
from aaa.radius.translate import class_of
from hss.session_api import Grant


def to_grant(serving: Serve, accept: Accept, moment: datetime) -> Grant | None:
    """The grant; None when the answer carries no Class."""
    radius_class = class_of(accept)
    if not radius_class:
        return None
    packet, apn = serving.packet, accept.apn
    return Grant(
        radius_class,
        accept.imsi,
        accept.user_name,
        accept.method.name,
        serving.client.name,
        nas_name(packet, serving.key.source[0]),
        moment,
        None if apn is None else apn.name,
        first_text(packet, "Calling-Station-Id"),
        accept.profile.session_timeout,
    )
