"""DERs and DEAs, held against the codec and the grammars of `wire.diameter`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import SWM_DEA
from ue_sim.load.attributes import UeRefuses
from ue_sim.load.diameter_packets import DiameterPackets, Node, answer
from wire.diameter.applications import Application
from wire.diameter.command import ExperimentalResult
from wire.diameter.commands import COMMANDS
from wire.diameter.eap import DIAMETER_EAP, DiameterEapAnswer
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.mobile_eap import AccessEapRequest
from wire.diameter.results import VENDOR_3GPP, ResultCode
from wire.diameter.sessions import SessionCommand, SessionTerminationRequest
from wire.secret import Secret

APPLICATIONS = [Application.EAP, Application.S6B, Application.SWM]


def packets(application: Application) -> DiameterPackets:
    node = Node(application, "nas.example", "example", "aaa.example", "internet", "mnc001.mcc001.3gppnetwork.org")
    return DiameterPackets(node)


def state(value: bytes) -> bytes:
    return (24).to_bytes(4, "big") + b"\x40" + (8 + len(value)).to_bytes(3, "big") + value + bytes(-len(value) % 4)


@pytest.mark.parametrize("application", APPLICATIONS)
@given(eap=st.binary(min_size=1, max_size=200), sealed=st.binary(max_size=60), name=st.text("0123456789@.", min_size=1))
def test_der_is_what_its_application_defines(application: Application, eap: bytes, sealed: bytes, name: str) -> None:
    states = state(sealed) if sealed else b""
    octets = packets(application).request(7, 9, b"nas.example;1;2", name.encode(), eap, states)
    message = Message.parse(octets)
    check(COMMANDS[application, DIAMETER_EAP].request, message.avps, groups=GROUPS)
    der = read_eap_request(message)
    assert (message.hop_by_hop, message.end_to_end, der.session_id) == (7, 9, "nas.example;1;2")
    assert (der.origin_host, der.origin_realm, der.destination_realm) == ("nas.example", "example", "aaa.example")
    assert (der.user_name, der.eap_payload, der.states) == (name, eap, (sealed,) if sealed else ())
    assert der.auth_application_id == application
    if isinstance(der, AccessEapRequest):
        assert (der.service_selection, der.visited_network_identifier) == (
            "internet",
            b"mnc001.mcc001.3gppnetwork.org",
        )


@pytest.mark.parametrize("application", APPLICATIONS)
def test_str_is_what_its_application_defines(application: Application) -> None:
    message = Message.parse(packets(application).end(7, 9, b"nas.example;1;2", b"0imsi"))
    check(COMMANDS[application, SessionCommand.SESSION_TERMINATION].request, message.avps, groups=GROUPS)
    end = SessionTerminationRequest.parse(message)
    assert (message.application, message.hop_by_hop, message.end_to_end) == (application, 7, 9)
    assert (end.session_id, end.user_name, end.origin_host) == ("nas.example;1;2", "0imsi", "nas.example")
    assert end.auth_application_id == application


def dea(**values: object) -> bytes:
    request = Message.parse(packets(Application.EAP).request(7, 9, b"nas.example;1;2", b"0", b"eap", b""))
    fields = {"session_id": "nas.example;1;2", "origin_host": "aaa", "origin_realm": "aaa.example", **values}
    return DiameterEapAnswer(**fields).message(request).build()  # type: ignore[arg-type]


def test_challenge_is_read_and_its_states_go_back() -> None:
    octets = dea(result_code=ResultCode.MULTI_ROUND_AUTH, eap_payload=b"request", states=(b"one", b"second"))
    read = answer(octets)
    assert (read.result, read.experimental, read.session_id) == (1001, None, b"nas.example;1;2")
    assert (read.eap, read.msk, read.states) == (b"request", b"", state(b"one") + state(b"second"))


def test_success_brings_the_key() -> None:
    octets = dea(result_code=ResultCode.SUCCESS, eap_payload=b"\3\1\0\4", eap_master_session_key=Secret(bytes(64)))
    assert (answer(octets).msk, answer(octets).result) == (bytes(64), 2001)


def test_answer_full_of_a_profile_is_read() -> None:
    request = Message.parse(packets(Application.SWM).request(7, 9, b"nas.example;1;2", b"0", b"eap", b""))
    read = answer(SWM_DEA.message(request).build())
    assert (read.eap, read.msk) == (SWM_DEA.eap_payload or b"", SWM_DEA.eap_master_session_key or b"")


def test_refusals_are_said_in_words() -> None:
    assert answer(dea(result_code=ResultCode.TOO_BUSY)).cause == "3004 TOO_BUSY"
    octets = dea(experimental_result=ExperimentalResult(vendor_id=VENDOR_3GPP, code=5001))
    assert answer(octets).cause == "5001 USER_UNKNOWN (3GPP)"
    assert answer(dea()).cause == "no result"


@given(st.binary(max_size=80))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        answer(bytes(20) + body)
    except UeRefuses as refusal:
        assert refusal.cause == "malformed DEA"
