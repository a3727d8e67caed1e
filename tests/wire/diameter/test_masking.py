from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import EAP_DER, MAA, MAR, MSK, OCTETS, S6B_DEA, S6B_DER, numbered
from wire.diameter.avp import Avp, build_avps
from wire.diameter.masking import mask_keys
from wire.diameter.message import Message
from wire.diameter.swx import MultimediaAuthAnswer, MultimediaAuthRequest
from wire.diameter.values import make


def test_the_msk_is_zeroed_and_nothing_else() -> None:
    octets = S6B_DEA.message(numbered(S6B_DER.message())).build()
    assert mask_keys(octets) == octets.replace(bytes(MSK), bytes(64))
    assert bytes(MSK) in octets


def test_the_keys_of_a_vector_are_zeroed_inside_their_group() -> None:
    octets = MAA.message(numbered(MAR.message())).build()
    masked = mask_keys(octets)
    assert len(masked) == len(octets)
    item = MultimediaAuthAnswer.parse(Message.parse(masked)).auth_data_items[0]
    assert item.authorization == bytes(8)
    assert item.confidentiality_key == item.integrity_key == bytes(16)
    assert item.authenticate == MAA.auth_data_items[0].authenticate


def test_rand_and_auts_of_a_request_are_shown() -> None:
    request = numbered(MAR.message())
    resync = make("SIP-Auth-Data-Item", (make("SIP-Authorization", b"RAND-AUTS"),))
    octets = request.with_avps((*(a for a in request.avps if a.code != 612), resync)).build()
    assert mask_keys(octets) == octets
    assert MultimediaAuthRequest.parse(Message.parse(octets)).auth_data_item.authorization == b"RAND-AUTS"


def test_the_keys_of_s6a_are_zeroed() -> None:
    vector = (make("RAND", b"r" * 16), make("XRES", b"x" * 8), make("AUTN", b"a" * 16), make("KASME", b"k" * 32))
    answer = Message(318, 16777251, 0x40, 1, 1, (make("Authentication-Info", (make("E-UTRAN-Vector", vector),)),))
    masked = mask_keys(answer.build())
    assert b"x" * 8 not in masked
    assert b"k" * 32 not in masked
    assert b"r" * 16 in masked


def test_a_message_without_keys_stays_as_it_is() -> None:
    octets = numbered(EAP_DER.message()).build()
    assert mask_keys(octets) == octets


def test_what_cannot_be_read_is_zeroed() -> None:
    octets = numbered(EAP_DER.message()).build()[:20] + b"\x00\x00\x01\xd0\x40\xff\xff\xff" + bytes(MSK)
    assert mask_keys(octets) == octets[:20] + bytes(72)


def test_a_key_hidden_deeper_than_any_group_is_zeroed() -> None:
    nested = make("EAP-Master-Session-Key", bytes(MSK))
    for _ in range(20):
        nested = Avp(486, 0, 0x40, build_avps((nested,)))
    assert bytes(MSK) not in mask_keys(Message(268, 5, 0, 1, 1, (nested,)).build())


@given(st.one_of(st.binary(max_size=200), st.sampled_from(OCTETS)))
def test_masking_keeps_the_length_and_is_done_once(octets: bytes) -> None:
    masked = mask_keys(octets)
    assert len(masked) == len(octets)
    assert mask_keys(masked) == masked
