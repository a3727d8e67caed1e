"""EAP-AKA and EAP-AKA' messages: those of others are read and written again octet by octet."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import load_runs
from wire.eap.aka import AkaMessage, signed_message
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.eap.packet import EapCode
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod
from wire.secret import Secret

FOREIGN = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())["eap_aka_full_runs"]
K_AUT, K_ENCR = Secret(bytes(16)), Secret(bytes(range(16)))
AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME


def challenge(*more: Attribute, method: EapMethod = AKA, rand: bytes = bytes(16)) -> AkaMessage:
    items = (Attribute(At.RAND, rand), Attribute(At.AUTN, bytes(16)), *more)
    return AkaMessage(EapCode.REQUEST, 7, method, Subtype.CHALLENGE, Attributes(items))


def packets() -> list[bytes]:
    captured = [packet.octets for run in load_runs() for exchange in run.exchanges for packet in exchange.packets]
    foreign = [bytes.fromhex(packet) for case in FOREIGN for packet in case["packets"].values()]
    return [packet for packet in (*captured, *foreign) if packet[4:5] in (b"\x17", b"\x32")]


def test_foreign_messages_are_written_as_they_were_read() -> None:
    assert len(packets()) == 56
    for packet in packets():
        message = AkaMessage.parse(packet)
        assert message.build() == packet
        assert message.octets == packet


@given(
    st.sampled_from([AKA, PRIME]),
    st.integers(0, 255),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=4, max_size=16),
)
def test_message_survives_a_round_trip(method: EapMethod, identifier: int, mac: bytes, res: bytes) -> None:
    attributes = Attributes((Attribute(At.RES, res), Attribute(At.MAC, mac), Attribute(200, bytes(6))))
    message = AkaMessage(EapCode.RESPONSE, identifier, method, Subtype.CHALLENGE, attributes)
    assert AkaMessage.parse(message.build()) == message


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_built_mac_is_genuine_for_its_key_and_extra_alone(method: EapMethod) -> None:
    message = AkaMessage.parse(challenge(method=method).build(K_AUT, b"nonce"))
    assert message.attributes.items[-1].type == At.MAC
    assert message.mac_is_genuine(K_AUT, b"nonce")
    assert not message.mac_is_genuine(K_AUT)
    assert not message.mac_is_genuine(K_ENCR, b"nonce")
    attributes = challenge().attributes.build()
    built = signed_message(EapCode.REQUEST, 7, method, Subtype.CHALLENGE, attributes, K_AUT, b"nonce")
    assert built == message.octets
    assert not AkaMessage(message.code, 7, method, message.subtype, message.attributes).mac_is_genuine(K_AUT, b"nonce")


def test_encrypted_attributes_are_held_against_their_table() -> None:
    good = seal((Attribute(At.NEXT_PSEUDONYM, b"2abc"),), K_ENCR, bytes(16))
    bad = seal((Attribute.number(At.COUNTER, 1),), K_ENCR, bytes(16))
    assert AkaMessage.parse(challenge(*good).build(K_AUT)).parse_encrypted(K_ENCR).get(At.NEXT_PSEUDONYM) == b"2abc"
    with pytest.raises(DecodeError, match="AT_COUNTER"):
        AkaMessage.parse(challenge(*bad).build(K_AUT)).parse_encrypted(K_ENCR)
    assert len(AkaMessage.parse(challenge().build(K_AUT)).parse_encrypted(K_ENCR)) == 0


def test_octets_behind_the_packet_are_not_covered() -> None:
    packet = challenge().build(K_AUT)
    message = AkaMessage.parse(packet + b"padding")
    assert message.octets == packet
    assert message.mac_is_genuine(K_AUT)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        ("0101000501", "neither"),
        ("01010008190a0000", "neither"),
        ("01010008120a0000", "AT_VERSION_LIST is missing"),
        ("01010018120a00000f020002000100000d01000011010000", "more than one identity"),
        ("0101000c120500000d010000", "IDENTITY is no EAP request"),
        ("03010004", "neither"),
        ("0101000817030000", "unknown subtype"),
        ("010100081705", "needed"),
        ("01010006170500", "needed"),
        ("0101000817050000", "exactly one"),
        ("0101000c1705000019010000", "non-skippable attribute 25"),
        ("0101000817020000", "no EAP request"),
    ],
)
def test_message_that_is_none_is_refused(packet: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        AkaMessage.parse(bytes.fromhex(packet))


def test_two_challenges_in_one_are_refused() -> None:
    packet = challenge(rand=bytes(32)).build(K_AUT)
    with pytest.raises(DecodeError, match="another number of RANDs"):
        AkaMessage.parse(packet)


@pytest.mark.parametrize(("count", "twice"), [(1, False), (4, False), (2, True), (3, True)])
def test_sim_challenge_has_two_or_three_different_rands(count: int, twice: bool) -> None:
    rands = b"".join(bytes([0 if twice else number]) * 16 for number in range(count))
    items = Attributes((Attribute(At.RAND, rands),))
    packet = AkaMessage(EapCode.REQUEST, 1, EapMethod.SIM, Subtype.SIM_CHALLENGE, items).build(K_AUT)
    with pytest.raises(DecodeError, match="another number of RANDs"):
        AkaMessage.parse(packet)


def test_message_that_may_not_be_is_not_built() -> None:
    with pytest.raises(EncodeError, match="AT_MAC is missing"):
        challenge().build()
    with pytest.raises(EncodeError, match="AT_MAC occurs 2 times"):
        challenge(Attribute(At.MAC, bytes(16))).build(K_AUT)
