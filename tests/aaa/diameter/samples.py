"""DERs and answers of the service for the tests of this folder."""

from ipaddress import IPv6Address
from typing import Any

from aaa.messages import Accept, Challenge
from hss.api import Ambr, ApnProfile, PdnType, Profile
from tests.captures import load_run
from wire.diameter.applications import Application
from wire.diameter.command import Identity
from wire.diameter.commands import COMMANDS
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.eap_applications import REQUESTS
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import SessionTerminationRequest
from wire.eap.packet import success
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

AAA = Identity("aaa.example", "example")
PGW = Identity("pgw.example", "example")
IMSI = Imsi("234150000000002")
SESSION = "pgw.example;1;1"
RUN = load_run("aka_full_resultind_then_reauth").exchanges[0]
EAP_RESPONSE, EAP_REQUEST = RUN.responses[0], RUN.requests[0]
MSK = Secret(RUN.rounds[0].values["msk"])
STATE = bytes(range(16))
NAI = f"0{IMSI}@nai.epc.mnc015.mcc234.3gppnetwork.org"
APN = ApnProfile(7, "internet", PdnType.IPV6, home_address=IPv6Address("2001:db8::7"), ambr=Ambr(1_000_000, 2_000_000))
IMS = ApnProfile(8, "ims", PdnType.IPV4V6, pdn_gw=IPv6Address("2001:db8::1"))
CHALLENGE = Challenge(EAP_REQUEST, STATE, 30)
ACCEPT = Accept(
    eap=success(9),
    msk=MSK,
    session_id=b"\x17" + bytes(32),
    method=EapMethod.AKA,
    imsi=IMSI,
    user_name=NAI,
    profile=Profile(IMSI, (APN, IMS), 7, session_timeout=7200, ambr=Ambr(3_000_000, 4_000_000)),
    apn=APN,
    mip6_features=1,
)


def numbered(message: Message, number: int = 5) -> Message:
    """As it arrives: with identifiers, through the octets."""
    return Message.parse(message.numbered(hop_by_hop=number, end_to_end=number).build())


def der(
    eap: bytes = EAP_RESPONSE,
    *,
    session: str = SESSION,
    states: tuple[bytes, ...] = (),
    kind: AuthRequestType = AuthRequestType.AUTHORIZE_AUTHENTICATE,
    anid: str | None = None,
    realm: str = AAA.origin_realm,
) -> Message:
    """A DER of application 5, for a server of `realm`."""
    request = DiameterEapRequest(
        session_id=session,
        origin_host=PGW.origin_host,
        origin_realm=PGW.origin_realm,
        destination_realm=realm,
        auth_request_type=kind,
        anid=anid,
        user_name=NAI,
        eap_payload=eap,
        states=states,
    )
    return numbered(request.message())


def s6b_der(eap: bytes = EAP_RESPONSE, *, states: tuple[bytes, ...] = (), apn: str | None = "internet") -> Message:
    """A DER of S6b, as a PDN GW sends it."""
    request = S6bEapRequest(
        session_id=SESSION,
        origin_host=PGW.origin_host,
        origin_realm=PGW.origin_realm,
        destination_realm=AAA.origin_realm,
        user_name=NAI,
        eap_payload=eap,
        states=states,
        service_selection=apn,
        mip6_feature_vector=0x0000020000000001,
    )
    return numbered(request.message())


def der_of(application: Application, eap: bytes = EAP_RESPONSE, **fields: Any) -> Message:  # noqa: ANN401
    """A DER of any application, with more fields of its own."""
    request = REQUESTS[application](
        session_id=SESSION,
        origin_host=PGW.origin_host,
        origin_realm=PGW.origin_realm,
        destination_realm=AAA.origin_realm,
        user_name=NAI,
        eap_payload=eap,
        **fields,
    )
    return numbered(request.message())


def str_(session: str = SESSION) -> Message:
    """A STR of S6b."""
    request = SessionTerminationRequest(
        session_id=session,
        origin_host=PGW.origin_host,
        origin_realm=PGW.origin_realm,
        destination_realm=AAA.origin_realm,
        user_name=NAI,
        termination_cause=1,
    )
    return numbered(request.message())


def conforming(message: Message) -> Message:
    """`message` through its octets, held against the grammar of its command."""
    arrived = Message.parse(message.build())
    command = COMMANDS[arrived.application, arrived.command]
    check(command.answer, arrived.avps, groups=GROUPS)
    return arrived


def dea(message: Message) -> DiameterEapAnswer:
    """The DEA in `message`."""
    return DiameterEapAnswer.parse(Message.parse(message.build()))


def s6b_dea(message: Message) -> S6bEapAnswer:
    """The DEA of S6b in `message`."""
    return S6bEapAnswer.parse(Message.parse(message.build()))
