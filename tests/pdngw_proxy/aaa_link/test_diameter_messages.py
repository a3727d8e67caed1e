"""The gateway's DER and STR, and what it makes of every DEA."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.aaa_link.diameter_messages import S6bGateway, to_answer, to_der, to_str
from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayReject, RelayRequest
from wire.diameter.applications import Application
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.enumerations import PdnType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.profile import ApnConfiguration
from wire.diameter.s6b import DER, S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import STR, SessionTerminationRequest
from wire.ikev2.constants import NotifyType
from wire.secret import Secret

MSK = Secret(bytes(range(64)))
SUCCESS = bytes.fromhex("03090004")
GATEWAY = S6bGateway(
    identity=Identity("pgw.example", "example"),
    aaa=Identity("aaa.home", "home"),
    home_agent=IPv6Address("2001:db8::1"),
    visited_network="mnc001.mcc001.3gppnetwork.org",
)
REQUEST = RelayRequest(
    session="7;1",
    eap=b"\x02\x01\x00\x05\x01",
    identity="0001010000000001@nai.example",
    apn="internet",
    state=b"sealed",
    care_of=IPv4Address("198.51.100.7"),
)
DEA = S6bEapAnswer(origin_host="aaa.home", origin_realm="home", session_id="pgw.example;7;1")


def apn(*addresses: IPv4Address | IPv6Address) -> ApnConfiguration:
    return ApnConfiguration(
        context_identifier=1, pdn_type=PdnType.IPV6, service_selection="internet", served_party_ip_addresses=addresses
    )


def test_der_says_who_asks_for_whom() -> None:
    der = to_der(REQUEST, GATEWAY)
    message = der.message()
    assert message.application == Application.S6B
    check(DER, message.avps, groups=GROUPS)
    read = S6bEapRequest.parse(Message.parse(message.build()))
    assert read == der
    assert (read.session_id, read.user_name, read.service_selection) == (
        "pgw.example;7;1",
        "0001010000000001@nai.example",
        "internet",
    )
    assert (read.eap_payload, read.states, read.mip_careof_address) == (REQUEST.eap, (b"sealed",), REQUEST.care_of)
    assert read.mip6_agent_info is not None
    assert read.mip6_agent_info.home_agent_addresses == (GATEWAY.home_agent,)
    assert read.visited_network_identifier == b"mnc001.mcc001.3gppnetwork.org"
    assert read.mip6_feature_vector == 1
    assert (read.destination_host, read.destination_realm) == ("aaa.home", "home")


def test_der_of_the_first_round_has_no_state() -> None:
    der = to_der(replace(REQUEST, state=None, apn=None, care_of=None), GATEWAY)
    assert der.states == ()
    check(DER, der.message().avps, groups=GROUPS)


def test_session_id_begins_with_our_origin_host_once() -> None:
    # RFC 6733 §8.8
    assert GATEWAY.session_id("pgw.example;7;1") == GATEWAY.session_id("7;1") == "pgw.example;7;1"


def test_str_ends_the_same_session() -> None:
    message = to_str("7;1", "ue@example", GATEWAY).message()
    check(STR, message.avps, groups=GROUPS)
    read = SessionTerminationRequest.parse(Message.parse(message.build()))
    assert (read.session_id, read.user_name, read.termination_cause) == ("pgw.example;7;1", "ue@example", 1)


def test_multi_round_goes_to_the_ue_and_its_state_comes_back() -> None:
    assert to_answer(replace(DEA, result_code=1001, eap_payload=b"eap", states=(b"s",))) == RelayChallenge(b"eap", b"s")
    assert to_answer(replace(DEA, result_code=1001, eap_reissued_payload=b"eap")) == RelayChallenge(b"eap", None)


def test_success_gives_the_msk_and_the_home_address() -> None:
    answer = to_answer(
        replace(
            DEA,
            result_code=2001,
            eap_payload=SUCCESS,
            eap_master_session_key=MSK,
            mobile_node_identifier="ue@example",
            apn_configuration=apn(IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")),
            session_timeout=3600,
        )
    )
    assert answer == RelayAccept(SUCCESS, MSK, "ue@example", IPv6Address("2001:db8::7"), 3600)


def test_success_may_leave_the_address_to_the_gateway() -> None:
    plain = replace(DEA, result_code=2001, eap_payload=SUCCESS, eap_master_session_key=MSK, user_name="ue")
    assert to_answer(plain) == RelayAccept(SUCCESS, MSK, "ue")
    assert to_answer(replace(plain, apn_configuration=apn())) == RelayAccept(SUCCESS, MSK, "ue")


def test_refusal_names_the_code_of_the_server() -> None:
    failure = bytes.fromhex("04090004")
    refused = replace(DEA, eap_payload=failure, experimental_result=ExperimentalResult(code=5001))
    assert to_answer(refused) == RelayReject(failure, "DEA 5001 USER_UNKNOWN (3GPP)", NotifyType.USER_UNKNOWN)
    rejected = replace(DEA, result_code=4001, error_message="RES is wrong")
    assert to_answer(rejected) == RelayReject(b"", "DEA 4001 AUTHENTICATION_REJECTED: RES is wrong")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (replace(DEA, result_code=1001), "without EAP-Payload"),
        (replace(DEA, result_code=1001, eap_payload=b"e", states=(b"a", b"b")), "with 2 State AVPs"),
        (replace(DEA, result_code=2001, eap_master_session_key=MSK), "without EAP-Success"),
        (replace(DEA, result_code=2001, eap_payload=SUCCESS), "without an EAP-Master-Session-Key"),
        (
            replace(DEA, result_code=2001, eap_payload=SUCCESS, eap_master_session_key=Secret(bytes(32))),
            "EAP-Master-Session-Key of 64 octets",
        ),
        (DEA, "no result"),
    ],
)
def test_contradicting_answer_is_a_reject_with_its_cause(answer: S6bEapAnswer, cause: str) -> None:
    relayed = to_answer(answer)
    assert isinstance(relayed, RelayReject)
    assert cause in relayed.cause
