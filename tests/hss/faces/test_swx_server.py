"""MAR and SAR on the wire become what the HSS is asked, and its answers become MAA and SAA."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from structlog.testing import capture_logs

from hss.api import (
    Ambr,
    ApnProfile,
    Assignment,
    AssignmentRequest,
    PdnType,
    Profile,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.faces.swx_server import RESULTS, SwxServer
from wire.aka.vector import AuthVector
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.command import Answer, Identity
from wire.diameter.commands import COMMANDS, ERROR_ANSWER
from wire.diameter.enumerations import ServerAssignmentType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import FLAG_PROXIABLE, FLAG_REQUEST, Message
from wire.diameter.profile import Mip6AgentInfo, MipHomeAgentHost
from wire.diameter.results import ExperimentalResultCode, ResultCode, is_protocol_error
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    SipAuthDataItem,
    SwxCommand,
)
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

IMSI = "001010000000001"
HSS = Identity("hss.example", "example")
VECTOR = AuthVector(bytes(16), bytes([1]) * 16, Secret(b"xresxres"), Secret(b"c" * 16), Secret(b"i" * 16))
PROFILE = Profile(
    imsi=Imsi(IMSI),
    apns=(
        ApnProfile(
            1, "internet", PdnType.IPV4V6, IPv6Address("2001:db8::5"), IPv4Address("10.0.0.5"), Ambr(1_000, 2_000)
        ),
        ApnProfile(2, "*"),
    ),
    default_context_id=1,
    session_timeout=3600,
    msisdn="4917012345",
)
MAR = MultimediaAuthRequest(
    session_id="aaa;1;2",
    origin_host="aaa.example",
    origin_realm="example",
    destination_realm="example",
    user_name=IMSI,
    auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
    number_auth_items=2,
)
SAR = ServerAssignmentRequest(
    session_id="aaa;1;3",
    origin_host="aaa.example",
    origin_realm="example",
    destination_realm="example",
    user_name=IMSI,
    server_assignment_type=ServerAssignmentType.REGISTRATION,
)
VECTORS = VectorRequest(Imsi(IMSI), "aaa.example", EapMethod.AKA, 2)
ASSIGNMENT = AssignmentRequest(Imsi(IMSI), "aaa.example", Assignment.REGISTRATION)
USER = replace(ASSIGNMENT, assignment=Assignment.USER_DATA_REQUEST)


class Hss:
    """Notes what it is asked, and answers or refuses."""

    def __init__(self, refusal: ServiceRefused | None = None, profile: Profile | None = PROFILE) -> None:
        self.asked: list[VectorRequest | AssignmentRequest] = []
        self._refusal = refusal
        self._profile = profile

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        self._note(request)
        return (VECTOR,) * request.count

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        self._note(request)
        return self._profile

    def _note(self, request: VectorRequest | AssignmentRequest) -> None:
        self.asked.append(request)
        if self._refusal is not None:
            raise self._refusal


async def ask(hss: Hss, message: Message) -> Message:
    """The answer, after a trip over the wire and past the grammar of its command."""
    request = Message.parse(message.numbered(hop_by_hop=7, end_to_end=9).build())
    answer = Message.parse((await SwxServer(hss, HSS).serve("aaa", request)).build())
    assert (answer.command, answer.application) == (request.command, Application.SWX)
    assert (answer.hop_by_hop, answer.end_to_end) == (7, 9)
    error = answer.result_code is not None and is_protocol_error(answer.result_code)
    assert answer.flags == FLAG_PROXIABLE | (0x20 if error else 0)
    rules = ERROR_ANSWER if error else COMMANDS[Application.SWX, answer.command].answer
    check(rules, answer.avps, groups=GROUPS)
    return answer


async def mar(hss: Hss, request: MultimediaAuthRequest = MAR) -> MultimediaAuthAnswer:
    return MultimediaAuthAnswer.parse(await ask(hss, request.message()))


async def sar(hss: Hss, request: ServerAssignmentRequest = SAR) -> ServerAssignmentAnswer:
    return ServerAssignmentAnswer.parse(await ask(hss, request.message()))


def scheme(name: str | None, authorization: Secret | None = None) -> MultimediaAuthRequest:
    return replace(MAR, auth_data_item=SipAuthDataItem(authentication_scheme=name, authorization=authorization))


def result(answer: Answer) -> int | None:
    return answer.experimental_result.code if answer.experimental_result else answer.result_code


async def test_server_gives_vectors_in_order() -> None:
    hss = Hss()
    answer = await mar(hss)
    assert hss.asked == [VECTORS]
    assert (answer.session_id, answer.user_name, answer.result_code) == ("aaa;1;2", IMSI, 2001)
    assert (answer.origin_host, answer.origin_realm, answer.number_auth_items) == ("hss.example", "example", 2)
    assert [item.item_number for item in answer.auth_data_items] == [1, 2]
    first = answer.auth_data_items[0]
    assert first == SipAuthDataItem(
        item_number=1,
        authentication_scheme="EAP-AKA",
        authenticate=VECTOR.rand + VECTOR.autn,
        authorization=VECTOR.xres,
        confidentiality_key=VECTOR.ck,
        integrity_key=VECTOR.ik,
    )
    assert VECTOR.ck.decode() not in repr(answer)


async def test_server_passes_the_network_name_on() -> None:
    hss = Hss()
    await mar(hss, replace(scheme("EAP-AKA'"), anid="WLAN"))
    assert hss.asked == [replace(VECTORS, method=EapMethod.AKA_PRIME, network_name="WLAN")]


async def test_server_passes_a_resynchronisation_on() -> None:
    hss = Hss()
    await mar(hss, scheme("EAP-AKA", authorization=Secret(b"r" * 16 + b"a" * 14)))
    assert hss.asked == [replace(VECTORS, resynchronisation=Resynchronisation(b"r" * 16, b"a" * 14))]


@pytest.mark.parametrize("name", [IMSI, f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org", f"6{IMSI}"])
async def test_server_knows_a_permanent_identity(name: str) -> None:
    hss = Hss()
    answer = await mar(hss, replace(MAR, user_name=name))
    assert hss.asked == [VECTORS]
    assert answer.user_name == name


@pytest.mark.parametrize("name", ["", "alice", "2pseudonym@example", "9" * 16])
async def test_server_refuses_a_name_that_is_no_imsi(name: str) -> None:
    hss = Hss()
    assert result(await mar(hss, replace(MAR, user_name=name))) == ExperimentalResultCode.USER_UNKNOWN
    assert result(await sar(hss, replace(SAR, user_name=name))) == ExperimentalResultCode.USER_UNKNOWN
    assert hss.asked == []


@pytest.mark.parametrize("name", ["EAP-SIM", "Digest-AKAv1-MD5", "eap-aka"])
async def test_server_judges_the_user_before_the_scheme(name: str) -> None:
    hss = Hss()
    assert result(await mar(hss, scheme(name))) == ExperimentalResultCode.AUTH_SCHEME_NOT_SUPPORTED
    assert hss.asked == [USER]
    unknown = Hss(ServiceRefused(Refusal.USER_UNKNOWN))
    assert result(await mar(unknown, scheme(name))) == ExperimentalResultCode.USER_UNKNOWN


@pytest.mark.parametrize(
    ("request_", "fault", "failed"),
    [
        (scheme(None), ResultCode.MISSING_AVP, (608, 0)),
        (scheme("EAP-AKA'"), ResultCode.MISSING_AVP, (1504, 0)),
        (scheme("EAP-AKA", authorization=Secret(bytes(29))), ResultCode.INVALID_AVP_VALUE, (610, 29)),
    ],
)
async def test_server_names_the_avp_that_is_wrong(
    request_: MultimediaAuthRequest, fault: ResultCode, failed: tuple[int, int]
) -> None:
    with pytest.raises(AvpFault) as caught:
        await mar(Hss(), request_)
    assert (caught.value.result, [(one.code, len(one.data)) for one in caught.value.failed]) == (fault, [failed])


@pytest.mark.parametrize("refusal", list(Refusal))
async def test_every_refusal_has_its_own_result(refusal: Refusal) -> None:
    for answer in (
        await mar(Hss(ServiceRefused(refusal, "why", "aaa1.example"))),
        await sar(Hss(ServiceRefused(refusal, "why", "aaa1.example"))),
    ):
        assert result(answer) == RESULTS[refusal]
        assert (answer.experimental_result is None) == isinstance(RESULTS[refusal], ResultCode)
        assert answer.error_message == f"{refusal.value}: why"
    assert len(set(RESULTS.values())) == len(Refusal) == len(RESULTS)


async def test_server_names_the_server_that_serves() -> None:
    answer = await sar(Hss(ServiceRefused(Refusal.REGISTERED_ELSEWHERE, "", "aaa1.example")))
    assert answer.aaa_server_name == "aaa1.example"
    assert answer.non_3gpp_user_data is None


async def test_server_logs_a_refusal_once_with_its_cause() -> None:
    with capture_logs() as lines:
        await mar(Hss(ServiceRefused(Refusal.SUBSCRIBER_BARRED, "by us")))
        await sar(Hss(ServiceRefused(Refusal.USER_UNKNOWN)))
    assert [(line["event"], line["cause"], line["imsi"], line["peer"]) for line in lines] == [
        ("vectors refused", "subscriber barred: by us", IMSI, "aaa"),
        ("assignment refused", "user unknown", IMSI, "aaa"),
    ]


async def test_server_gives_the_profile() -> None:
    hss = Hss()
    data = (await sar(hss)).non_3gpp_user_data
    assert hss.asked == [ASSIGNMENT]
    assert data is not None
    assert (data.context_identifier, data.session_timeout, data.subscription_ids[0].data) == (1, 3600, "4917012345")
    assert (data.non_3gpp_ip_access, data.non_3gpp_ip_access_apn) == (0, 0)
    first, second = data.apn_configurations
    assert (first.context_identifier, first.service_selection, first.pdn_type) == (1, "internet", 2)
    assert first.served_party_ip_addresses == (IPv6Address("2001:db8::5"), IPv4Address("10.0.0.5"))
    assert first.ambr is not None
    assert (first.ambr.uplink, first.ambr.downlink) == (1_000, 2_000)
    assert (second.service_selection, second.pdn_type, second.ambr) == ("*", 1, None)


async def test_profile_without_a_default_names_its_first_apn() -> None:
    profile = replace(PROFILE, default_context_id=None, msisdn=None, session_timeout=None)
    data = (await sar(Hss(profile=profile))).non_3gpp_user_data
    assert data is not None
    assert (data.context_identifier, data.subscription_ids, data.session_timeout) == (1, (), None)


@pytest.mark.parametrize("assignment", list(Assignment))
async def test_server_knows_every_assignment(assignment: Assignment) -> None:
    hss = Hss(profile=None)
    answer = await sar(hss, replace(SAR, server_assignment_type=ServerAssignmentType(assignment.value)))
    assert hss.asked == [replace(ASSIGNMENT, assignment=assignment)]
    assert (answer.result_code, answer.non_3gpp_user_data) == (2001, None)


@pytest.mark.parametrize("kind", [t for t in ServerAssignmentType if t not in {a.value for a in Assignment}])
async def test_server_refuses_an_assignment_of_another_interface(kind: ServerAssignmentType) -> None:
    hss = Hss()
    answer = await sar(hss, replace(SAR, server_assignment_type=kind))
    assert result(answer) == ExperimentalResultCode.IN_ASSIGNMENT_TYPE
    assert hss.asked == [USER]


async def test_server_passes_the_pdn_gateway_on() -> None:
    hss = Hss(profile=None)
    request = replace(SAR, server_assignment_type=ServerAssignmentType.PGW_UPDATE, service_selection="internet")
    addresses = (IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))
    await sar(hss, replace(request, mip6_agent_info=Mip6AgentInfo(home_agent_addresses=addresses)))
    await sar(hss, request)
    update = replace(ASSIGNMENT, assignment=Assignment.PGW_UPDATE, apn="internet")
    assert hss.asked == [replace(update, pdn_gw=IPv6Address("2001:db8::1")), update]


async def test_server_keeps_no_gateway_by_name() -> None:
    hss = Hss(profile=None)
    host = MipHomeAgentHost(destination_realm="example", destination_host="pgw.example")
    answer = await sar(hss, replace(SAR, mip6_agent_info=Mip6AgentInfo(home_agent_host=host)))
    assert answer.result_code == ResultCode.UNABLE_TO_COMPLY
    assert hss.asked == []


async def test_server_refuses_what_only_the_hss_asks() -> None:
    request = Message(SwxCommand.PUSH_PROFILE, Application.SWX, FLAG_REQUEST, 1, 1, ())
    with pytest.raises(AvpFault) as caught:
        await SwxServer(Hss(), HSS).serve("aaa", request)
    assert caught.value.result is ResultCode.COMMAND_UNSUPPORTED


@pytest.mark.parametrize("parse", [MultimediaAuthRequest.parse, ServerAssignmentRequest.parse])
async def test_server_refuses_a_request_that_is_none(parse: Callable[[Message], object]) -> None:
    command = SwxCommand.MULTIMEDIA_AUTH if parse == MultimediaAuthRequest.parse else SwxCommand.SERVER_ASSIGNMENT
    with pytest.raises(AvpFault) as caught:
        await SwxServer(Hss(), HSS).serve("aaa", Message(command, Application.SWX, FLAG_REQUEST, 1, 1, ()))
    assert caught.value.result is ResultCode.MISSING_AVP
