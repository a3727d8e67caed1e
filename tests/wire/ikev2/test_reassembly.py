"""Fragments of one message, in any order, more than once, forged, of two sizes."""

from random import Random

import pytest

from tests.upkeep_pair import SPI_I, SPI_R, SUITE, keys
from wire.ciphers import AES_CBC_256, HMAC_SHA2_256_128, IntegrityFailed
from wire.errors import DecodeError
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.constants import ExchangeType
from wire.ikev2.keys import ike_keys, initial_skeyseed
from wire.ikev2.message import Message
from wire.ikev2.payloads.fragment import EncryptedFragment
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId
from wire.ikev2.protection import Protection
from wire.ikev2.reassembly import MOST_FRAGMENTS, MOST_OCTETS, Reassembly, assembled

LONG = (VendorId(bytes(range(250)) * 4), VendorId(b"short"), VendorId(bytes(300)))


def ends(suite: IkeSuite = SUITE) -> tuple[Protection, Protection]:
    skeyseed = initial_skeyseed(suite.prf, ni=bytes(32), nr=bytes(32), g_ir=bytes(32))
    secret = (
        keys() if suite is SUITE else ike_keys(suite, skeyseed, ni=bytes(32), nr=bytes(32), spi_i=SPI_I, spi_r=SPI_R)
    )
    random = Random(1).randbytes
    one, two = (Protection(suite, secret, initiator=initiator, random=random) for initiator in (True, False))
    return one, two


def message(payloads: tuple[VendorId | UnknownPayload, ...] = LONG) -> Message:
    return Message(
        spi_i=SPI_I,
        spi_r=SPI_R,
        exchange=ExchangeType.IKE_AUTH,
        initiator=True,
        response=False,
        message_id=1,
        payloads=payloads,
    )


def fragment_of(octets: bytes) -> EncryptedFragment:
    (fragment,) = Message.parse(octets).payloads
    assert isinstance(fragment, EncryptedFragment)
    return fragment


def add(whole: Reassembly, end: Protection, octets: bytes) -> str | None:
    return whole.add(end, octets, Message.parse(octets), fragment_of(octets))


@pytest.mark.parametrize("suite", [SUITE, IkeSuite(AES_CBC_256, HMAC_SHA2_256_128, SUITE.prf, SUITE.group)])
@pytest.mark.parametrize("most", [200, 333, 576, 1228])
def test_fragments_fit_and_come_together_in_any_order(suite: IkeSuite, most: int) -> None:
    one, two = ends(suite)
    pieces = list(one.seal_fragments(message(), most))
    assert all(len(piece) <= most for piece in pieces)
    assert len(pieces) > 1
    # RFC 7383 §2.5: the first names the first payload inside, the others name none.
    assert [fragment_of(piece).first_inner for piece in pieces] == [43] + [0] * (len(pieces) - 1)
    whole = Reassembly(1)
    Random(most).shuffle(pieces)
    for piece in pieces:
        assert not whole.is_whole
        assert add(whole, two, piece) is None
    assert assembled(message(), whole).payloads == LONG
    assert fragment_of(whole.first_octets).number == 1


def test_fragment_that_comes_again_or_is_forged_changes_nothing() -> None:
    one, two = ends()
    first, second, *_ = one.seal_fragments(message(), 576)
    whole = Reassembly(1)
    add(whole, two, first)
    assert add(whole, two, first) == "fragment 1 of 3 again"
    with pytest.raises(IntegrityFailed):
        add(whole, two, second[:-1] + bytes((second[-1] ^ 1,)))
    assert set(whole.parts) == {1}


def test_smaller_fragments_put_the_larger_ones_out_of_use() -> None:
    """RFC 7383 §2.6.1: the higher Total Fragments wins; one with a lower is discarded."""
    one, two = ends()
    large, small = one.seal_fragments(message(), 900), one.seal_fragments(message(), 300)
    whole = Reassembly(1)
    add(whole, two, large[0])
    add(whole, two, small[0])
    assert (whole.total, set(whole.parts)) == (len(small), {1})
    assert add(whole, two, large[1]) == f"fragment 2 of {len(large)} again"
    for piece in small[1:]:
        add(whole, two, piece)
    assert assembled(message(), whole).payloads == LONG


def test_nobody_makes_us_keep_more_than_the_limits() -> None:
    one, two = ends()
    whole = Reassembly(1)
    huge = message(tuple(VendorId(bytes(60_000)) for _ in range(2)))
    causes = [add(whole, two, piece) for piece in one.seal_fragments(huge, 1228)]
    assert f"more than {MOST_OCTETS} octets in fragments" in causes
    assert sum(map(len, whole.parts.values())) <= MOST_OCTETS
    many = one.seal_fragments(huge, 600)
    assert len(many) > MOST_FRAGMENTS
    assert add(Reassembly(1), two, many[0]) == f"IKE_AUTH in {len(many)} fragments"


def test_whole_that_is_malformed_is_told_so() -> None:
    one, two = ends()
    whole = Reassembly(1)
    for piece in one.seal_fragments(message((UnknownPayload(40, b"short"), *LONG)), 576):
        add(whole, two, piece)
    with pytest.raises(DecodeError):
        assembled(message(), whole)
