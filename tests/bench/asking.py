"""MAR and AIR as octets that are made once and then only numbered: a request must cost less to make than to serve."""

from collections.abc import Callable
from typing import Literal

from tests.bench.cards import imsi_of
from tests.bench.verifying import PLMN
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationRequest, RequestedAuthenticationInfo
from wire.diameter.swx import MultimediaAuthRequest, SipAuthDataItem

Kind = Literal["mar", "air"]
REALM = "example"

_IMSI = "999999999999999"
_COUNT = "8888888888"


def template(kind: Kind, host: str, tag: str) -> Callable[[int, int], bytes]:
    """What makes request `number` (it is in both identifiers) for subscriber `user`; `tag` tells runs apart."""
    session_id = f"{host};{tag};{_COUNT};{_IMSI}"
    octets = _message(kind, host, session_id).build()
    head, rest = octets[:12], octets[20:]
    before, after = rest.split(f"{_COUNT};{_IMSI}".encode())
    between, end = after.split(_IMSI.encode())

    def make(number: int, user: int) -> bytes:
        imsi = imsi_of(user).encode()
        identifier = number.to_bytes(4, "big")
        return b"".join((head, identifier, identifier, before, b"%010d;" % number, imsi, between, imsi, end))

    return make


def _message(kind: Kind, host: str, session_id: str) -> Message:
    if kind == "mar":
        return MultimediaAuthRequest(
            session_id=session_id,
            origin_host=host,
            origin_realm=REALM,
            destination_realm=REALM,
            user_name=_IMSI,
            rat_type=0,
            auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
            number_auth_items=1,
        ).message()
    return AuthenticationInformationRequest(
        session_id=session_id,
        origin_host=host,
        origin_realm=REALM,
        destination_realm=REALM,
        user_name=_IMSI,
        requested_eutran=RequestedAuthenticationInfo(number_of_requested_vectors=1),
        visited_plmn_id=PLMN,
    ).message()
