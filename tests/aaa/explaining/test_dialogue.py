"""The dialogue as an operator sees it: every message, every attribute, no value."""

from hypothesis import given
from hypothesis.strategies import binary, lists

from aaa.explaining.dialogue import HEAD_LENGTH, PACKETS_MAX, continued, heads, lines
from hss.failure_api import DialogueLine
from tests.aaa.eap.dialogue import authentication_reject, challenge_response, client_error, identity_response
from tests.aaa.explaining.erring import AKA, PRIME
from wire.eap.packet import failure, identity_request, nak, success
from wire.eap.packet import identity_response as eap_identity
from wire.identity import EapMethod

PACKETS = (
    eap_identity(1, b"0123456"), identity_response(PRIME, 2, b"0123456"), challenge_response(AKA, 3), nak(4, 50),
    client_error(AKA, 5), authentication_reject(EapMethod.AKA, 6), failure(7),
)  # fmt: skip
MESSAGES = [
    "EAP-Response/Identity", "EAP-Response/AKA'-Identity", "EAP-Response/AKA-Challenge", "EAP-Response/Nak",
    "EAP-Response/AKA-Client-Error", "EAP-Response/AKA-Authentication-Reject", "EAP-Failure",
]  # fmt: skip


def test_packets_are_told_by_names_and_lengths() -> None:
    found = lines(b"", PACKETS)
    assert [line.message for line in found] == MESSAGES
    assert found[1].attributes == (("AT_IDENTITY", 7),)
    assert found[2] == DialogueLine("from the UE", MESSAGES[2], len(PACKETS[2]), (("AT_RES", 8), ("AT_MAC", 16)))
    assert found[6].direction == "to the UE"


def test_packets_of_another_process_are_told_by_their_heads() -> None:
    head = heads(b"", PACKETS)
    assert len(head) == HEAD_LENGTH * len(PACKETS)
    found = lines(head, (success(8),))
    assert [line.message for line in found] == [*MESSAGES, "EAP-Success"]
    assert [line.octets for line in found] == [*map(len, PACKETS), 4]
    assert not any(line.attributes for line in found)


@given(lists(binary(max_size=9), max_size=PACKETS_MAX))
def test_heads_are_those_of_each_packet(packets: list[bytes]) -> None:
    for dialogue in (packets, [packet.ljust(6, b"x") for packet in packets]):
        each = [(packet[:1] + packet[2:6]).ljust(HEAD_LENGTH, b"\0") for packet in dialogue]
        assert heads(b"", dialogue) == b"".join(each)


def test_what_is_no_packet_or_malformed_is_told_as_that() -> None:
    wrong = eap_identity(1, b"x")[:-1]
    unknown = bytes((2, 1, 0, 8, 23, 99, 0, 0))
    odd = bytes((1, 1, 0, 5, 77))
    found = lines(b"", (wrong, b"", unknown, odd))
    assert found[0].message.startswith("no EAP packet")
    assert found[1].message == "EAP-Response/AKA-subtype 99"
    assert found[1].attributes[0][0].startswith("malformed")
    assert found[2].message == "EAP-Request/type 77"


@given(binary(max_size=80), binary(max_size=60))
def test_whatever_a_stranger_sends_is_told(octets: bytes, typed: bytes) -> None:
    packet = bytes((2, 1)) + (len(typed) + 5).to_bytes(2, "big") + bytes((23,)) + typed
    for one in (octets, packet):
        (line,) = lines(heads(b"", (one or b"x",)), ())
        assert line.octets < 1 << 16
        assert len(lines(b"", (one,))) == bool(one)


def test_dialogue_of_any_length_is_kept_in_bounds() -> None:
    dialogue: tuple[bytes, ...] = ()
    for number in range(20):
        dialogue = continued(dialogue, identity_request(number), eap_identity(number, b"x"))
    assert len(dialogue) == PACKETS_MAX
    assert dialogue[-1][1] == 19
    assert len(heads(heads(b"", dialogue), dialogue)) == HEAD_LENGTH * PACKETS_MAX
