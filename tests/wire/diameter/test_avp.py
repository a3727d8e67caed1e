import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.strategies import unknown_avps
from wire.diameter.avp import MOST_AVPS, Avp, AvpFault, WrittenAvps, build_avps, parse_avps, standing
from wire.diameter.results import ResultCode
from wire.secret import Secret

USER_NAME = Avp(1, 0, 0x40, b"abc")
ANID = Avp(1504, 10415, 0xC0, b"WLAN")


@pytest.mark.parametrize(
    ("code", "vendor", "octets"),
    [(274, 0, 4), (124, 0, 8), (257, 0, 6), (55, 0, 4), (1, 0, 0), (260, 0, 0), (1032, 10415, 4), (4711, 65001, 0)],
    ids=["Enumerated", "Unsigned64", "Address", "Time", "UTF8String", "Grouped", "of a vendor", "unknown"],
)
def test_the_offending_header_of_5014_is_followed_by_the_shortest_value(code: int, vendor: int, octets: int) -> None:
    header = bytearray(Avp(code, vendor, 0x40, b"").build())
    header[5:8] = b"\xff\xff\xff"
    with pytest.raises(AvpFault) as caught:
        parse_avps(bytes(header))
    assert [avp.data for avp in caught.value.failed] == [bytes(octets)]


def test_an_avp_is_built_as_rfc_6733_section_4_1_draws_it() -> None:
    assert USER_NAME.build() == bytes.fromhex("00000001 40 00000b 616263 00")
    assert ANID.build() == bytes.fromhex("000005e0 c0 000010 000028af 574c414e")


def test_a_list_comes_back_with_offsets_of_the_values() -> None:
    first, second = parse_avps(build_avps((USER_NAME, ANID)), base=20)
    assert (first, second) == (USER_NAME, ANID)
    assert (first.offset, second.offset) == (28, 44)


@given(st.lists(unknown_avps(), max_size=6))
def test_lists_survive_a_round_trip(avps: list[Avp]) -> None:
    assert parse_avps(build_avps(avps)) == tuple(avps)


@pytest.mark.parametrize("length", [0, 7, 13, 0xFFFFFF])
def test_a_length_that_does_not_fit_is_5014_with_the_offending_header(length: int) -> None:
    data = bytes.fromhex("00000001 40") + length.to_bytes(3, "big") + b"abcd"
    with pytest.raises(AvpFault) as caught:
        parse_avps(USER_NAME.build() + data, base=20)
    assert caught.value.result is ResultCode.INVALID_AVP_LENGTH
    assert caught.value.offset == 32
    assert caught.value.failed == (Avp(1, 0, 0x40, b""),)
    assert caught.value.before == (USER_NAME,)


def test_a_vendor_avp_needs_twelve_octets() -> None:
    with pytest.raises(AvpFault) as caught:
        parse_avps(bytes.fromhex("000005e0 c0 000009 000028af"))
    assert caught.value.failed == (Avp(1504, 10415, 0xC0, b""),)


def test_a_cut_header_is_filled_with_zeros() -> None:
    with pytest.raises(AvpFault) as caught:
        parse_avps(bytes.fromhex("00000001 40"))
    assert caught.value.failed == (Avp(1, 0, 0x40, b""),)


def test_more_avps_than_any_command_has_are_refused() -> None:
    with pytest.raises(AvpFault) as caught:
        parse_avps(Avp(1, 0, 0, b"").build() * (MOST_AVPS + 1))
    assert caught.value.result is ResultCode.UNABLE_TO_COMPLY


def test_keys_are_held_as_secrets_and_no_value_is_printed() -> None:
    (key,) = parse_avps(Avp(464, 0, 0x40, b"0123456789").build())
    assert isinstance(key.data, Secret)
    assert "0123" not in repr((key, USER_NAME))
    assert "abc" not in repr(USER_NAME)


def test_a_standing_avp_is_built_once_and_equal_to_any_other() -> None:
    made = standing(Avp(1504, 10415, 0xC0, b"WLAN"))
    assert made == ANID
    assert made.octets == ANID.build()
    assert build_avps((made, USER_NAME)) == ANID.build() + USER_NAME.build()


def test_as_many_avps_as_may_be_are_read() -> None:
    assert len(parse_avps(USER_NAME.build() * MOST_AVPS)) == MOST_AVPS


@given(st.lists(unknown_avps(), max_size=4).map(tuple))
def test_written_avps_are_those_that_were_written(avps: tuple[Avp, ...]) -> None:
    written = WrittenAvps(build_avps(avps), 2001)
    assert (len(written), tuple(written), written.result) == (len(avps), avps, 2001)
    assert tuple(avps) == written
    assert (hash(written), repr(written)) == (hash(avps), repr(avps))
    assert written == WrittenAvps(build_avps(avps))
    assert set(written.keys) == {(avp.code, avp.vendor) for avp in avps}
    assert written[1:] == avps[1:]
    assert [written[at] for at in range(len(avps))] == list(avps)


def test_written_key_is_a_secret_to_who_reads_it() -> None:
    written = WrittenAvps(Avp(464, 0, 0x40, Secret(b"key")).build())
    assert isinstance(written[0].data, Secret)
    assert "key" not in repr(written)
