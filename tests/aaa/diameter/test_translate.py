"""DER to what the service is asked, and its answers to DEA; every DEA follows the grammar of its application."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from aaa.diameter.results import RESULTS
from aaa.diameter.translate import Round, to_accept, to_access_request, to_challenge, to_reissue, to_reject
from aaa.messages import Access, AccessRequest, Client, Reject, RejectCause
from tests.aaa.diameter.samples import (
    AAA,
    ACCEPT,
    APN,
    CHALLENGE,
    EAP_REQUEST,
    EAP_RESPONSE,
    IMSI,
    MSK,
    NAI,
    SESSION,
    STATE,
    conforming,
    dea,
    der,
    der_of,
    s6b_dea,
    s6b_der,
)
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.enumerations import AuthRequestType, PdnType
from wire.diameter.message import Message
from wire.diameter.redirects import redirection_of
from wire.diameter.results import ResultCode
from wire.diameter.values import make
from wire.eap.packet import failure

CLIENT = Client("pgw")


def round_of(message: Message) -> Round:
    return Round(message, read_eap_request(message), AAA)


def test_der_of_s6b_asks_with_its_apn() -> None:
    request = to_access_request(round_of(s6b_der(states=(STATE,))), CLIENT)
    access = Access(mip6_features=0x0000020000000001)
    wanted = AccessRequest(
        CLIENT, EAP_RESPONSE, STATE, NAI, "internet", "diameter", access=access, session="pgw.example;1;1",
        follows_redirects=True,
    )  # fmt: skip
    assert request == wanted


@pytest.mark.parametrize(("flags", "has_failed"), [(0, False), (1, True), (2, False), (3, True)])
def test_der_says_whether_the_server_of_its_user_has_failed(flags: int, has_failed: bool) -> None:
    der = der_of(Application.S6B, aaa_failure_indication=flags)
    assert to_access_request(round_of(der), CLIENT).aaa_failure is has_failed


def test_der_of_application_5_asks_without_apn() -> None:
    request = to_access_request(round_of(der()), CLIENT)
    assert (request.apn, request.state, request.eap) == (None, None, EAP_RESPONSE)


def test_der_may_name_the_access_network() -> None:
    assert to_access_request(round_of(der(anid="HRPD")), CLIENT).network_name == "HRPD"
    assert to_access_request(round_of(der()), CLIENT).network_name is None


@pytest.mark.parametrize("anid", ["", "W" * 254])
def test_der_with_an_impossible_access_network_is_refused(anid: str) -> None:
    with pytest.raises(AvpFault) as fault:
        to_access_request(round_of(der(anid=anid)), CLIENT)
    assert fault.value.result is ResultCode.INVALID_AVP_VALUE


def test_der_with_an_empty_payload_is_eap_start() -> None:
    assert to_access_request(round_of(der(b"")), CLIENT).eap == b""


@pytest.mark.parametrize(
    ("message", "result"),
    [
        (der(kind=AuthRequestType.AUTHORIZE_ONLY), ResultCode.INVALID_AVP_VALUE),
        (der(EAP_REQUEST), ResultCode.ERROR_EAP_CODE_UNKNOWN),
        (der(b"\x09\x01\x00\x04"), ResultCode.ERROR_EAP_CODE_UNKNOWN),
        (der(states=(b"one", b"two")), ResultCode.AVP_OCCURS_TOO_MANY_TIMES),
    ],
)
def test_der_that_cannot_be_served_is_refused_with_its_avp(message: Message, result: ResultCode) -> None:
    with pytest.raises(AvpFault) as caught:
        to_access_request(round_of(message), CLIENT)
    assert caught.value.result is result
    assert len(caught.value.failed) == 1


@pytest.mark.parametrize("message", [der(), s6b_der()], ids=["application 5", "S6b"])
def test_challenge_is_1001_with_state_and_time(message: Message) -> None:
    answer = dea(conforming(to_challenge(round_of(message), CHALLENGE)))
    assert answer.result_code == 1001
    assert (answer.eap_payload, answer.states, answer.multi_round_time_out) == (EAP_REQUEST, (STATE,), 30)
    assert (answer.session_id, answer.auth_application_id) == (SESSION, message.application)
    assert answer.auth_request_type is AuthRequestType.AUTHORIZE_AUTHENTICATE


def test_reissue_is_1001_without_payload() -> None:
    answer = dea(conforming(to_reissue(round_of(der(states=(STATE,))), EAP_REQUEST)))
    assert (answer.result_code, answer.eap_payload, answer.eap_reissued_payload) == (1001, None, EAP_REQUEST)
    assert answer.states == (STATE,)


def test_accept_of_s6b_carries_keys_identity_and_profile() -> None:
    answer = s6b_dea(conforming(to_accept(round_of(s6b_der()), ACCEPT)))
    assert answer.result_code == 2001
    assert answer.eap_payload == ACCEPT.eap
    assert answer.eap_master_session_key == MSK
    assert len(answer.eap_master_session_key or b"") == 64
    assert (answer.user_name, answer.mobile_node_identifier) == (NAI, NAI)
    assert str(IMSI) in NAI
    assert answer.session_timeout == 7200
    assert answer.mip6_feature_vector == 1
    apn = answer.apn_configuration
    assert apn is not None
    assert (apn.context_identifier, apn.service_selection, apn.pdn_type) == (7, "internet", PdnType.IPV6)
    assert apn.served_party_ip_addresses == (APN.home_address,)
    assert apn.ambr is not None
    assert (apn.ambr.uplink, apn.ambr.downlink) == (1_000_000, 2_000_000)


def test_accept_of_s6b_carries_both_static_addresses() -> None:
    both = replace(APN, home_address_v4=IPv4Address("192.0.2.7"), ambr=None)
    answer = s6b_dea(conforming(to_accept(round_of(s6b_der()), replace(ACCEPT, apn=both))))
    assert answer.apn_configuration is not None
    assert answer.apn_configuration.served_party_ip_addresses == (APN.home_address, both.home_address_v4)
    assert answer.apn_configuration.ambr is None


def test_accept_of_application_5_carries_no_avp_of_s6b() -> None:
    message = conforming(to_accept(round_of(der()), ACCEPT))
    answer = dea(message)
    assert (answer.result_code, answer.user_name, answer.eap_master_session_key) == (2001, NAI, MSK)
    assert message.first("APN-Configuration") is None
    assert message.first("Mobile-Node-Identifier") is None


@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("kind", [AuthRequestType.AUTHENTICATE_ONLY, AuthRequestType.AUTHORIZE_AUTHENTICATE])
def test_answers_of_application_5_are_what_their_record_says(kind: AuthRequestType, timeout: int | None) -> None:
    round_ = round_of(der(kind=kind))
    common = DiameterEapAnswer(
        session_id=SESSION,
        auth_application_id=5,
        auth_request_type=kind,
        origin_host=AAA.origin_host,
        origin_realm=AAA.origin_realm,
    )
    challenge = replace(
        common,
        result_code=1001,
        eap_payload=EAP_REQUEST,
        states=(STATE,),
        multi_round_time_out=30,
    )
    assert to_challenge(round_, CHALLENGE).build() == challenge.message(round_.message).build()
    accept = replace(
        common,
        result_code=2001,
        user_name=NAI,
        eap_payload=ACCEPT.eap,
        eap_master_session_key=MSK,
        session_timeout=timeout,
    )
    answer = replace(ACCEPT, profile=replace(ACCEPT.profile, session_timeout=timeout))
    assert to_accept(round_, answer).build() == accept.message(round_.message).build()


def test_accept_names_the_key_to_who_asks_by_an_empty_name() -> None:
    for data, name in ((b"", ACCEPT.session_id), (b"x", None)):
        asking = round_of(der())
        named = asking.message.with_avps((*asking.message.avps, make("EAP-Key-Name", data)))
        answer = dea(conforming(to_accept(replace(asking, message=named), ACCEPT)))
        assert answer.eap_key_name == name


ACCESSES = [
    (Application.EAP, {}, None, Access()),
    (Application.MIP6I, {"service_selection": "internet", "mip6_feature_vector": 1}, "internet", Access(0, 1)),
    (Application.S6B, {"service_selection": "", "rat_type": 2001}, None, Access(2001)),
    (Application.SWM, {"service_selection": "ims", "mip6_feature_vector": 5}, "ims", Access(0, 5, every_apn=True)),
    (Application.STA, {"rat_type": 2003}, None, Access(2003, every_apn=True)),
]


@pytest.mark.parametrize(("application", "fields", "apn", "access"), ACCESSES)
def test_der_of_each_application_says_how_the_user_comes(
    application: Application, fields: dict[str, Any], apn: str | None, access: Access
) -> None:
    request = to_access_request(round_of(der_of(application, **fields)), CLIENT)
    assert (request.apn, request.access) == (apn, access)


@pytest.mark.parametrize("application", [row[0] for row in ACCESSES])
def test_accept_of_each_application_follows_its_grammar(application: Application) -> None:
    message = conforming(to_accept(round_of(der_of(application)), ACCEPT))
    assert (message.application, message.result_code) == (application, 2001)
    assert dea(message).eap_master_session_key == MSK


def test_accept_shows_no_key() -> None:
    message = to_accept(round_of(s6b_der()), ACCEPT)
    assert repr(bytes(MSK)) not in repr(message)
    assert MSK.hex() not in repr(message)


@pytest.mark.parametrize("cause", list(RejectCause))
def test_reject_carries_its_one_result_and_eap_failure(cause: RejectCause) -> None:
    message = Message.parse(to_reject(round_of(s6b_der()), Reject(failure(9), cause, "not for the wire")).build())
    answer = s6b_dea(message)
    number = answer.experimental_result.code if answer.experimental_result else answer.result_code
    assert number == RESULTS[cause]
    assert (answer.experimental_result is None) != (answer.result_code is None)
    assert answer.eap_payload == failure(9)
    assert answer.eap_master_session_key is None
    assert answer.error_message == cause.value
    assert message.is_error == (3000 <= (answer.result_code or 0) < 4000)


def test_user_of_another_server_is_redirected_there() -> None:
    there = Reject(b"", RejectCause.REGISTERED_ELSEWHERE, "", None, "two.example")
    message = Message.parse(to_reject(round_of(s6b_der()), there).build())
    assert (message.result_code, message.is_error) == (ResultCode.REDIRECT_INDICATION, True)
    redirection = redirection_of(message)
    assert redirection is not None
    assert redirection.hosts == ("two.example",)


def test_reject_without_eap_carries_no_payload() -> None:
    answer = dea(to_reject(round_of(der()), Reject(b"", RejectCause.BAD_EAP)))
    assert answer.eap_payload is None
