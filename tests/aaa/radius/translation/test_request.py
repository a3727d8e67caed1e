"""An Access-Request as a DER, read by python-diameter too."""

import pytest

from aaa.radius.translation.conversation import Conversation
from aaa.radius.translation.request import to_der
from tests.aaa.radius.samples import IDENTITY, asked
from tests.wire.diameter.foreign import plain, tree, typed
from wire.diameter.command import Identity
from wire.diameter.eap import DER, DiameterEapRequest
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.packet import Attribute

AAA = Identity("aaa.example", "example")
FIRST = Conversation(bytes.fromhex("0000000700000002"))


def der(*attributes: Attribute, conversation: Conversation = FIRST, eap: bytes = IDENTITY) -> DiameterEapRequest:
    packet = parse_packet(asked(*attributes, eap=eap))
    return to_der(packet, conversation, identity=AAA, client="lab", realm="partner.example")


def test_first_round_is_a_new_session_of_the_realm() -> None:
    request = der()
    assert request.session_id.startswith("aaa.example;7;2;")
    assert (request.destination_realm, request.destination_host, request.states) == ("partner.example", None, ())
    assert (request.eap_payload, request.user_name) == (IDENTITY, "0001010000000001")
    check(DER, request.message().avps, groups=GROUPS)


def test_later_round_goes_to_the_server_with_its_state() -> None:
    request = der(conversation=Conversation(FIRST.session, "b.partner.example", b"sealed"))
    assert (request.session_id, request.destination_host) == (der().session_id, "b.partner.example")
    assert request.states == (b"sealed",)


def test_python_diameter_reads_what_the_nas_said() -> None:
    request = der(
        Attribute.of("NAS-Identifier", "ap-7"),
        Attribute.of("NAS-IP-Address", "192.0.2.1"),
        Attribute.of("NAS-IPv6-Address", "2001:db8::1"),
        Attribute.of("NAS-Port", 3),
        Attribute.of("NAS-Port-Type", 19),
        Attribute.of("Calling-Station-Id", "00-10-A4-23-19-C0"),
        Attribute.of("Service-Selection", "internet"),
        Attribute.of("EAP-Key-Name", b""),
        Attribute.of("Proxy-State", b"stays here"),
    )
    foreign = typed(request.message().build())
    assert type(foreign).__name__ == "DiameterEapRequest"
    assert (foreign.nas_identifier, foreign.nas_ip_address) == ("ap-7", bytes([192, 0, 2, 1]))
    assert foreign.nas_ipv6_address == bytes.fromhex("20010db8" + "00" * 11 + "01")
    assert (foreign.nas_port, foreign.nas_port_type) == (3, 19)
    assert foreign.calling_station_id == "00-10-A4-23-19-C0"
    read = tree(plain(request.message().build()).avps)
    assert ("Service-Selection", "internet") in read
    assert ("EAP-Key-Name", b"") in read
    assert "Proxy-Info" not in [name for name, _ in read]


def test_eap_start_is_an_empty_payload() -> None:
    assert der(eap=b"").eap_payload == b""


@pytest.mark.parametrize("bad", [Attribute(32, b"\xff\xfe"), Attribute(61, b"\x00"), Attribute(5, b"12345")])
def test_attribute_that_no_avp_can_carry_is_left_out(bad: Attribute) -> None:
    assert der(bad).extra == ()


@pytest.mark.parametrize("bad", [Attribute(1, b"again"), Attribute(146, b"\xff")])
def test_names_have_to_be_text_and_one(bad: Attribute) -> None:
    with pytest.raises(DecodeError):
        der(bad)
