"""What the gateway asks over RADIUS and what it makes of the answer (RFC 3579 §2, RFC 2548 §2.4)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayRequest
from wire.errors import DecodeError
from wire.radius.dictionary import key_of
from wire.radius.eap import join_eap
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket

EAP_SUCCESS = 3
NAS_PORT_TYPE_VIRTUAL = 5
SERVICE_TYPE_FRAMED = 2
_REPEATED = (key_of("Class"), key_of("Chargeable-User-Identity"))


@dataclass(frozen=True, slots=True)
class Nas:
    """Who asks: NAS-Identifier, and NAS-IP-Address or NAS-IPv6-Address, unless `address` is all that there are."""

    identifier: str
    address: IPv4Address | IPv6Address


def nas_attributes(nas: Nas) -> list[tuple[str, str | int | bytes | None]]:
    """By which a server knows who asks."""
    family = "NAS-IP-Address" if isinstance(nas.address, IPv4Address) else "NAS-IPv6-Address"
    return [
        (family, None if nas.address.is_unspecified else str(nas.address)),
        ("NAS-Identifier", nas.identifier),
        ("NAS-Port-Type", NAS_PORT_TYPE_VIRTUAL),
    ]


def to_attributes(request: RelayRequest, nas: Nas) -> tuple[Attribute, ...]:
    """The attributes of the Access-Request beside EAP-Message; EncodeError when the UE's names are too long.

    The APN is said twice: as Service-Selection (RFC 6572 §4.3), and as Called-Station-Id as TS 29.061 §16.4.2 has it.
    """
    named: list[tuple[str, str | int | bytes | None]] = [
        ("User-Name", request.identity),
        *nas_attributes(nas),
        ("Service-Type", SERVICE_TYPE_FRAMED),
        ("Acct-Session-Id", request.session),
        ("Called-Station-Id", request.apn),
        ("Service-Selection", request.apn),
        ("Calling-Station-Id", None if request.care_of is None else str(request.care_of)),
        # RFC 4372 §2.1: one NUL asks for a name by which the user is known again under another pseudonym
        ("Chargeable-User-Identity", b"\0"),
        ("State", request.state),
    ]
    return tuple(Attribute.of(name, value) for name, value in named if value is not None)


def chargeable_of(packet: RadiusPacket) -> str | None:
    """Chargeable-User-Identity as text that means nothing and is no User-Name; octets of any kind (RFC 4372 §2.2)."""
    cui = packet.octets("Chargeable-User-Identity")
    return f"cui:{cui.hex()}" if cui else None


def repeated_by(accept: RadiusPacket) -> tuple[Attribute, ...]:
    """What accounting says again: Class (RFC 2865 §5.25) and Chargeable-User-Identity (RFC 4372 §2.1)."""
    return tuple(Attribute(key, value) for key, value in accept.attributes if key in _REPEATED)


def to_answer(packet: RadiusPacket, *, secret: bytes, request_authenticator: bytes) -> RelayAnswer:
    """What a verified Access-Challenge, -Accept or -Reject says; a contradiction in it is a RelayReject."""
    try:
        match packet.code:
            case Code.ACCESS_CHALLENGE:
                return _challenged(packet)
            case Code.ACCESS_ACCEPT:
                return _accepted(packet, secret, request_authenticator)
            case _:
                reason = packet.text("Reply-Message")
                return RelayReject(join_eap(packet) or b"", "Access-Reject" + (f": {reason}" if reason else ""))
    except DecodeError as error:
        return RelayReject(b"", f"the answer of the AAA server is malformed: {error.reason}")


def _challenged(packet: RadiusPacket) -> RelayAnswer:
    eap = join_eap(packet)
    if not eap:
        return RelayReject(b"", "Access-Challenge without EAP-Message")
    return RelayChallenge(eap, packet.octets("State"))


def _accepted(packet: RadiusPacket, secret: bytes, request_authenticator: bytes) -> RelayAnswer:
    eap = join_eap(packet) or b""
    if eap[:1] != bytes([EAP_SUCCESS]):
        # RFC 3579 §2.6.3: Access-Accept and EAP must say the same.
        return RelayReject(b"", "Access-Accept without EAP-Success")
    msk = msk_of(packet, secret=secret, request_authenticator=request_authenticator)
    if msk is None:
        return RelayReject(b"", "Access-Accept without MS-MPPE keys")
    address = packet.text("Framed-IPv6-Address")
    return RelayAccept(
        eap=eap,
        msk=msk,
        user_name=packet.text("User-Name"),
        home_address=None if address is None else IPv6Address(address),
        session_timeout=packet.integer("Session-Timeout"),
        chargeable=chargeable_of(packet),
    )
