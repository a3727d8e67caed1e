from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from tests.wire.diameter.samples import AAA, CEA, CER, GATEWAY, REALM, numbered
from wire.diameter.applications import Application
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import (
    LocalNode,
    PeerPolicy,
    accept,
    advertise,
    judge_answer,
    judge_request,
    named_peer,
    refuse,
    same_host,
)
from wire.diameter.command import VendorSpecificApplicationId
from wire.diameter.message import Message
from wire.diameter.peering import CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest
from wire.diameter.results import ResultCode

POLICY = PeerPolicy("gateway", GATEWAY.origin_host, REALM, (ip_network("127.0.0.0/8"), ip_network("::1/128")))
ADDRESS = (IPv4Address("127.0.0.2"),)


def cer(*, auth: tuple[int, ...] = (), acct: tuple[int, ...] = (), inner: int | None = None) -> Message:
    vendor = () if inner is None else (VendorSpecificApplicationId(vendor_ids=(0,), auth_application_id=inner),)
    return CapabilitiesExchangeRequest(
        origin_host=GATEWAY.origin_host,
        origin_realm=REALM,
        host_ip_addresses=ADDRESS,
        vendor_id=99999,
        product_name="foreign",
        auth_application_ids=auth,
        acct_application_ids=acct,
        vendor_specific_application_ids=vendor,
    ).message()


def test_3gpp_applications_are_advertised_vendor_specific() -> None:
    said = advertise(LocalNode("h", "r", (5, Application.SWX)), ADDRESS)
    assert said.auth_application_ids == (5,)
    assert said.vendor_specific_application_ids == (
        VendorSpecificApplicationId(vendor_ids=(10415,), auth_application_id=Application.SWX),
    )
    assert said.supported_vendor_ids == (10415,)


@pytest.mark.parametrize(
    "message", [cer(auth=(Application.S6B,)), cer(inner=Application.S6B), cer(acct=(Application.S6B,))]
)
def test_an_application_counts_wherever_it_stands(message: Message) -> None:
    assert judge_request(message, AAA, POLICY).common == {Application.S6B}


def test_a_relay_has_every_application() -> None:
    assert judge_request(cer(auth=(Application.RELAY,)), AAA, POLICY).common == set(AAA.applications)


def test_a_peer_has_only_the_applications_it_is_configured_with() -> None:
    policy = PeerPolicy("g", GATEWAY.origin_host, REALM, applications=(Application.EAP,))
    assert judge_request(CER.message(), AAA, policy).common == {Application.EAP}


def test_no_common_application_is_5010() -> None:
    with pytest.raises(AvpFault) as caught:
        judge_request(cer(auth=(4,)), AAA, POLICY)
    assert caught.value.result is ResultCode.NO_COMMON_APPLICATION


def test_another_origin_host_is_3010() -> None:
    with pytest.raises(AvpFault) as caught:
        judge_request(CER.message(), AAA, PeerPolicy("x", "other.example", REALM))
    assert caught.value.result is ResultCode.UNKNOWN_PEER


def test_a_cer_without_host_ip_address_is_5005() -> None:
    message = CER.message()
    with pytest.raises(AvpFault) as caught:
        judge_request(message.with_avps(a for a in message.avps if a.code != 257), AAA, POLICY)
    assert caught.value.result is ResultCode.MISSING_AVP


@pytest.mark.parametrize(
    ("address", "known"),
    [("127.0.0.9", True), ("::ffff:127.0.0.9", True), ("::1", True), ("192.0.2.1", False), ("2001:db8::1", False)],
)
def test_a_peer_is_known_by_its_name_and_its_address(address: str, *, known: bool) -> None:
    found = named_peer(CER.message(), ip_address(address), (POLICY,))
    assert (found is POLICY) == known


def test_a_stranger_or_a_nameless_peer_is_unknown() -> None:
    message = CER.message()
    other = PeerPolicy("x", "other.example", REALM, POLICY.networks)
    assert named_peer(message, ADDRESS[0], (other,)) is None
    nameless = message.with_avps((Avp(264, 0, 0x40, b"\xff"),))
    assert named_peer(nameless, ADDRESS[0], (POLICY,)) is None


def test_identities_compare_without_case() -> None:
    assert same_host("AAA.Example", "aaa.example")


def test_a_cea_accepts_with_all_our_applications() -> None:
    answer = accept(AAA, (IPv6Address("::1"),), numbered(CER.message()))
    capabilities = judge_answer(Message.parse(answer.build()), GATEWAY, PeerPolicy("aaa", AAA.origin_host, REALM))
    assert capabilities.common == {Application.EAP, Application.S6B}
    assert capabilities.product_name == "Akadia"


def test_a_refusing_cea_says_why() -> None:
    fault = AvpFault(0, "no such peer", ResultCode.UNKNOWN_PEER, (Avp(99, 0, 0, b"?"),))
    answer = refuse(AAA, ADDRESS, numbered(CER.message()), fault)
    assert answer.is_error
    read = CapabilitiesExchangeAnswer.parse(answer)
    assert (read.result_code, read.error_message) == (3010, "no such peer")
    assert read.extra[0].code == 279
    with pytest.raises(AvpFault, match="3010 UNKNOWN_PEER, 'no such peer'"):
        judge_answer(answer, GATEWAY, PeerPolicy("aaa", AAA.origin_host, REALM))


def test_a_cea_of_another_host_is_not_accepted() -> None:
    with pytest.raises(AvpFault) as caught:
        judge_answer(CEA.message(CER.message()), GATEWAY, PeerPolicy("hss", "hss.example", REALM))
    assert caught.value.result is ResultCode.UNKNOWN_PEER
