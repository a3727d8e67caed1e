"""Who a NAS is, whatever it says."""

import pytest

from aaa.radius.nas import first_address, first_number, first_text, nas_attribute, nas_name, said_name
from wire.radius.packet import Attribute, RadiusPacket


def packet(*attributes: Attribute) -> RadiusPacket:
    return RadiusPacket(4, 1, bytes(16), attributes)


IDENTIFIER = Attribute.of("NAS-Identifier", "ap1")
SIX = Attribute.of("NAS-IPv6-Address", "2001:db8::1")
FOUR = Attribute.of("NAS-IP-Address", "192.0.2.1")


@pytest.mark.parametrize(
    ("attributes", "name"),
    [((IDENTIFIER, SIX, FOUR), "ap1"), ((SIX, FOUR), "2001:db8::1"), ((FOUR,), "192.0.2.1"), ((), "203.0.113.9")],
)
def test_nas_has_a_name(attributes: tuple[Attribute, ...], name: str) -> None:
    assert nas_name(packet(*attributes), "203.0.113.9") == name


@pytest.mark.parametrize(
    ("attributes", "attribute", "said"),
    [
        ((IDENTIFIER, FOUR), "NAS-Identifier", "ap1"),
        ((Attribute.of("NAS-Identifier", "192.0.2.1"),), "NAS-Identifier", "192.0.2.1"),
        ((Attribute.of("NAS-Identifier", "2001:db8::1"),), "NAS-Identifier", "2001:db8::1"),
        ((Attribute.of("NAS-Identifier", "2001:DB8:0::1"),), "NAS-Identifier", "2001:DB8:0::1"),
        ((Attribute.of("NAS-Identifier", "fe80::1%eth0"),), "NAS-Identifier", "fe80::1%eth0"),
        ((Attribute.of("NAS-Identifier", "NAS-Identifier:ap1"),), "NAS-Identifier", "NAS-Identifier:ap1"),
        ((SIX,), "NAS-IPv6-Address", "2001:db8::1"),
        ((FOUR,), "NAS-IP-Address", "192.0.2.1"),
        ((), "NAS-IP-Address", "203.0.113.9"),
    ],
)
def test_nas_can_be_told_again_what_it_has_called_itself(
    attributes: tuple[Attribute, ...], attribute: str, said: str
) -> None:
    name = nas_name(packet(*attributes), "203.0.113.9")
    assert nas_attribute(name) == (attribute, said)
    assert said_name(name) == said


def test_identifier_and_address_that_read_the_same_are_two_names_of_limited_length() -> None:
    longest = ":".join(["abcd"] * 8)
    name = nas_name(packet(Attribute.of("NAS-Identifier", longest)), "203.0.113.9")
    assert name == f"NAS-Identifier:{longest}"
    assert name != nas_name(packet(Attribute.of("NAS-IPv6-Address", longest)), "203.0.113.9") == longest


def test_text_is_such_that_every_store_can_hold_it() -> None:
    assert first_text(packet(Attribute(1, b"a\0b\xff")), "User-Name") == "a\ufffdb\ufffd"
    assert first_text(packet(), "User-Name") is None


def test_address_that_is_none_is_not_there() -> None:
    assert first_address(packet(Attribute(4, b"\1\2")), "NAS-IP-Address") is None


@pytest.mark.parametrize(("values", "number"), [((), None), ((b"\0\0\1\0", b"\0\0\0\1"), 256), ((b"\1",), None)])
def test_number_that_is_none_is_not_there(values: tuple[bytes, ...], number: int | None) -> None:
    said = packet(*(Attribute(46, value) for value in values))
    assert first_number(said, "Acct-Session-Time") == number
