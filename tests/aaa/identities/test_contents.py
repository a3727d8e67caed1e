"""The shapes of what is sealed."""

import pytest

from aaa.identities.contents import Pseudonym, Resumption, network_mark, pack_imsi, unpack_imsi
from tests.aaa.eap.dialogue import IMSI
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.secret import Secret

RANDOM = b"\xaa\xbb\xcc\xdd"
PSEUDONYM = "f23415000000000201020304aabbccdd"


def test_imsi_is_packed_with_its_filler_in_front() -> None:
    assert pack_imsi(Imsi("234150000000002")).hex() == "f234150000000002"
    assert pack_imsi(Imsi("00101123456789")).hex() == "ff00101123456789"


@pytest.mark.parametrize("digits", ["234150000000002", "00101123456789", "001011"])
def test_packed_imsi_is_read_again(digits: str) -> None:
    assert unpack_imsi(pack_imsi(Imsi(digits))) == Imsi(digits)


@pytest.mark.parametrize(
    "octets", ["", "f2341500000000", "1234567890123456", "fa34150000000002", "f23415000000000f", "f" * 16]
)
def test_anything_else_is_no_imsi(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_imsi(bytes.fromhex(octets))


def test_pseudonym_has_16_octets() -> None:
    octets = Pseudonym(IMSI, 0x01020304).build(RANDOM)
    assert octets.hex() == PSEUDONYM
    assert Pseudonym.parse(octets) == Pseudonym(IMSI, 0x01020304)


@pytest.mark.parametrize(("length", "total"), [(20, 42), (80, 102)])
def test_resumption_has_42_or_102_octets(length: int, total: int) -> None:
    resumption = Resumption(IMSI, 0x01020304, 7, network_mark("WLAN"), Secret(bytes(length)))
    octets = resumption.build(RANDOM)
    assert len(octets) == total
    assert octets[8:14].hex() == "010203040007"
    assert Resumption.parse(octets) == resumption
    assert "secret of" in repr(resumption)


def test_networks_are_told_apart() -> None:
    assert len({network_mark(name) for name in (None, "WLAN", "WIMAX", "HRPD", "")}) == 5


@pytest.mark.parametrize("octets", ["", "00" * 16, PSEUDONYM[:-2], PSEUDONYM + "ee"])
def test_anything_else_is_no_pseudonym(octets: str) -> None:
    with pytest.raises(DecodeError):
        Pseudonym.parse(bytes.fromhex(octets))
