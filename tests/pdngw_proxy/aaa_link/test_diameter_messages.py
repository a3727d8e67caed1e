"""The gateway's DER and STR, and what it makes of every DEA."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway, failure_indicated, to_answer, to_der, to_str
from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayReject, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy
from wire.diameter import eap, mip6i
from wire.diameter.applications import Application
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.enumerations import PdnType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapAnswer, Mip6iEapRequest
from wire.diameter.profile import ApnConfiguration
from wire.diameter.s6b import DER, S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import STR, SessionTerminationRequest
from wire.ikev2.constants import NotifyType
from wire.secret import Secret

MSK = Secret(bytes(range(64)))
SUCCESS = bytes.fromhex("03090004")
GATEWAY = DiameterGateway(
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


def test_only_a_der_of_s6b_says_that_a_server_has_failed() -> None:
    der = failure_indicated(to_der(REQUEST, GATEWAY).message())
    check(DER, der.avps, groups=GROUPS)
    assert S6bEapRequest.parse(Message.parse(der.build())).aaa_failure_indication == 1
    for other in (
        to_str("7;1", None, GATEWAY, EndedBy.UE),
        to_der(REQUEST, replace(GATEWAY, application=Application.MIP6I)),
    ):
        assert failure_indicated(other.message()) == other.message()


def test_der_of_mip6i_says_which_home_agent_asks() -> None:
    """RFC 5778 §5.1.1."""
    der = to_der(REQUEST, replace(GATEWAY, application=Application.MIP6I))
    message = der.message()
    assert message.application == der.auth_application_id == 7
    check(mip6i.DER, message.avps, groups=GROUPS)
    read = Mip6iEapRequest.parse(Message.parse(message.build()))
    assert read == der
    assert (read.service_selection, read.mip6_feature_vector) == ("internet", 1)
    assert read.mip6_agent_info is not None
    assert read.mip6_agent_info.home_agent_addresses == (GATEWAY.home_agent,)
    assert (read.eap_payload, read.states, read.calling_station_id) == (REQUEST.eap, (b"sealed",), "198.51.100.7")


def test_der_of_application_5_has_the_words_of_rfc_4072_alone() -> None:
    der = to_der(REQUEST, replace(GATEWAY, application=Application.EAP))
    message = der.message()
    assert message.application == der.auth_application_id == 5
    check(eap.DER, message.avps, groups=GROUPS)
    mobile = ("Service-Selection", "MIP6-Feature-Vector", "MIP6-Agent-Info", "MIP-Careof-Address", "RAT-Type")
    assert [name for name in mobile if message.first(name) is not None] == []
    read = DiameterEapRequest.parse(Message.parse(message.build()))
    assert (read.called_station_id, read.calling_station_id) == ("internet", "198.51.100.7")
    bare = to_der(replace(REQUEST, apn=None, care_of=None), replace(GATEWAY, application=Application.EAP))
    assert (bare.called_station_id, bare.calling_station_id) == (None, None)


@pytest.mark.parametrize("application", [Application.S6B, Application.MIP6I, Application.EAP])
def test_str_is_of_the_session_application(application: Application) -> None:
    """RFC 6733 §8.4.1: Auth-Application-Id."""
    message = to_str("7;1", None, replace(GATEWAY, application=application), EndedBy.UE).message()
    assert (message.application, message.value("Auth-Application-Id")) == (application, application)


def test_der_of_the_first_round_has_no_state() -> None:
    der = to_der(replace(REQUEST, state=None, apn=None, care_of=None), GATEWAY)
    assert der.states == ()
    check(DER, der.message().avps, groups=GROUPS)


def test_session_id_begins_with_our_origin_host_once() -> None:
    # RFC 6733 §8.8
    assert GATEWAY.session_id("pgw.example;7;1") == GATEWAY.session_id("7;1") == "pgw.example;7;1"


@pytest.mark.parametrize(
    ("ended_by", "cause"),
    [
        (EndedBy.UE, 1),
        (None, 2),
        (EndedBy.UNUSED, 3),
        (EndedBy.AAA, 4),
        (EndedBy.GATEWAY, 4),
        (EndedBy.SILENCE, 5),
        (EndedBy.FAULT, 5),
        (EndedBy.ANOTHER, 7),
        (EndedBy.TIMEOUT, 8),
    ],
)
def test_str_ends_the_same_session_and_says_why(ended_by: EndedBy | None, cause: int) -> None:
    message = to_str("7;1", "ue@example", GATEWAY, ended_by).message()
    check(STR, message.avps, groups=GROUPS)
    read = SessionTerminationRequest.parse(Message.parse(message.build()))
    assert (read.session_id, read.user_name, read.termination_cause) == ("pgw.example;7;1", "ue@example", cause)


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


@pytest.mark.parametrize(
    ("session_timeout", "authorization_lifetime", "lasts"),
    [
        (None, None, None), (3600, None, 3600), (3600, 600, 600), (None, 600, 600), (0, 600, 600), (3600, 0, 3600),
        (None, 0xFFFFFFFF, None), (300, 600, 300),
    ],
)  # fmt: skip
def test_session_lasts_until_it_has_to_be_authenticated_anew(
    session_timeout: int | None, authorization_lifetime: int | None, lasts: int | None
) -> None:
    """RFC 6733 §8.9, §8.13."""
    won = replace(DEA, result_code=2001, eap_payload=SUCCESS, eap_master_session_key=MSK, user_name="ue")
    given = replace(won, session_timeout=session_timeout, authorization_lifetime=authorization_lifetime)
    assert to_answer(given) == RelayAccept(SUCCESS, MSK, "ue", session_timeout=lasts)


def test_success_may_leave_the_address_to_the_gateway() -> None:
    plain = replace(DEA, result_code=2001, eap_payload=SUCCESS, eap_master_session_key=MSK, user_name="ue")
    assert to_answer(plain) == RelayAccept(SUCCESS, MSK, "ue")
    assert to_answer(replace(plain, apn_configuration=apn())) == RelayAccept(SUCCESS, MSK, "ue")


def test_success_of_mip6i_gives_the_home_address() -> None:
    """RFC 5778 §5.1.2: MIP-Mobile-Node-Address."""
    own = (IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7"))
    won = {"result_code": 2001, "eap_payload": SUCCESS, "eap_master_session_key": MSK, "user_name": "ue"}
    named = {"session_id": "pgw.example;7;1", "origin_host": "aaa.home", "origin_realm": "home"}
    answer = to_answer(Mip6iEapAnswer(**named, **won, mobile_node_addresses=own, session_timeout=60))  # type: ignore[arg-type]
    assert answer == RelayAccept(SUCCESS, MSK, "ue", IPv6Address("2001:db8::7"), 60)
    assert to_answer(DiameterEapAnswer(**named, **won)) == RelayAccept(SUCCESS, MSK, "ue")  # type: ignore[arg-type]


def test_user_who_is_to_be_moved_to_another_home_agent_is_refused() -> None:
    """RFC 5778 §6.8: SUCCESS_RELOCATE_HA is a success that nobody here can act upon."""
    moved = replace(DEA, result_code=2009, eap_payload=SUCCESS, eap_master_session_key=MSK)
    cause = "DEA 2009 SUCCESS_RELOCATE_HA: another home agent is to serve"
    assert to_answer(moved) == RelayReject(b"", cause, NotifyType.NETWORK_FAILURE)


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
