"""What all states of a method have, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.exchanges import pack_exchange, pack_imsi_of, unpack_exchange, unpack_imsi_of
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.states import Exchange
from tests.aaa.conversations.samples import REALMS, exchanges, imsis
from tests.aaa.eap.dialogue import AKA_IDENTITY, IMSI
from wire.errors import DecodeError
from wire.identity import EapMethod, Imsi


@given(exchanges(st.sampled_from(EapMethod)), st.none() | imsis)
def test_exchange_and_subscriber_come_back(exchange: Exchange, imsi: Imsi | None) -> None:
    packer = Packer(REALMS)
    pack_exchange(packer, exchange)
    pack_imsi_of(packer, exchange, imsi)
    unpacker = Unpacker(packer.build(), REALMS)
    assert (unpack_exchange(unpacker), unpack_imsi_of(unpacker)) == (exchange, imsi)
    unpacker.finish()


def test_subscriber_who_shows_his_imsi_takes_one_octet() -> None:
    packer = Packer(REALMS)
    exchange = Exchange(EapMethod.AKA, AKA_IDENTITY, 1)
    pack_exchange(packer, exchange)
    before = len(packer.build())
    pack_imsi_of(packer, exchange, IMSI)
    assert (before, len(packer.build())) == (12, 13)


@pytest.mark.parametrize("octets", ["", "03010000", "14010000", "20010000", "1c01"])
def test_exchange_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_exchange(Unpacker(bytes.fromhex(octets), ()))
