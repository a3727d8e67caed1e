"""AIR on the wire becomes what the HSS is asked, and its answers become AIA."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from hss.api import AuthenticationCentre, Refusal, Resynchronisation, ServiceRefused, VectorRequest
from hss.faces.s6a_server import RESULTS, S6aServer
from hss.service import HssService
from wire.aka.vector import AuthVector, EpsVector
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.commands import COMMANDS, ERROR_ANSWER
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import FLAG_PROXIABLE, FLAG_REQUEST, Message
from wire.diameter.results import ExperimentalResultCode, ResultCode, is_protocol_error
from wire.diameter.s6a import (
    AuthenticationInformationAnswer,
    AuthenticationInformationRequest,
    EutranVector,
    RequestedAuthenticationInfo,
    UtranVector,
)
from wire.identity import Imsi
from wire.secret import Secret

IMSI = "001010000000001"
PLMN = b"\x00\xf1\x10"
EPS = EpsVector(b"r" * 16, b"a" * 16, Secret(b"xresxres"), Secret(b"k" * 32))
UMTS = AuthVector(b"R" * 16, b"A" * 16, Secret(b"XRESXRES"), Secret(b"c" * 16), Secret(b"i" * 16))
TWO = RequestedAuthenticationInfo(number_of_requested_vectors=2)
AGAIN = RequestedAuthenticationInfo(re_synchronization_info=b"r" * 16 + b"a" * 14)
AIR = AuthenticationInformationRequest(
    session_id="mme;1;2",
    origin_host="mme.example",
    origin_realm="example",
    destination_realm="example",
    user_name=IMSI,
    requested_eutran=TWO,
    visited_plmn_id=PLMN,
)
ASKED = VectorRequest(Imsi(IMSI), "mme.example", None, 2, serving_network=PLMN, from_aaa=False)


class Centre:
    """Notes what it is asked, and answers or refuses."""

    def __init__(self, refusal: ServiceRefused | None = None) -> None:
        self.asked: list[tuple[str, VectorRequest]] = []
        self._refusal = refusal

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        self._note("umts", request)
        return (UMTS,) * request.count

    async def eps_vectors(self, request: VectorRequest) -> tuple[EpsVector, ...]:
        self._note("eps", request)
        return (EPS,) * request.count

    def _note(self, kind: str, request: VectorRequest) -> None:
        self.asked.append((kind, request))
        if self._refusal is not None:
            raise self._refusal


async def air(centre: Centre, request: AuthenticationInformationRequest = AIR) -> AuthenticationInformationAnswer:
    """The answer, after a trip over the wire and past the grammar of its command."""
    message = Message.parse(request.message().numbered(hop_by_hop=7, end_to_end=9).build())
    served = await S6aServer(centre, Identity("hss.example", "example")).serve("mme", message)
    answer = Message.parse(served.build())
    assert (answer.command, answer.application, answer.hop_by_hop, answer.end_to_end) == (318, Application.S6A, 7, 9)
    error = answer.result_code is not None and is_protocol_error(answer.result_code)
    assert answer.flags == FLAG_PROXIABLE | (0x20 if error else 0)
    rules = ERROR_ANSWER if error else COMMANDS[Application.S6A, 318].answer
    check(rules, answer.avps, groups=GROUPS)
    return AuthenticationInformationAnswer.parse(answer)


def test_service_is_an_authentication_centre(service: HssService) -> None:
    centre: AuthenticationCentre = service
    assert centre


async def test_vectors_for_e_utran_come_in_order() -> None:
    centre = Centre()
    answer = await air(centre)
    assert centre.asked == [("eps", ASKED)]
    assert (answer.session_id, answer.result_code, answer.origin_host) == ("mme;1;2", 2001, "hss.example")
    info = answer.authentication_info
    assert info is not None
    first = EutranVector(item_number=1, rand=EPS.rand, xres=EPS.xres, autn=EPS.autn, kasme=EPS.kasme)
    assert info.e_utran_vectors == (first, replace(first, item_number=2))
    assert info.utran_vectors == ()
    assert "kkkk" not in repr(answer)


async def test_vectors_of_both_kinds_are_counted_on() -> None:
    centre = Centre()
    info = (await air(centre, replace(AIR, requested_utran_geran=RequestedAuthenticationInfo()))).authentication_info
    assert centre.asked == [("eps", ASKED), ("umts", replace(ASKED, count=1))]
    assert info is not None
    assert [one.item_number for one in info.e_utran_vectors] == [1, 2]
    assert info.utran_vectors[0] == UtranVector(
        item_number=3,
        rand=UMTS.rand,
        xres=UMTS.xres,
        autn=UMTS.autn,
        confidentiality_key=UMTS.ck,
        integrity_key=UMTS.ik,
    )


async def test_resynchronisation_goes_before_whatever_else_is_asked() -> None:
    again = replace(ASKED, count=1, resynchronisation=Resynchronisation(b"r" * 16, b"a" * 14))
    centre = Centre()
    await air(centre, replace(AIR, requested_eutran=AGAIN))
    await air(centre, replace(AIR, requested_utran_geran=AGAIN))
    assert centre.asked == [("eps", again), ("umts", again), ("eps", ASKED)]


@pytest.mark.parametrize("name", ["", "alice", f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org"])
async def test_name_that_is_no_imsi_is_unknown(name: str) -> None:
    centre = Centre()
    answer = await air(centre, replace(AIR, user_name=name))
    assert answer.result == "5001 USER_UNKNOWN (3GPP)"
    assert centre.asked == []


@pytest.mark.parametrize("refusal", list(Refusal))
async def test_refusal_is_said_as_s6a_says_it(refusal: Refusal) -> None:
    answer = await air(Centre(ServiceRefused(refusal, "why")))
    code = answer.experimental_result.code if answer.experimental_result else answer.result_code
    assert code == RESULTS[refusal]
    assert (answer.experimental_result is None) == isinstance(RESULTS[refusal], ResultCode)
    assert answer.error_message == f"{refusal.value}: why"
    assert answer.authentication_info is None


def test_results_are_those_of_the_specification() -> None:
    assert RESULTS[Refusal.USER_UNKNOWN] is ExperimentalResultCode.USER_UNKNOWN
    assert RESULTS[Refusal.NO_APN_SUBSCRIPTION] is ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION
    assert RESULTS[Refusal.RESYNCHRONISATION_REJECTED] == 4181
    assert RESULTS[Refusal.SUBSCRIBER_BARRED] is ResultCode.AUTHORIZATION_REJECTED
    assert RESULTS[Refusal.TOO_BUSY] is ResultCode.TOO_BUSY
    assert set(RESULTS) == set(Refusal)


async def test_refusal_is_logged_once_with_its_cause() -> None:
    with capture_logs() as lines:
        await air(Centre(ServiceRefused(Refusal.SUBSCRIBER_BARRED, "by us")))
    assert [(line["event"], line["cause"], line["imsi"], line["peer"]) for line in lines] == [
        ("vectors refused", "subscriber barred: by us", IMSI, "mme")
    ]


@pytest.mark.parametrize(
    ("request_", "fault", "failed"),
    [
        (replace(AIR, requested_eutran=None), ResultCode.MISSING_AVP, (1408, 0)),
        (replace(AIR, visited_plmn_id=b"00101"), ResultCode.INVALID_AVP_VALUE, (1407, 5)),
        (replace(AIR, requested_eutran=replace(AGAIN, re_synchronization_info=bytes(29))), 5004, (1411, 29)),
        (replace(AIR, requested_utran_geran=replace(TWO, number_of_requested_vectors=0)), 5004, (1410, 4)),
    ],
)
async def test_avp_that_is_wrong_is_named(
    request_: AuthenticationInformationRequest, fault: ResultCode, failed: tuple[int, int]
) -> None:
    with pytest.raises(AvpFault) as caught:
        await air(Centre(), request_)
    assert (caught.value.result, [(one.code, len(one.data)) for one in caught.value.failed]) == (fault, [failed])


async def test_no_other_command_of_s6a_is_served() -> None:
    message = Message(316, Application.S6A, FLAG_REQUEST, 1, 1, ())
    with pytest.raises(AvpFault) as caught:
        await S6aServer(Centre(), Identity("hss.example", "example")).serve("mme", message)
    assert caught.value.result is ResultCode.COMMAND_UNSUPPORTED
