"""What all states of a method have, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.exchanges import pack_exchange, pack_imsi_of, unpack_exchange, unpack_imsi_of
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.states import Exchange
from aaa.eap.temporary import Resumable
from tests.aaa.conversations.samples import REALMS, exchanges, imsis
from tests.aaa.eap.dialogue import AKA_IDENTITY, IMSI
from tests.aaa.identities.keyrings import NOW, Node
from wire.eap.aka_keys import resumed_keys
from wire.errors import DecodeError
from wire.identity import EapMethod, IdentityKind, Imsi, classify
from wire.secret import Secret

NODE = Node()


def recall(identity: bytes) -> Resumable | None:
    return NODE.identities.recall(classify(identity))


def forgotten(_identity: bytes) -> None:
    return None


@given(exchanges(st.sampled_from(EapMethod)), st.none() | imsis)
def test_exchange_and_subscriber_come_back(exchange: Exchange, imsi: Imsi | None) -> None:
    packer = Packer(REALMS)
    pack_exchange(packer, exchange)
    pack_imsi_of(packer, exchange, imsi, forgotten)
    unpacker = Unpacker(packer.build(), REALMS)
    assert (unpack_exchange(unpacker), unpack_imsi_of(unpacker, forgotten)) == (exchange, imsi)
    unpacker.finish()


def test_subscriber_who_shows_his_imsi_takes_one_octet() -> None:
    packer = Packer(REALMS)
    exchange = Exchange(EapMethod.AKA, AKA_IDENTITY, 1)
    pack_exchange(packer, exchange)
    before = len(packer.build())
    pack_imsi_of(packer, exchange, IMSI, forgotten)
    assert (before, len(packer.build())) == (12, 13)


@pytest.mark.parametrize("method", EapMethod)
def test_subscriber_of_an_identity_for_a_fast_one_is_in_it(method: EapMethod) -> None:
    secret = Secret(bytes(80 if method is EapMethod.AKA_PRIME else 20))
    resumable = Resumable(IMSI, resumed_keys(method, secret), 3, NOW - 5)
    once = NODE.identities.next_reauthentication(resumable, "WLAN") or b""
    exchange = Exchange(method, once, 1, IdentityKind.REAUTHENTICATION)
    for imsi, length in ((IMSI, 1), (Imsi("001010000000009"), 10)):
        packer = Packer(REALMS)
        pack_exchange(packer, exchange)
        before = len(packer.build())
        pack_imsi_of(packer, exchange, imsi, recall)
        octets = packer.build()
        assert len(octets) - before == length
        unpacker = Unpacker(octets, REALMS)
        assert (unpack_exchange(unpacker), unpack_imsi_of(unpacker, recall)) == (exchange, imsi)
        unpacker = Unpacker(octets, REALMS)
        unpack_exchange(unpacker)
        assert unpack_imsi_of(unpacker, forgotten) == (None if length == 1 else imsi)


@pytest.mark.parametrize("octets", ["", "03010000", "14010000", "20010000", "1c01"])
def test_exchange_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_exchange(Unpacker(bytes.fromhex(octets), ()))
