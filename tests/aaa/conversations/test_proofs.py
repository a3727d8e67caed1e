"""What a fast re-authentication goes on from: in its identity, or written out."""

from dataclasses import replace

import pytest

from aaa.conversations.packing import Packer, Unpacker
from aaa.conversations.proofs import pack_proven, pack_resumable, unpack_proven, unpack_resumable
from aaa.eap.states import Exchange, Proven
from aaa.eap.temporary import Resumable
from tests.aaa.conversations.samples import REALMS, RESUMABLES, proven_by, reauthenticating_with
from tests.aaa.eap.dialogue import AKA_IDENTITY, IMSI
from tests.aaa.identities.keyrings import Node
from wire.errors import DecodeError
from wire.identity import EapMethod, classify

METHODS = pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
NODE = Node()


def recall(identity: bytes) -> Resumable | None:
    return NODE.identities.recall(classify(identity))


def forgotten(_identity: bytes) -> None:
    return None


def once(method: EapMethod) -> Exchange:
    identity = NODE.identities.next_reauthentication(RESUMABLES[method], "WLAN")
    return Exchange(method, identity or b"", 2)


def resumed_by(exchange: Exchange) -> Proven:
    state = reauthenticating_with(exchange, RESUMABLES[exchange.method])
    return Proven(IMSI, state.resumable.keys, state.msk, state.session_id, state.resumable.counter)


@METHODS
def test_resumable_of_an_identity_of_ours_takes_one_octet(method: EapMethod) -> None:
    packer, exchange = Packer(REALMS), once(method)
    pack_resumable(packer, exchange, RESUMABLES[method], recall)
    assert len(packer.build()) == 1
    assert unpack_resumable(Unpacker(packer.build(), REALMS), exchange, recall) == RESUMABLES[method]
    with pytest.raises(DecodeError, match="opens no more"):
        unpack_resumable(Unpacker(packer.build(), REALMS), exchange, forgotten)


@METHODS
def test_resumable_that_is_another_than_its_identity_says_is_written_out(method: EapMethod) -> None:
    packer, exchange = Packer(REALMS), once(method)
    other = replace(RESUMABLES[method], counter=9, since=None)
    pack_resumable(packer, exchange, other, recall)
    assert unpack_resumable(Unpacker(packer.build(), REALMS), exchange, recall) == other


@METHODS
def test_proof_of_a_fast_one_is_in_its_identity_and_session(method: EapMethod) -> None:
    packer, exchange = Packer(REALMS), once(method)
    pack_proven(packer, exchange, resumed_by(exchange), recall)
    assert len(packer.build()) == 2 + 32
    assert unpack_proven(Unpacker(packer.build(), REALMS), exchange, recall) == resumed_by(exchange)


@pytest.mark.parametrize(
    ("method", "seed", "octets"), [(EapMethod.AKA, 32, 78), (EapMethod.AKA_PRIME, 32, 78), (EapMethod.SIM, 20, 66)]
)
def test_proof_of_a_full_one_is_what_its_keys_follow_from(method: EapMethod, seed: int, octets: int) -> None:
    packer, exchange = Packer(REALMS), Exchange(method, AKA_IDENTITY, 2)
    proven = proven_by(exchange, IMSI, bytes(range(seed)), bytes(33))
    pack_proven(packer, exchange, proven, recall)
    assert len(packer.build()) == octets
    assert unpack_proven(Unpacker(packer.build(), REALMS), exchange, recall) == proven
    other = EapMethod.AKA if method is EapMethod.SIM else EapMethod.SIM
    with pytest.raises(DecodeError, match=f"{seed} octets are no seed of keys"):
        unpack_proven(Unpacker(packer.build(), REALMS), replace(exchange, method=other), recall)


@pytest.mark.parametrize("octets", ["", "02", "000000" + "00" * 200, "01000000" + "00" * 200])
def test_proof_that_nobody_packed_is_refused(octets: str) -> None:
    exchange = Exchange(EapMethod.AKA, b"", 2)
    with pytest.raises(DecodeError):
        unpack_proven(Unpacker(bytes.fromhex(octets), ()), exchange, forgotten)


@pytest.mark.parametrize("octets", ["", "02", "000000", "01"])
def test_resumable_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_resumable(Unpacker(bytes.fromhex(octets), ()), Exchange(EapMethod.AKA, b"", 2), forgotten)
